"""Memory that was freed, given back to the system: the C library keeps it for work that may not come for hours."""

import ctypes
import gc
import sys
from functools import lru_cache
from typing import Any


def give_memory_back() -> None:
    """glibc only; elsewhere the C library does it by itself, or can't."""
    gc.collect()
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@lru_cache(maxsize=1)
def _malloc_trim() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
