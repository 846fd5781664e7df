"""One process that reads files, seen from the daemon."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO, cast

from naturaltrace.imaging.decode import DEFAULT_LIMITS, DecodeLimits
from naturaltrace.imaging.errors import ImagingError
from naturaltrace.provenance.trust import TrustList, bundled
from naturaltrace.sandbox import wire
from naturaltrace.sandbox.deadline import Deadline
from naturaltrace.sandbox.reading import Reading
from naturaltrace.sandbox.windows_job import EndsWithUs


class NoReader(Exception):  # noqa: N818 (it reads as what it says)
    """No process that reads files can be had; str(error) says why, without a full stop."""


# glibc would give an image's memory back after every file and ask for it again for the next: 2,000 page faults, a
# sixth of the time. The process gives it back itself once it idles.
_KEEP = {"MALLOC_TRIM_THRESHOLD_": str(32 * 2**20), "MALLOC_MMAP_THRESHOLD_": str(16 * 2**20)}


@dataclass(frozen=True, slots=True)
class Bounds:
    """`cpu_s` seconds of the process's own time for one file, where the system can count them (not on Windows), and
    `wall_s` by the clock; `memory_mb` of its own memory; `start_s` to start.

    The largest image that is allowed, 100 megapixels, needs some seconds and about 1000 MB (as a progressive JPEG). The
    clock is patient, for on a busy machine it says little; it is there for what waits without working.
    """

    wall_s: float = 45.0
    cpu_s: int = 10
    memory_mb: int = 1536
    start_s: float = 60.0


@dataclass(slots=True)
class Used:
    """What the last file took; the peak is the process's since it was started."""

    cpu_ms: float = 0.0
    peak_mb: float = 0.0


@dataclass(slots=True)
class ReaderProcess:
    """Starts with the first file, or with `start`; is replaced when it dies or is ended. For one thread at a time."""

    believed: Callable[[], TrustList] = bundled
    bounds: Bounds = field(default_factory=Bounds)
    limits: DecodeLimits = DEFAULT_LIMITS
    confined: tuple[str, ...] = ()  # what the running process has given up
    used: Used = field(default_factory=Used)
    died: int = 0
    overran: int = 0
    _process: "subprocess.Popen[bytes] | None" = None
    _held: EndsWithUs | None = None  # Windows: what ends the process with the daemon
    _deadline: Deadline = field(default_factory=Deadline)
    _told: TrustList | None = None  # whose signatures the running process believes

    def start(self) -> None:
        """Start it, unless it runs. Raises NoReader."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        try:
            self._process = self._launched()
        except OSError as error:
            raise NoReader(f"the process that reads files can't be started ({error.strerror})") from error
        if sys.platform == "win32":
            self._held = EndsWithUs(int(cast(Any, self._process)._handle))  # there is no other name for it
        _widen(self._process)
        try:
            with self._no_longer_than(self.bounds.start_s):
                head, _ = wire.receive(self._answers, max_body=0)
            self.confined = tuple(str(name) for name in head["ready"])
        except (OSError, EOFError, wire.BadMessage, KeyError, TypeError) as error:
            status = self.close()
            raise NoReader(f"the process that reads files does not start (status {status})") from error

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def read(self, data: bytes, *, pixels_only: bool = False, thumbnail: bool = False) -> Reading:
        """Read one file. Raises NoReader; and ImagingError, as it is when the process had to be ended."""
        if len(data) > self.limits.max_bytes:
            data = data[: self.limits.max_bytes + 1]  # enough to be refused for
        self.start()
        request: dict[str, Any] = {
            "limits": asdict(self.limits), "pixels_only": pixels_only, "thumbnail": thumbnail
        }  # fmt: skip
        believed = self.believed()
        if believed is not self._told:
            request["trust"] = asdict(believed)
        overrun = threading.Event()
        try:
            with self._no_longer_than(self.bounds.wall_s, overrun):
                wire.send(self._requests, request, data)
                head, body = wire.receive(self._answers, max_body=wire.MAX_READING)
            self._told = believed
            used = head.pop("used")
            self.used = Used(float(used["cpu_ms"]), float(used["peak_mb"]))
            return wire.unpack(head, body)
        except (OSError, EOFError, wire.BadMessage, KeyError, TypeError, ValueError):
            status = self.close()
        if overrun.is_set() or (sys.platform != "win32" and status == -_SIGXCPU):
            self.overran += 1
            raise ImagingError("Reading this file took too long, so it was given up.")
        self.died += 1
        raise ImagingError("The decoder broke down over this file. It is damaged, or made to do harm.")

    def close(self) -> int | None:
        """End it; the exit status, None where there was none."""
        process, self._process, self.confined, self._told = self._process, None, (), None
        if process is None:
            return None
        process.kill()
        status = process.wait()
        if self._held is not None:
            self._held.close()
            self._held = None
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                cast(Any, stream).close()
        return status

    def _launched(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 (our own interpreter, our own words)
            _command(self.bounds),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=1 << 16,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **_KEEP},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            start_new_session=sys.platform != "win32",  # Ctrl+C in the terminal is the daemon's to answer
        )

    @contextlib.contextmanager
    def _no_longer_than(self, seconds: float, overrun: threading.Event | None = None):
        """Kill the process when the block takes longer: both pipes then end, wherever the block waits."""
        process = self._process
        assert process is not None

        def kill() -> None:
            if overrun is not None:
                overrun.set()
            process.kill()

        with self._deadline.within(seconds, kill):
            yield

    @property
    def _requests(self) -> BinaryIO:
        assert self._process is not None
        return cast(BinaryIO, self._process.stdin)

    @property
    def _answers(self) -> BinaryIO:
        assert self._process is not None
        return cast(BinaryIO, self._process.stdout)


_SIGXCPU = 24


def _command(bounds: Bounds) -> list[str]:
    """A fresh interpreter rather than a fork: the daemon has threads and holds tokens, and neither may be copied."""
    # -P: what lies in the folder that the daemon was started in is no module of ours.
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-P", "-m", "naturaltrace"]
    return [*program, "read-files", str(bounds.memory_mb), str(bounds.cpu_s)]


def _widen(process: "subprocess.Popen[bytes]") -> None:
    """Let Linux's pipes hold a whole small image: fewer changes between the two processes."""
    if sys.platform != "linux":
        return
    import fcntl

    for stream in (process.stdin, process.stdout):
        assert stream is not None
        with contextlib.suppress(OSError):
            fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, 1 << 20)
