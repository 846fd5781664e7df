"""The list of paired browsers: what is kept, what is not, and what a damaged file costs."""

import json
import os
import stat
from pathlib import Path

import pytest

from naturaltrace.storage.clients import Clients, plain_name
from naturaltrace.storage.paths import DataFolder


@pytest.fixture
def path(folder: DataFolder) -> Path:
    folder.create()
    return folder.clients


def test_a_token_is_kept_only_as_its_hash(path: Path) -> None:
    client, token = Clients(path).add("Firefox")
    stored = path.read_text()
    assert token not in stored
    assert client.token_sha256 in stored


def test_a_paired_browser_is_known_after_a_restart(path: Path) -> None:
    client, token = Clients(path).add("Firefox", "moz-extension://x")
    assert Clients.load(path).match(token) == client


def test_nothing_but_the_token_itself_matches(path: Path) -> None:
    clients = Clients(path)
    client, token = clients.add("Firefox")
    for other in (token[:-1], token + "x", token.swapcase(), "", " " + token, client.token_sha256):
        assert clients.match(other) is None


def test_a_revoked_browser_stays_forgotten(path: Path) -> None:
    clients = Clients(path)
    client, token = clients.add("Firefox")
    other, other_token = clients.add("Chrome")
    assert clients.revoke(client.id)
    assert not clients.revoke(client.id)
    again = Clients.load(path)
    assert again.match(token) is None
    assert again.match(other_token) == other


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_other_users_can_read_nothing(path: Path, folder: DataFolder) -> None:
    Clients(path).add("Firefox")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_folder_that_others_could_enter_is_closed(folder: DataFolder) -> None:
    folder.root.mkdir(parents=True, mode=0o755)
    folder.root.chmod(0o755)
    folder.create()
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700


DAMAGED = ["", "{", "[]", "null", "5", '{"browsers": 5}', '{"browsers": [5]}', '{"browsers": [{"id": 5}]}', "\0" * 50]


@pytest.mark.parametrize("text", [*DAMAGED, '{"browsers": [{"id": "a", "name": "b"}]}', '{"format": 1}'])
def test_a_damaged_list_is_set_aside_and_said(path: Path, text: str) -> None:
    path.write_text(text)
    clients = Clients.load(path)
    assert len(clients) == 0
    assert "pair" in clients.notices[0]
    assert [kept.read_text() for kept in path.parent.glob("browsers.json.damaged-*")] == [text]
    _, token = clients.add("Firefox")
    assert Clients.load(path).match(token)


def test_bytes_that_are_no_text_are_set_aside(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\xff")
    assert Clients.load(path).notices


def test_no_list_is_no_damage(path: Path) -> None:
    assert Clients.load(path).notices == []


def test_a_folder_that_cannot_be_written_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("naturaltrace.storage.clients.write_private", full)
    clients = Clients(path)
    _, token = clients.add("Firefox")
    assert clients.match(token)
    assert "can't be written" in clients.notices[0]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Firefox on this computer", "Firefox on this computer"),
        ("  Fire \t fox \n", "Fire fox"),
        ("\x1b[31mred", "[31mred"),
        ("a\u202eb\u2066c", "abc"),
        ("", "A browser"),
        ("\0\r\n", "A browser"),
        ("火狐", "火狐"),
        ("x" * 500, "x" * 60),
    ],
)
def test_names_are_one_harmless_line(given: str, shown: str) -> None:
    assert plain_name(given) == shown


def test_the_list_is_json_that_people_can_read(path: Path) -> None:
    Clients(path).add("Firefox")
    assert json.loads(path.read_text())["browsers"][0]["name"] == "Firefox"
