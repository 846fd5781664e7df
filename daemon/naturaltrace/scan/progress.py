"""How far a scan has come: one line that renews itself on a terminal, a line now and then elsewhere."""

import shutil
import sys
from collections import deque
from time import monotonic
from typing import TextIO

_TERMINAL_S, _LOG_S = 0.2, 30.0
_WINDOW_S = 60.0  # over which the rate is taken


class Progress:
    """`total` is the number of items, `known` how many of them were judged before."""

    def __init__(self, total: int, known: int, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._quiet = quiet
        self._total, self._done, self._errors = total, known, 0
        self._shown = monotonic()
        self._recent: deque[tuple[float, int]] = deque([(self._shown, known)])

    def advance(self, done: int, errors: int) -> None:
        """So many more items; shows itself where it is time to."""
        self._done += done
        self._errors += errors
        now = monotonic()
        self._recent.append((now, self._done))
        while len(self._recent) > 2 and now - self._recent[0][0] > _WINDOW_S:
            self._recent.popleft()
        if now - self._shown >= (_TERMINAL_S if self._terminal else _LOG_S):
            self._shown = now
            self._show()

    def line(self, width: int) -> str:
        """`[####    ]  45 % · 450 of 1,000 · 3 errors · 5.2 images/s · 1 min 46 s left`"""
        share = self._done / self._total if self._total else 1.0
        rate = self.rate
        parts = [f"{share:4.0%}", f"{self._done:,} of {self._total:,}"]
        if self._errors:
            parts.append(f"{self._errors:,} {'error' if self._errors == 1 else 'errors'}")
        if rate > 0:
            parts += [f"{rate:,.1f} images/s", f"{duration((self._total - self._done) / rate)} left"]
        text = " · ".join(parts)
        room = min(30, width - len(text) - 4)
        bar = f"[{'#' * round(share * room):<{room}}] " if room >= 8 else ""
        return (bar + text)[: max(1, width - 1)]

    @property
    def rate(self) -> float:
        """Images per second over the last minute; 0 where nothing was done yet."""
        (then, before), (now, after) = self._recent[0], self._recent[-1]
        return (after - before) / (now - then) if now > then else 0.0

    def end(self) -> None:
        """Leave the terminal's line free for what comes next."""
        if self._terminal and not self._quiet:
            self._show()
            self._stream.write("\n")
            self._stream.flush()

    def _show(self) -> None:
        if self._quiet:
            return
        text = self.line(shutil.get_terminal_size().columns if self._terminal else 100)
        self._stream.write(f"\r\x1b[2K{text}" if self._terminal else f"{text}\n")
        self._stream.flush()


def duration(seconds: float) -> str:
    """`45 s`, `3 min 20 s`, `2 h 5 min`, `3 days 4 h`."""
    whole = max(0, round(seconds))
    for size, unit, small, smaller in ((86400, "days", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // small} {smaller}"
    return f"{whole} s"
