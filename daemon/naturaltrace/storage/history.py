"""Past verdicts and what the user said about them, in one SQLite file.

Write-ahead logging with synchronous=NORMAL: a killed process loses nothing that was committed; `secure_delete` makes
what is forgotten unreadable in the file too.
"""

import contextlib
import json
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naturaltrace.storage.atomic import set_aside
from naturaltrace.storage.paths import PRIVATE_FILE

_SCHEMA = """
CREATE TABLE IF NOT EXISTS verdicts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    sha256 TEXT NOT NULL UNIQUE,
    level TEXT NOT NULL,
    page TEXT,
    verdict TEXT NOT NULL,
    thumbnail BLOB
);
CREATE INDEX IF NOT EXISTS verdicts_level ON verdicts(level, id);
CREATE TABLE IF NOT EXISTS feedback (
    sha256 TEXT PRIMARY KEY,
    at REAL NOT NULL,
    says TEXT NOT NULL,
    comment TEXT,
    level TEXT,
    model TEXT
);
"""
_VERSION = 1
_PAGE = """
SELECT v.id, v.at, v.sha256, v.level, v.page, v.verdict, v.thumbnail IS NOT NULL, f.says
FROM verdicts v LEFT JOIN feedback f ON f.sha256 = v.sha256
WHERE (:before IS NULL OR v.id < :before)
  AND (:level IS NULL OR v.level = :level)
  AND (:pattern IS NULL OR v.verdict LIKE :pattern ESCAPE '\\' OR v.page LIKE :pattern ESCAPE '\\')
ORDER BY v.id DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One past verdict; `at` in seconds since 1970. `says` is the user's own word on the image, where there is one."""

    id: int
    at: float
    sha256: str
    level: str
    page: str | None
    verdict: dict[str, Any]
    has_thumbnail: bool
    says: str | None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "at": round(self.at, 3),
            "page": self.page,
            "thumbnail": f"/v1/history/{self.id}/thumbnail" if self.has_thumbnail else None,
            "feedback": self.says,
            "verdict": self.verdict,
        }


class _LaterVersion(sqlite3.DatabaseError):
    pass


