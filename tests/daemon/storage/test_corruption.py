"""Whatever becomes of a file, reading it raises nothing, waits for nothing, and leaves the other files alone."""

import json
import os
import random
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from naturaltrace.server.running import Running
from naturaltrace.storage.clients import Clients
from naturaltrace.storage.history import History
from naturaltrace.storage.paths import DataFolder
from naturaltrace.storage.reading import Damaged, read_json
from naturaltrace.storage.settings import SettingsFile

ROUNDS = 100
ODD = (b"[" * 100_000, b'{"a":' * 50_000, b'{"browsers": [{"id": {}}]}', b'{"port": "x"}', b"\xff\xfe", b"")


@pytest.fixture
def full(folder: DataFolder) -> DataFolder:
    """A folder in which something is kept."""
    folder.create()
    SettingsFile.load(folder.settings).change({"language": "de", "history_limit": 77})
    Clients.load(folder.clients).add("Firefox")
    Running.here(7345, "key").write(folder.running)
    history = History.open(folder.history)
    for number in range(30):
        verdict = {"level": "ai", "image": {"sha256": f"{number:064x}"}, "words": "x" * 400}
        history.add(verdict, page="https://example.org/", thumbnail=b"j" * 200, limit=100)
    history.close()
    return folder


def spoil(data: bytes, chance: random.Random) -> bytes:
    """Flip, cut, double, overwrite or replace, as disks and editors do."""
    place = chance.randrange(len(data) + 1)
    kind = chance.randrange(6)
    if kind == 0:
        changed = bytearray(data)
        for _ in range(chance.randrange(1, 9)):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        return bytes(changed)
    if kind == 1:
        return data[:place]
    if kind == 2:
        return data[:place] + data[place // 2 :]
    if kind == 3:
        return data[:place] + chance.randbytes(chance.randrange(1, 600)) + data[place + 300 :]
    if kind == 4:
        return b"\0" * len(data)
    return chance.choice(ODD)


def use_settings(folder: DataFolder) -> None:
    settings = SettingsFile.load(folder.settings)
    settings.change({"history": True})


def use_clients(folder: DataFolder) -> None:
    clients = Clients.load(folder.clients)
    client, token = clients.add("Chrome")
    assert clients.match(token) == client
    for each in clients:
        bytes.fromhex(each.token_sha256)
        json.dumps(each.public_json())


def use_running(folder: DataFolder) -> None:
    found = Running.read(folder.running)
    assert found is None or (0 < found.port < 65536 and isinstance(found.control_key, str))


def use_history(folder: DataFolder) -> None:
    history = History.open(folder.history)
    history.add({"level": "ai", "image": {"sha256": "f" * 64}}, page=None, thumbnail=None, limit=50)
    entries = history.page(limit=100)
    json.dumps([entry.to_json() for entry in entries])
    assert entries[0].sha256 == "f" * 64
    history.close()


USES: dict[str, Callable[[DataFolder], None]] = {
    "settings": use_settings,
    "clients": use_clients,
    "running": use_running,
    "history": use_history,
}


@pytest.mark.parametrize("name", USES)
def test_a_spoilt_file_costs_itself_at_most(full: DataFolder, name: str) -> None:
    chance = random.Random(name)
    path: Path = getattr(full, name)
    sound = path.read_bytes()
    others = {other: getattr(full, other).read_bytes() for other in USES if other != name}
    for _ in range(ROUNDS if name != "history" else ROUNDS // 3):
        for leftover in path.parent.glob(f"{path.name}*"):
            leftover.unlink()
        spoilt = spoil(sound, chance)
        path.write_bytes(spoilt)
        USES[name](full)
        kept = [aside.read_bytes() for aside in path.parent.glob(f"{path.name}.damaged-*")]
        assert kept in ([], [spoilt])  # its owner may still want to look into it
    assert {other: getattr(full, other).read_bytes() for other in others} == others


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", ["settings", "clients", "running"])
def test_a_pipe_in_a_files_place_is_not_waited_for(full: DataFolder, name: str) -> None:
    path: Path = getattr(full, name)
    path.unlink()
    os.mkfifo(path)
    USES[name](full)


@pytest.mark.parametrize("name", USES)
def test_a_folder_in_a_files_place_is_borne(full: DataFolder, name: str) -> None:
    path: Path = getattr(full, name)
    path.unlink()
    path.mkdir()
    USES[name](full)
    assert stat.S_ISDIR(path.stat().st_mode) or path.is_file()


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"[]", "object"), (b"{", "JSON"), (b"\xff", "text"), (b" " * (5 << 20), "large"), (b"[" * 100_000, "JSON")],
    ids=["list", "half", "bytes", "huge", "deep"],
)
def test_what_is_wrong_is_said(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(data)
    with pytest.raises(Damaged, match=why):
        read_json(path)


def test_a_setting_that_makes_no_sense_is_said_and_the_others_hold(full: DataFolder) -> None:
    document: dict[str, Any] = {"language": "de", "history_limit": -3, "from_the_future": 1}
    full.settings.write_text(json.dumps(document))
    settings = SettingsFile.load(full.settings)
    assert (settings.now.language, settings.now.history_limit) == ("de", 5000)
    assert len(settings.notices) == 1
    assert "history_limit" in settings.notices[0]


def test_one_bad_row_does_not_cost_the_others(full: DataFolder) -> None:
    import sqlite3

    database = sqlite3.connect(full.history)
    database.execute("UPDATE verdicts SET verdict = '{half' WHERE id % 3 = 0")
    database.execute("UPDATE verdicts SET at = 'yesterday' WHERE id = 1")
    database.execute("UPDATE verdicts SET verdict = CAST(x'ff00ff' AS TEXT) WHERE id = 2")
    database.commit()
    database.close()
    history = History.open(full.history)
    assert len(history.page(limit=10)) == 10  # a page is full although rows were left out
    assert len(history.page(limit=100)) == 30 - 10 - 2
    history.close()
