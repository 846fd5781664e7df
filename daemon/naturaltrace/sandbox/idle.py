"""Memory that was freed: kept while there is work, given back to the system when there is none.

Left alone, glibc does the opposite: it gives an image's blocks back at once, to fetch them anew for the next one (a
tenth of the time went into page faults), and keeps what it couldn't give back for work that may not come for hours.
"""

import ctypes
import gc
import sys
from functools import lru_cache
from typing import Any

# glibc's names and numbers (malloc.h). One arena: what a thread of its own frees can only be kept in the first one.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
# What an image leaves behind is reused; what waits for its turn (a reading is more than a megabyte) lies by itself, so
# that no hole stays where it was.
_KEPT_BYTES, _LARGE_BYTES = 32 * 2**20, 2**20
_STAYING_BYTES = 64 * 2**10


def share_one_arena() -> bool:
    """Let all threads take memory from one place; whether this C library can. To be called before they are started."""
    return _set((_M_ARENA_MAX, 1))


def lay_apart_while_loading() -> bool:
    """Let what stays, weights above all, lie in pages of its own; whether this C library can.

    A graph that is loaded a second time, with other threads, would lie beside the holes of the first.
    """
    return _set((_M_MMAP_THRESHOLD, _STAYING_BYTES))


def keep_memory_while_working() -> bool:
    """Let freed blocks wait for the next image; whether this C library can.

    For a program that shares one arena, has loaded what it needs (what loading leaves behind would be kept as well),
    and calls `give_memory_back` when it idles.
    """
    return _set((_M_TRIM_THRESHOLD, _KEPT_BYTES), (_M_MMAP_THRESHOLD, _LARGE_BYTES))


def _set(*options: tuple[int, int]) -> bool:
    set_option = _of_libc("mallopt")
    if set_option is None:
        return False
    taken = [set_option(name, value) == 1 for name, value in options]  # each of them, even after one that was refused
    return all(taken)


def give_memory_back() -> None:
    """glibc only; elsewhere the C library does it by itself, or can't."""
    gc.collect()
    trim = _of_libc("malloc_trim")
    if trim is not None:
        trim(0)


@lru_cache
def _of_libc(name: str) -> Any:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)
