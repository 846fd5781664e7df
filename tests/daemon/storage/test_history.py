"""Past verdicts: kept whole, found again, forgotten for good, and no reason for the daemon not to start."""

import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from naturaltrace.storage.history import History
from naturaltrace.storage.paths import DataFolder


def verdict(number: int, level: str = "no_sign", **more: Any) -> dict[str, Any]:
    return {"level": level, "image": {"sha256": f"{number:064x}"}, **more}


def put(history: History, number: int, level: str = "no_sign", limit: int = 1000, page: str | None = None) -> None:
    history.add(verdict(number, level), page=page, thumbnail=b"jpeg", limit=limit)


@pytest.fixture
def path(folder: DataFolder) -> Path:
    folder.create()
    return folder.history


@pytest.fixture
def history(path: Path):
    history = History.open(path)
    yield history
    history.close()


def numbers(history: History, **how: Any) -> list[int]:
    return [int(entry.sha256, 16) for entry in history.page(**how)]


def test_the_newest_comes_first_page_by_page(history: History) -> None:
    for number in range(7):
        put(history, number)
    first = history.page(limit=3)
    assert [int(e.sha256, 16) for e in first] == [6, 5, 4]
    assert numbers(history, limit=3, before=first[-1].id) == [3, 2, 1]


def test_the_same_image_again_is_one_entry_moved_to_the_front(history: History) -> None:
    for number in (1, 2, 1):
        put(history, number)
    assert numbers(history) == [1, 2]


def test_only_so_many_are_kept(history: History) -> None:
    for number in range(10):
        put(history, number, limit=4)
    assert numbers(history) == [9, 8, 7, 6]
    put(history, 10, limit=0)
    assert numbers(history) == []


def test_entries_are_found_by_level_and_by_text(history: History) -> None:
    put(history, 1, "ai", page="https://example.org/100%_sure")
    put(history, 2, "no_sign", page="https://example.org/cats")
    assert numbers(history, level="ai") == [1]
    assert numbers(history, text="cats") == [2]
    assert numbers(history, text="100%_") == [1]
    assert numbers(history, text="%") == [1]
    assert numbers(history, text="'; DROP TABLE verdicts; --") == []
    assert history.count() == 2


def test_what_is_forgotten_is_not_in_the_file(path: Path) -> None:
    history = History.open(path)
    history.add(verdict(1, note="a-very-private-word"), page=None, thumbnail=b"another-private-word", limit=10)
    history.say(f"{1:064x}", "generated", comment="a-third-private-word", level=None, model=None)
    entry = history.page()[0]
    assert history.forget(entry.id) == entry.sha256
    assert history.forget(entry.id) is None
    for file in path.parent.glob("history.sqlite3*"):  # the write-ahead log too, while the daemon goes on
        assert b"private-word" not in file.read_bytes()
    history.close()


def test_forgetting_all_leaves_nothing_at_once(path: Path, history: History) -> None:
    for number in range(50):
        history.add(verdict(number, note="a-very-private-word" * 50), page=None, thumbnail=None, limit=100)
    assert history.forget_all() == 50
    assert history.page() == []
    for file in path.parent.glob("history.sqlite3*"):
        assert b"private-word" not in file.read_bytes()


def test_the_users_word_stays_with_the_image(history: History) -> None:
    put(history, 1)
    history.say(f"{1:064x}", "generated", comment=None, level="no_sign", model="x 1")
    history.say(f"{1:064x}", "unsure", comment="looked again", level=None, model=None)
    assert history.page()[0].says == "unsure"
    assert history.feedback_counts() == {"unsure": 1}


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_other_users_can_read_nothing(path: Path, history: History) -> None:
    put(history, 1)
    for file in path.parent.glob("history.sqlite3*"):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


def text(data: bytes) -> bytes:
    return b"this is no database" * 300


def zeros(data: bytes) -> bytes:
    return b"\0" * len(data)


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def scrambled(data: bytes) -> bytes:
    rng = random.Random(1)
    return data[:100] + bytes(rng.randrange(256) for _ in data[100:])


@pytest.mark.parametrize(
    "damage",
    [text, zeros, half, scrambled],
)
def test_a_damaged_file_is_set_aside_and_said(path: Path, damage: Callable[[bytes], bytes]) -> None:
    history = History.open(path)
    for number in range(300):
        put(history, number)
    history.close()
    path.write_bytes(damage(path.read_bytes()))
    history = History.open(path)
    assert "damaged" in history.notices[0]
    assert list(path.parent.glob("history.sqlite3.damaged-*"))
    put(history, 5)
    assert numbers(history) == [5]
    history.close()


def test_a_file_with_other_tables_is_set_aside(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE verdicts (something_else TEXT)")
    other.commit()
    other.close()
    history = History.open(path)
    assert "damaged" in history.notices[0]
    put(history, 1)
    history.close()


def test_a_file_from_a_later_version_is_kept_unchanged(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 99")
    other.close()
    before = path.read_bytes()
    history = History.open(path)
    assert "later version" in history.notices[0]
    history.close()
    assert [kept.read_bytes() for kept in path.parent.glob("*.damaged-*")] == [before]


def test_a_place_that_cannot_be_written_means_memory_only(path: Path) -> None:
    path.mkdir()
    history = History.open(path)
    assert "can't be written" in history.notices[0]
    put(history, 1)
    assert numbers(history) == [1]
    history.close()


WRITER = """
import pathlib, sys
from naturaltrace.storage.history import History
history = History.open(pathlib.Path(sys.argv[1]))
assert not history.notices, history.notices
for number in range(int(sys.argv[2]), 10**9):
    history.add({"level": "ai", "image": {"sha256": f"{number:064x}"}, "fill": "x" * 3000}, page=None,
                thumbnail=b"j" * 3000, limit=100)
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX's")
def test_killed_while_writing_ten_times_nothing_committed_is_lost(path: Path) -> None:
    last = -1
    for round_number in range(int(os.environ.get("NATURALTRACE_KILLS", "10"))):
        command = [sys.executable, "-c", WRITER, str(path), str(last + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(5 + round_number % 7):
                line = writer.stdout.readline()
                assert line, "the writer did not start cleanly after a kill"
                last = int(line)
            os.kill(writer.pid, signal.SIGKILL)
            # What it wrote between our last look and its death was committed too.
            last = max([last, *(int(line) for line in writer.stdout.read().split("\n")[:-1])])
        history = History.open(path)
        assert history.notices == []
        kept = numbers(history, limit=200)
        assert kept[0] in (last, last + 1)  # committed, but killed before it could say so
        assert kept == list(range(kept[0], max(-1, kept[0] - 100), -1))
        last = kept[0]
        history.close()
