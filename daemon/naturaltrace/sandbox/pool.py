"""The processes that read files: one is kept ready, more come when there is work for them and go when there is none."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from naturaltrace.imaging.decode import DEFAULT_LIMITS, DecodeLimits
from naturaltrace.provenance.trust import Believed
from naturaltrace.sandbox.process import Bounds, NoReader, ReaderProcess
from naturaltrace.sandbox.reading import Reading

IDLE_S = 30.0


def default_size() -> int:
    """Half of the processors, at most three: the other half judges, and the machine has other work as well."""
    return max(1, min(3, (os.cpu_count() or 1) // 2))


@dataclass(frozen=True, slots=True)
class PoolState:
    """`died` and `overran` count the files over which a process broke down or was ended."""

    processes: int
    died: int
    overran: int
    confined: tuple[str, ...]


class ReaderPool:
    """Reads files in up to `size` processes. Safe for several threads; each call waits for a free process."""

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        size: int | None = None,
        bounds: Bounds | None = None,
        limits: DecodeLimits = DEFAULT_LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.size = size or default_size()
        self.limits = limits
        believed = Believed(data_dir)
        self._make = lambda: ReaderProcess(believed.now, bounds or Bounds(), limits)
        self._clock = clock
        self._free: list[tuple[float, ReaderProcess]] = []  # since when; the last one used comes first
        self._all: list[ReaderProcess] = []
        self._change = threading.Condition()
        self._closed = False

    def start(self) -> None:
        """Have one process ready. Raises NoReader."""
        with self._one() as process:
            process.start()

    def read(self, data: bytes, *, pixels_only: bool = False, thumbnail: bool = False) -> Reading:
        """Read one file in one of the processes. Raises ImagingError and NoReader."""
        with self._one() as process:
            return process.read(data, pixels_only=pixels_only, thumbnail=thumbnail)

    def state(self) -> PoolState:
        with self._change:
            running = [p for p in self._all if p.pid is not None]
            return PoolState(
                len(running),
                sum(p.died for p in self._all),
                sum(p.overran for p in self._all),
                next((p.confined for p in running), ()),
            )

    def end_idle(self, idle_s: float = IDLE_S) -> None:
        """End the processes that had nothing to do for so long, but for one."""
        with self._change:
            before = self._clock() - idle_s
            while len(self._free) > 1 and self._free[0][0] <= before:
                self._free.pop(0)[1].close()

    def close(self, *, now: bool = True) -> None:
        """End all of them. Those at work come to the end of their file first unless `now`, when it counts as broken."""
        with self._change:
            self._closed = True
            for process in self._all if now else [process for _, process in self._free]:
                process.close()
            self._change.notify_all()

    @contextlib.contextmanager
    def _one(self) -> Generator[ReaderProcess]:
        process = self._take()
        try:
            yield process
        finally:
            with self._change:
                self._free.append((self._clock(), process))
                if self._closed:
                    process.close()
                self._change.notify()

    def _take(self) -> ReaderProcess:
        with self._change:
            while True:
                if self._closed:
                    raise NoReader("the processes that read files were ended")
                if self._free:
                    return self._free.pop()[1]
                if len(self._all) < self.size:
                    self._all.append(self._make())
                    return self._all[-1]
                self._change.wait()
