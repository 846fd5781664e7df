"""Whole files or none, and one daemon per folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from naturaltrace.storage.atomic import remove_leftovers, write_private
from naturaltrace.storage.lock import AlreadyRunning, InstanceLock
from naturaltrace.storage.paths import DataFolder


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_private(path, "old")
    write_private(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    path = tmp_path / "a.json"
    write_private(path, "old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), fail)
    with pytest.raises(OSError, match="No space"):
        write_private(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".a.json.0123.new").write_text("half")
    (tmp_path / "a.json").write_text("whole")
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_the_lock_is_held_once(folder: DataFolder) -> None:
    folder.create()
    first, second = InstanceLock(folder.lock), InstanceLock(folder.lock)
    assert not second.held_by_someone()
    first.acquire()
    assert second.held_by_someone()
    with pytest.raises(AlreadyRunning):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_the_lock_falls_with_its_process(folder: DataFolder) -> None:
    folder.create()
    code = (
        "import sys, pathlib; from naturaltrace.storage.lock import InstanceLock;"
        "InstanceLock(pathlib.Path(sys.argv[1])).acquire(); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(folder.lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        lock = InstanceLock(folder.lock)
        assert lock.held_by_someone()
        holder.kill()
        holder.wait(30)
    assert not lock.held_by_someone()


def test_every_path_lies_in_the_folder(folder: DataFolder) -> None:
    for _, path in folder.all():
        assert path == folder.root or path.parent == folder.root


def test_the_usual_folder_is_this_users_own() -> None:
    assert DataFolder.at().root.name == "naturaltrace"
