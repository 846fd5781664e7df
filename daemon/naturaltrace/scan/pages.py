"""Any number of things, so many at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def pages(things: Iterable[T], most: int) -> Iterator[list[T]]:
    """Lists of `most` things; the last may be shorter, none is empty."""
    waiting = iter(things)
    while page := list(islice(waiting, most)):
        yield page
