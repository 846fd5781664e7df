"""The HTTP interface on loopback. Knows nothing of how a verdict is made."""
