"""Windows' job objects: limits that a process can't shake off.

Two are used. The reading process puts itself into one that bounds its memory and lets it start no other process, and
gives the handle away, so that nothing in it can loosen the limits any more. The daemon holds another one that ends the
reading process when the daemon is gone, however it went. Nesting them needs Windows 8. Neither has a limit on what the
process shows or copies: jobs with such limits can't be nested.
"""

import ctypes
import sys
from ctypes import wintypes
from typing import Any

_EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation
_ACTIVE_PROCESSES, _PROCESS_MEMORY = 0x8, 0x100
_DIE_ON_EXCEPTION, _KILL_ON_CLOSE = 0x400, 0x2000


class BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_ = (
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", ctypes.c_uint32),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", ctypes.c_uint32),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", ctypes.c_uint32),
        ("SchedulingClass", ctypes.c_uint32),
    )


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("BasicLimitInformation", BasicLimits),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


def confine_self(memory_bytes: int, kernel: Any = None) -> bool:
    """Bound this process's memory, and let it start no other. Whether Windows took it; there is no way back."""
    kernel = kernel or _kernel32()
    if kernel is None:
        return False
    limits = ExtendedLimits()
    limits.BasicLimitInformation.LimitFlags = _PROCESS_MEMORY | _ACTIVE_PROCESSES | _DIE_ON_EXCEPTION
    limits.BasicLimitInformation.ActiveProcessLimit = 1
    limits.ProcessMemoryLimit = memory_bytes
    job = _job(kernel, limits)
    if job is None:
        return False
    taken = bool(kernel.AssignProcessToJobObject(job, kernel.GetCurrentProcess()))
    # The job lives on as long as the process in it; without a handle nobody can change it.
    kernel.CloseHandle(job)
    return taken


class EndsWithUs:
    """A process that Windows ends together with this one, even when this one is killed. `close` ends it, too.

    In a virtual environment the process is python's launcher, which ends the real one along with itself, by a job too.
    """

    def __init__(self, process: int, kernel: Any = None) -> None:
        """`process` is a handle that may be put into a job (`Popen._handle`). Elsewhere than on Windows: nothing."""
        self._kernel = kernel or _kernel32()
        self._job: int | None = None
        if self._kernel is None:
            return
        limits = ExtendedLimits()
        limits.BasicLimitInformation.LimitFlags = _KILL_ON_CLOSE
        job = _job(self._kernel, limits)
        if job is not None and not self._kernel.AssignProcessToJobObject(job, process):
            self._kernel.CloseHandle(job)
            job = None
        self._job = job

    def __bool__(self) -> bool:
        """Whether Windows took it."""
        return self._job is not None

    def close(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            self._kernel.CloseHandle(job)


def _job(kernel: Any, limits: ExtendedLimits) -> int | None:
    job = kernel.CreateJobObjectW(None, None)
    if not job:
        return None
    if not kernel.SetInformationJobObject(job, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)):
        kernel.CloseHandle(job)
        return None
    return job


def _kernel32() -> Any:
    """Its functions with their types: handles are wider than ctypes' own guess. None elsewhere than on Windows."""
    if sys.platform != "win32":
        return None
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    handle, yes = wintypes.HANDLE, wintypes.BOOL
    for name, result, arguments in (
        ("CreateJobObjectW", handle, (ctypes.c_void_p, wintypes.LPCWSTR)),
        ("SetInformationJobObject", yes, (handle, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD)),
        ("AssignProcessToJobObject", yes, (handle, handle)),
        ("CloseHandle", yes, (handle,)),
        ("GetCurrentProcess", handle, ()),
    ):
        function = getattr(kernel, name)
        function.restype, function.argtypes = result, arguments
    return kernel
