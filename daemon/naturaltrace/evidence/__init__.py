"""What a person can use beyond a number: where, who, why, and what they taught this machine themselves.

Everything here reads a Detection; nothing here changes a verdict's level.
"""
