"""A full disk and a data folder that can only be read, as real ones: the daemon starts, says so, and loses nothing."""

import contextlib
import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from naturaltrace.storage.history import look_into
from naturaltrace.storage.paths import DataFolder
from tests.daemon.images import encoded, photo
from tests.durability.program import NOBODY
from tests.durability.user import call

pytestmark = pytest.mark.skipif(os.name != "posix", reason="mounts and users are POSIX's")


@contextmanager
def serving(folder: Path, *options: str) -> Generator[dict[str, Any]]:
    """The daemon on `folder` until the block ends, which kills it."""
    command = [sys.executable, "-m", "tests.durability.program", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            yield json.loads(line)
        finally:
            process.kill()
            process.wait(30)


def pair(ready: dict[str, Any]) -> str:
    status, answer = call(ready["port"], "POST", "/v1/pair", {"code": ready["pairing_code"], "name": "A browser"})
    assert status == 200
    return answer["token"]


def check(ready: dict[str, Any], token: str, seed: int) -> int:
    return call(ready["port"], "POST", "/v1/check", encoded(photo(64, 48, seed), "PNG"), token)[0]


def notices(ready: dict[str, Any], token: str) -> str:
    return " ".join(call(ready["port"], "GET", "/v1/stats", token=token)[1]["notices"])


def kept(ready: dict[str, Any], token: str) -> int:
    return len(call(ready["port"], "GET", "/v1/history?limit=200", token=token)[1]["items"])


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Path]:
    """A disk of its own with two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=2m", "naturaltrace-test", str(place)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("no disk can be mounted here (that needs root)")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        (disk / "one more").write_bytes(b"x" * 8192)
    (disk / "one more").unlink(missing_ok=True)
    return ballast


def test_a_disk_that_fills_up_while_it_runs(disk: Path) -> None:
    folder = disk / "data"
    with serving(folder) as ready:
        token = pair(ready)
        assert check(ready, token, 1) == 200
        assert call(ready["port"], "PATCH", "/v1/settings", {"history_limit": 4321}, token)[0] == 200
        ballast = fill(disk)

        # Verdicts go on, and what can't be kept is said.
        assert [check(ready, token, seed) for seed in range(2, 40)] == [200] * 38
        assert call(ready["port"], "PATCH", "/v1/settings", {"history_limit": 1234}, token)[0] == 200
        assert call(ready["port"], "GET", "/v1/settings", token=token)[1]["history_limit"] == 1234
        said = notices(ready, token)
        assert "changed settings are forgotten" in said
        assert "history can't be written" in said

    # It starts on the full disk with all that was there before.
    with serving(folder) as ready:
        assert call(ready["port"], "GET", "/v1/settings", token=token)[1]["history_limit"] == 4321
        before = kept(ready, token)
        assert before >= 1
        assert check(ready, token, 50) == 200
        assert "damaged" not in notices(ready, token)

        # As soon as there is room again, things are kept again.
        ballast.unlink()
        assert check(ready, token, 52) == 200
        assert kept(ready, token) == before + 1
        assert call(ready["port"], "PATCH", "/v1/settings", {"history_limit": 1234}, token)[0] == 200
        assert notices(ready, token) == ""
    with serving(folder) as ready:
        assert call(ready["port"], "GET", "/v1/settings", token=token)[1]["history_limit"] == 1234
        before = kept(ready, token)
        assert check(ready, token, 51) == 200
        assert kept(ready, token) == before + 1
        assert ready["notices"] == []


def read_only_disk(disk: Path) -> tuple[str, ...]:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    return ()


def another_users_folder(disk: Path) -> tuple[str, ...]:
    """The files stay readable for `nobody`, who then runs the daemon: for root no permission is an obstacle."""
    for path in (disk / "data", *(disk / "data").iterdir()):
        os.chown(path, NOBODY, NOBODY)
        path.chmod(0o500 if path.is_dir() else 0o400)
    disk.chmod(0o755)
    for parent in disk.parents:
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    return ("--nobody",)


@pytest.mark.parametrize("closed", [read_only_disk, another_users_folder])
def test_a_data_folder_that_can_only_be_read(disk: Path, closed: Callable[[Path], tuple[str, ...]]) -> None:
    folder = disk / "data"
    with serving(folder) as ready:
        token = pair(ready)
        assert check(ready, token, 1) == 200
        assert call(ready["port"], "PATCH", "/v1/settings", {"history_limit": 4321}, token)[0] == 200
    assert look_into(DataFolder(folder).history) == 1
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".json", ".sqlite3")}
    options = closed(disk)
    with serving(folder, *options) as ready:
        assert any("data folder can't be written" in notice for notice in ready["notices"]), ready["notices"]
        assert call(ready["port"], "GET", "/v1/settings", token=token)[1]["history_limit"] == 4321
        assert call(ready["port"], "PATCH", "/v1/settings", {"history_limit": 1234}, token)[0] == 200
        assert check(ready, token, 2) == 200
        assert kept(ready, token) == 2
    after = {name: (folder / name).read_bytes() for name in before}
    assert after == before
