"""Invisible watermarks whose method and payload are public."""
