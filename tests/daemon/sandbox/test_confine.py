"""What a process that has shut itself off can't do any more."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows lets a process give up nothing so simply")
linux = pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")

HARM = {
    "opens a file": "open('/etc/hostname')",
    "makes a file": "os.open(sys.argv[1] + '/new', os.O_CREAT | os.O_WRONLY)",
    "removes a file": "os.unlink(sys.argv[1] + '/kept')",
    "renames a file": "os.rename(sys.argv[1] + '/kept', sys.argv[1] + '/moved')",
    "links a file": "os.symlink('/etc', sys.argv[1] + '/link')",
    "opens a socket": "socket.socket()",
    "opens a local socket": "socket.socketpair()",
    "looks up a name": "socket.getaddrinfo('localhost', 80)",
    "starts a program": "os.execv('/bin/true', ['true'])",
    "starts a process": "os.posix_spawn('/bin/true', ['true'], {})",
    "signals another process": "os.kill(os.getppid(), 0)",
    "takes its limits back": "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))",
    "loads more code": "__import__('wave')",
}
EVERYWHERE = ("opens a file", "makes a file", "opens a socket", "loads more code")


def attempt(harm: str, folder: Path, memory: int = 2**31) -> dict[str, object]:
    """What came of it: {"refused": the exception's name} or {"done": true}."""
    code = f"""
import json, os, resource, socket, sys
from naturaltrace.sandbox import confine
closed = confine.confine({memory})
try:
    {harm}
    outcome = {{"done": True}}
except BaseException as error:
    outcome = {{"refused": type(error).__name__}}
os.write(1, json.dumps({{**outcome, "closed": closed}}).encode())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, timeout=90, check=False, env={**os.environ}
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("harm", [pytest.param(h, marks=() if h in EVERYWHERE else linux) for h in HARM])
def test_it_can_do_no_harm(harm: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    outcome = attempt(HARM[harm], tmp_path)
    if harm == "takes its limits back" and os.geteuid() == 0:
        pytest.skip("root may; nobody runs a companion as root")
    assert "refused" in outcome, outcome
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]


@linux
def test_it_can_take_no_more_memory_than_it_is_given(tmp_path: Path) -> None:
    assert attempt("bytearray(600 * 2**20)", tmp_path, memory=400 * 2**20)["refused"] == "MemoryError"
    assert attempt("bytearray(100 * 2**20)", tmp_path, memory=400 * 2**20)["done"]


@linux
def test_linux_closes_all_of_it(tmp_path: Path) -> None:
    closed = attempt("pass", tmp_path)["closed"]
    assert closed == ["memory", "core", "writing", "opening", "system calls"]
