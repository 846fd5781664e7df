"""The daemon from start to end, on good folders and bad ones."""

import asyncio
import json
import os
import urllib.request
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from naturaltrace.server.daemon import Options, Ready, run_daemon
from naturaltrace.server.running import Running
from naturaltrace.storage.lock import AlreadyRunning
from naturaltrace.storage.paths import DataFolder
from tests.daemon.images import encoded, photo
from tests.daemon.programs import running
from tests.daemon.stand_in import stand_in


@asynccontextmanager
async def daemon(folder: DataFolder) -> AsyncGenerator[Ready]:
    """`run_daemon` until the block ends."""
    ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
    options = Options(folder, 0, load=lambda _folder, _device: stand_in(), on_ready=ready.set_result)
    task = asyncio.create_task(run_daemon(options))
    done, _ = await asyncio.wait([task, ready], timeout=60, return_when=asyncio.FIRST_COMPLETED)
    if task in done:
        await task
    yield ready.result()
    options.stop.set()
    async with asyncio.timeout(60):
        await task


def call(port: int, path: str, body: bytes | None = None, **headers: str) -> Any:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


async def test_it_starts_says_so_and_leaves_cleanly(folder: DataFolder) -> None:
    async with daemon(folder) as ready:
        assert ready.notices == ()
        assert (await asyncio.to_thread(call, ready.port, "/v1/health"))["name"] == "naturaltrace"
        found = Running.read(folder.running)
        assert found is not None
        assert found.port == ready.port
    assert not folder.running.exists()


async def test_each_start_has_a_control_key_of_its_own(folder: DataFolder) -> None:
    keys: set[str] = set()
    for _ in range(2):
        async with daemon(folder):
            found = Running.read(folder.running)
            assert found is not None
            keys.add(found.control_key)
    assert len(keys) == 2


async def test_one_at_a_time(folder: DataFolder) -> None:
    async with daemon(folder):
        with pytest.raises(AlreadyRunning):
            async with daemon(folder):
                pass
    async with daemon(folder):
        pass


@pytest.mark.parametrize("name", ["clients", "settings", "history", "running"])
@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe\x00 not at all", b"[1, 2"], ids=["empty", "{", "bytes", "["])
async def test_damaged_files_are_no_reason_not_to_start(folder: DataFolder, name: str, damage: bytes) -> None:
    folder.create()
    path: Path = getattr(folder, name)
    path.write_bytes(damage)  # noqa: ASYNC240 (before anything runs)
    async with daemon(folder) as ready:
        body = json.dumps({"code": ready.pairing_code, "name": "x"}).encode()
        paired = await asyncio.to_thread(call, ready.port, "/v1/pair", body, **{"Content-Type": "application/json"})
        bearer = {"Authorization": f"Bearer {paired['token']}"}
        verdict = await asyncio.to_thread(call, ready.port, "/v1/check", encoded(photo(), "PNG"), **bearer)
        assert verdict["level"]
        history = await asyncio.to_thread(call, ready.port, "/v1/history", None, **bearer)
        assert len(history["items"]) == 1
    # To SQLite a file of no or one byte is a new one; and the running daemon's file is written anew at each start.
    if name != "running" and not (name == "history" and len(damage) < 2):
        assert any("damaged" in notice for notice in ready.notices)


async def test_a_folder_that_can_only_be_read_is_said(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.create()
    open_file: Callable[..., int] = os.open

    def read_only(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR) and str(path).startswith(str(folder.root)):
            raise OSError(30, "Read-only file system")
        return open_file(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", read_only)
    async with daemon(folder) as ready:
        assert any("Read-only" in notice for notice in ready.notices)
        assert (await asyncio.to_thread(call, ready.port, "/v1/health"))["name"] == "naturaltrace"


def test_what_a_running_daemon_listens_on_and_connects_to(folder: DataFolder) -> None:
    with running("--data-dir", folder.root) as (process, ready):
        body = json.dumps({"code": ready["pairing_code"], "name": "x"}).encode()
        call(ready["port"], "/v1/pair", body, **{"Content-Type": "application/json"})
        connections = psutil.Process(process.pid).net_connections()
    listening = {(c.laddr.ip, c.laddr.port) for c in connections if c.status == psutil.CONN_LISTEN}
    assert {ip for ip, _ in listening} <= {"127.0.0.1", "::1"}
    assert {port for _, port in listening} == {ready["port"]}
    assert all(c.laddr.port == ready["port"] for c in connections if c.status == psutil.CONN_ESTABLISHED)