class History:
    """Not for two threads at once. After a failure of the disk it goes on without keeping anything, and says so."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.notices: list[str] = []

    @classmethod
    def open(cls, path: Path) -> "History":
        """Open or make the file; a damaged one is set aside; where none can be made, memory is used."""
        notices: list[str] = []
        try:
            history = cls(_connect(str(path)))
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and not _damaged(error):
                history = cls._unwritable(path, notices)
            else:
                reason = str(error) if isinstance(error, _LaterVersion) else "damaged"
                history = cls._anew(path, reason, notices)
        history.notices = notices
        return history

    @classmethod
    def _anew(cls, path: Path, reason: str, notices: list[str]) -> "History":
        aside = set_aside(path)
        kept = ""
        if aside is not None:
            kept = f" The file was kept as {aside.name}."
            for part in ("-wal", "-shm"):
                with contextlib.suppress(OSError):
                    path.with_name(path.name + part).replace(aside.with_name(aside.name + part))
        notices.append(f"The history was {reason}; a new one was begun.{kept}")
        try:
            return cls(_connect(str(path)))
        except sqlite3.DatabaseError:
            return cls(_connect(":memory:"))

    @classmethod
    def _unwritable(cls, path: Path, notices: list[str]) -> "History":
        try:
            # On a full disk there is no room for the index of the write-ahead log; alone, SQLite keeps it in memory.
            return cls(_connect(str(path), alone=True))
        except sqlite3.DatabaseError:
            notices.append("The history can't be written here; new verdicts are forgotten at the next start.")
        history = cls(_connect(":memory:"))
        try:
            with tempfile.TemporaryDirectory(prefix="naturaltrace-") as elsewhere:
                copy = Path(elsewhere) / path.name
                for part in ("", "-wal"):
                    with contextlib.suppress(FileNotFoundError):
                        copy.with_name(copy.name + part).write_bytes(path.with_name(path.name + part).read_bytes())
                source = sqlite3.connect(copy)
                try:
                    source.backup(history._db)
                finally:
                    source.close()
            history._db.execute("SELECT id, at, sha256, level, page, verdict, thumbnail FROM verdicts LIMIT 1")
        except (OSError, sqlite3.Error):
            history._db.close()
            history = cls(_connect(":memory:"))
        return history

    def close(self) -> None:
        self._db.close()

    def add(self, verdict: dict[str, Any], *, page: str | None, thumbnail: bytes | None, limit: int) -> None:
        """Put one verdict first, in place of an older one on the same image; keep at most `limit`."""
        with self._db:
            sha256, level = verdict["image"]["sha256"], verdict["level"]
            self._db.execute("DELETE FROM verdicts WHERE sha256 = ?", (sha256,))
            self._db.execute(
                "INSERT INTO verdicts (at, sha256, level, page, verdict, thumbnail) VALUES (?, ?, ?, ?, ?, ?)",
                (time.time(), sha256, level, page, json.dumps(verdict, ensure_ascii=False), thumbnail),
            )
            self._trim(limit)

    def _trim(self, limit: int) -> None:
        self._db.execute(
            "DELETE FROM verdicts WHERE id <= (SELECT id FROM verdicts ORDER BY id DESC LIMIT 1 OFFSET ?)", (limit,)
        )

    def page(
        self, *, limit: int = 50, before: int | None = None, level: str | None = None, text: str | None = None
    ) -> list[Entry]:
        """Newest first. `before` is the last id of the page before; `text` is looked for in verdict and page."""
        pattern = None
        if text:
            pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        found: list[Entry] = []
        while len(found) < limit:
            wanted = limit - len(found)
            asked = {"limit": wanted, "before": before, "level": level, "pattern": pattern}
            rows = self._db.execute(_PAGE, asked).fetchall()
            found += [entry for entry in map(_entry, rows) if entry is not None]
            if len(rows) < wanted:
                break
            before = rows[-1][0]
        return found

    def count(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM verdicts").fetchone()[0])

    def thumbnail(self, entry_id: int) -> bytes | None:
        row = self._db.execute("SELECT thumbnail FROM verdicts WHERE id = ?", (entry_id,)).fetchone()
        return None if row is None else row[0]

    def forget(self, entry_id: int) -> str | None:
        """Forget one verdict; returns its image's sha256, or None where there is no such entry."""
        with self._db:
            row = self._db.execute("SELECT sha256 FROM verdicts WHERE id = ?", (entry_id,)).fetchone()
            if row is None:
                return None
            self._db.execute("DELETE FROM verdicts WHERE id = ?", (entry_id,))
            self._db.execute("DELETE FROM feedback WHERE sha256 = ?", (row[0],))
        # The write-ahead log still holds what was there before.
        with contextlib.suppress(sqlite3.OperationalError):  # another reader may be at work; the next one empties it
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return str(row[0])

    def forget_all(self) -> int:
        """Forget every verdict and all feedback, and give the space back."""
        with self._db:
            count = self._db.execute("DELETE FROM verdicts").rowcount
            self._db.execute("DELETE FROM feedback")
        with contextlib.suppress(sqlite3.OperationalError):  # another reader may be at work: the rows are gone anyway
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.execute("VACUUM")
        return count

    def say(self, sha256: str, says: str, *, comment: str | None, level: str | None, model: str | None) -> None:
        """Keep what the user says an image is; a later word replaces an earlier one."""
        with self._db:
            self._db.execute(
                "INSERT INTO feedback VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO UPDATE SET "
                "at = excluded.at, says = excluded.says, comment = excluded.comment, "
                "level = coalesce(excluded.level, level), model = coalesce(excluded.model, model)",
                (sha256, time.time(), says, comment, level, model),
            )

    def size(self) -> int:
        """Bytes that the history takes, its write-ahead log left aside."""
        pages, each = (self._db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
        return int(pages * each)

    def feedback_counts(self) -> dict[str, int]:
        return dict(self._db.execute("SELECT says, count(*) FROM feedback GROUP BY says"))


def _entry(row: tuple[Any, ...]) -> Entry | None:
    """None for a row that a failing disk has changed: it must not cost the others."""
    try:
        verdict: Any = json.loads(row[5])
        if not isinstance(verdict["level"], str) or not isinstance(row[1], float):
            return None
        return Entry(row[0], row[1], str(row[2]), str(row[3]), row[4], verdict, bool(row[6]), row[7])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def look_into(path: Path) -> int:
    """How many verdicts the file holds, read without changing it. Raises sqlite3.Error where it is damaged."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
    try:
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("quick_check failed")
        return int(connection.execute("SELECT count(*) FROM verdicts").fetchone()[0])
    finally:
        connection.close()


def _connect(path: str, *, alone: bool = False) -> sqlite3.Connection:
    """Raises sqlite3.DatabaseError where the file is damaged, OperationalError where it can't be written.

    `alone` shuts other programs out, which takes less room on the disk.
    """
    connection = sqlite3.connect(path, timeout=5.0, check_same_thread=False)
    try:
        if path != ":memory:":
            Path(path).chmod(PRIVATE_FILE)
        if alone:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN IMMEDIATE")  # raises where the file is not ours to write
            connection.execute("ROLLBACK")
        # Looked at before anything is changed: a later version's file must stay as it is.
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise _LaterVersion("made by a later version")
        connection.execute("PRAGMA journal_mode = WAL")
        # Beside a log that a killed daemon left, a file that can't be written opens without a word: so a write is
        # tried, and taken back before it needs room on the disk.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.execute("ROLLBACK")
        connection.text_factory = _forgiving
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("quick_check failed")
        connection.executescript(_SCHEMA)
        if version != _VERSION:
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.execute("SELECT id, at, sha256, level, page, verdict, thumbnail FROM verdicts LIMIT 1")
    except OSError as error:
        connection.close()
        raise sqlite3.OperationalError(str(error)) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _forgiving(data: bytes) -> str:
    # A flipped bit in one row's text must not make the whole table unreadable.
    return data.decode("utf-8", "replace")


def _damaged(error: sqlite3.OperationalError) -> bool:
    """A file with foreign tables in our place is as good as damaged; a full or read-only disk is not."""
    return any(word in str(error) for word in ("no such column", "malformed", "no such table"))
