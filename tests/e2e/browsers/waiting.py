"""Waiting for something to be so, with a deadline in place of a sleep."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE_S = 45.0


def eventually(look: Callable[[], T | None], what: str, deadline_s: float = DEADLINE_S) -> T:
    """Return `look()` as soon as it is truthy. Raises AssertionError with `what` and the last value at the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = look()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s:g} s: {what}; last seen: {value!r}")
        time.sleep(0.05)
