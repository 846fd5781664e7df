"""Broken image files by the thousand: `python -m tests.fuzz --n 100000`."""
