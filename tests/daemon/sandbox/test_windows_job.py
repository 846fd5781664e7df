"""The job objects, with a stand-in for Windows' kernel; on Windows itself, with that."""

import ctypes
import subprocess
import sys
from typing import Any

import pytest

from naturaltrace.sandbox.windows_job import EndsWithUs, ExtendedLimits, confine_self

THIS = -1  # what GetCurrentProcess gives


class Kernel:
    """Remembers jobs; `refuses` is the name of a call that fails."""

    def __init__(self, refuses: str = "") -> None:
        self.refuses = refuses
        self.open: set[int] = set()
        self.limits: dict[int, ExtendedLimits] = {}
        self.members: dict[int, int] = {}

    def CreateJobObjectW(self, security: None, name: None) -> int:  # noqa: N802 (Windows' names)
        assert security is None
        assert name is None  # a job with a name could be opened by others
        if self.refuses == "CreateJobObjectW":
            return 0
        self.open.add(job := 100 + len(self.open))
        return job

    def SetInformationJobObject(self, job: int, kind: int, limits: Any, size: int) -> int:  # noqa: N802
        assert job in self.open
        assert kind == 9
        assert size == ctypes.sizeof(ExtendedLimits)
        if self.refuses == "SetInformationJobObject":
            return 0
        self.limits[job] = ExtendedLimits.from_buffer_copy(limits._obj)
        return 1

    def AssignProcessToJobObject(self, job: int, process: int) -> int:  # noqa: N802
        assert job in self.open
        assert job in self.limits, "limits come first"
        if self.refuses == "AssignProcessToJobObject":
            return 0
        self.members[job] = process
        return 1

    def GetCurrentProcess(self) -> int:  # noqa: N802
        return THIS

    def CloseHandle(self, job: int) -> int:  # noqa: N802
        self.open.remove(job)
        return 1


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="sizes of 64 bits")
def test_the_structure_is_as_large_as_windows_says() -> None:
    assert ctypes.sizeof(ExtendedLimits) == 144
    assert ExtendedLimits.ProcessMemoryLimit.offset == 112


def test_the_reading_process_bounds_itself_and_gives_the_handle_away() -> None:
    kernel = Kernel()
    assert confine_self(1536 * 2**20, kernel)
    ((job, member),) = kernel.members.items()
    limits = kernel.limits[job]
    assert member == THIS
    assert limits.BasicLimitInformation.LimitFlags == 0x100 | 0x8 | 0x400
    assert limits.BasicLimitInformation.ActiveProcessLimit == 1
    assert limits.ProcessMemoryLimit == 1536 * 2**20
    assert not kernel.open


def test_the_daemons_job_ends_its_process_when_the_handle_goes() -> None:
    kernel = Kernel()
    held = EndsWithUs(7, kernel)
    assert held
    assert list(kernel.members.values()) == [7]
    assert kernel.limits[min(kernel.open)].BasicLimitInformation.LimitFlags == 0x2000
    held.close()
    held.close()
    assert not kernel.open
    assert not held


@pytest.mark.parametrize("call", ["CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject"])
def test_what_windows_refuses_is_told_and_leaves_nothing_open(call: str) -> None:
    kernel = Kernel(call)
    assert not confine_self(2**30, kernel)
    assert not EndsWithUs(7, kernel)
    assert not kernel.open


@pytest.mark.skipif(sys.platform == "win32", reason="of other systems")
def test_elsewhere_there_is_no_such_thing() -> None:
    assert not confine_self(2**30)
    assert not EndsWithUs(7)


@pytest.mark.skipif(sys.platform != "win32", reason="of Windows")
def test_windows_refuses_memory_and_further_processes() -> None:
    code = """
import subprocess, sys
from naturaltrace.sandbox.windows_job import confine_self
assert confine_self(300 * 2**20)
try:
    bytearray(400 * 2**20)
except MemoryError:
    print("memory")
try:
    subprocess.run([sys.executable, "-c", ""])
except OSError:
    print("processes")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split() == ["memory", "processes"], done.stderr
