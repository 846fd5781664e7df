"""What happens when something takes too long, without a thread for each time that it doesn't."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from time import monotonic


class Deadline:
    """For one block at a time. Its thread sleeps until the deadline that it knows, and only then looks whether that
    block has ended and another is running: under load one thread serves hundreds of blocks, when idle it ends."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._due: tuple[float, Callable[[], object]] | None = None
        self._wakes: float | None = None  # when the thread looks next; None: there is none

    @contextmanager
    def within(self, seconds: float, late: Callable[[], object]) -> Generator[None]:
        """Call `late` once, in another thread, if the block is still running by then. Not when it has ended."""
        self._begin(monotonic() + seconds, late)
        try:
            yield
        finally:
            with self._change:  # also waits for `late`, should it be on its way
                self._due = None

    def _begin(self, due: float, late: Callable[[], object]) -> None:
        with self._change:
            if self._wakes is None:
                threading.Thread(target=self._watch, name="deadline", daemon=True).start()
            elif due < self._wakes:
                self._change.notify()
            self._due = (due, late)
            self._wakes = due if self._wakes is None else min(due, self._wakes)

    def _watch(self) -> None:
        with self._change:
            while self._due is not None:
                due, late = self._due
                left = due - monotonic()
                if left <= 0:
                    self._due = None
                    late()
                    break
                self._wakes = due
                self._change.wait(left)
            self._wakes = None
