"""Natural Trace's local companion: image bytes in, verdicts out, on this machine only."""

__version__ = "0.1.0"
