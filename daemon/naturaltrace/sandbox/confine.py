"""What a process gives up before it reads other people's files.

| | Linux | macOS | Windows |
|---|---|---|---|
| memory | RLIMIT_DATA | – (the system ignores the limit) | job object |
| processor time per file | RLIMIT_CPU | RLIMIT_CPU | – |
| new files and sockets | seccomp, RLIMIT_NOFILE, RLIMIT_FSIZE | RLIMIT_NOFILE, RLIMIT_FSIZE | – |
| new programs, other processes | seccomp | – | job object |
| network | seccomp | – | – |

Everywhere: a process of its own that the daemon kills when it takes too long, and pixels limited before allocation.
"""

import contextlib
import os
import re
import sys
import time

from naturaltrace.sandbox import seccomp, windows_job

if sys.platform != "win32":
    import resource


def confine(memory_bytes: int) -> list[str]:
    """Give up what this system lets a process give up; the names of what is now closed."""
    if sys.platform == "win32":
        return ["memory", "processes"] if windows_job.confine_self(memory_bytes) else []
    closed: list[str] = []
    for name, kind, limit in (
        ("memory", resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS, memory_bytes),
        ("core", resource.RLIMIT_CORE, 0),
        ("writing", resource.RLIMIT_FSIZE, 0),
        ("opening", resource.RLIMIT_NOFILE, _open_files()),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (limit, limit))
            closed.append(name)
    if sys.platform == "linux" and seccomp.deny():
        closed.append("system calls")
    return closed


def allow_cpu(seconds: int) -> None:
    """From now on, so many seconds of this process's own time; then the system ends it."""
    if sys.platform == "win32":
        return
    used = int(time.process_time()) + 1
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def cpu_ms() -> float:
    return time.process_time() * 1000.0


def peak_mb() -> float:
    """The most memory that this process has held so far; 0 where the system doesn't say."""
    if _STATUS is not None:
        found = re.search(rb"VmHWM:\s*(\d+)", os.pread(_STATUS, 4096, 0))
        return int(found[1]) / 1024 if found else 0.0
    if sys.platform == "win32":
        return 0.0
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / (2**20 if sys.platform == "darwin" else 1024)


def _status() -> int | None:
    # Opened while files can be. Linux's getrusage won't do: it counts the memory of who started this process as well.
    try:
        return os.open("/proc/self/status", os.O_RDONLY)
    except OSError:
        return None


_STATUS = _status()


def _open_files() -> int:
    """One more than the highest descriptor in use: none can be opened any more."""
    highest = 0
    for number in range(256):
        with contextlib.suppress(OSError):
            os.fstat(number)
            highest = number
    return highest + 1
