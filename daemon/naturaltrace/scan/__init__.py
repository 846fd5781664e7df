"""Many images at once: what to judge, how it is shared out, and a journal that survives a kill. Knows no HTTP."""
