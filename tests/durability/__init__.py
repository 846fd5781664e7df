"""The daemon against kill -9: `python -m tests.durability --n 100`. The suite runs it with 10."""
