"""What a scan knows so far, in one SQLite file beside the results. A kill at any moment loses nothing that was judged.

Verdicts are kept by content: a picture that lies in ten places is judged once, and each place gets its row.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naturaltrace.scan.items import Item, Outcome, Ref, Unjudged
from naturaltrace.scan.pages import pages
from naturaltrace.scan.rows import Row

FORMAT = 1
_PAGE = 500

_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS item (
    path TEXT PRIMARY KEY, argument INTEGER NOT NULL, number INTEGER NOT NULL, ref TEXT NOT NULL, stamp TEXT NOT NULL,
    sha256 TEXT, error TEXT, done INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS in_order ON item (argument, number, path);
CREATE INDEX IF NOT EXISTS by_content ON item (sha256, argument, number, path) WHERE sha256 IS NOT NULL;
CREATE INDEX IF NOT EXISTS pending ON item (argument, number, path) WHERE done = 0;
CREATE TABLE IF NOT EXISTS judged (sha256 TEXT PRIMARY KEY, verdict TEXT, error TEXT) WITHOUT ROWID;
"""

# A file whose stamp has changed, or that could not be read at the last listing, is judged again.
_ADD = """
INSERT INTO item (path, argument, number, ref, stamp, error, done) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (path) DO UPDATE SET
    argument = excluded.argument, number = excluded.number, ref = excluded.ref, stamp = excluded.stamp,
    sha256 = CASE WHEN stamp = excluded.stamp AND excluded.error IS NULL THEN sha256 END,
    error = CASE WHEN stamp = excluded.stamp AND excluded.error IS NULL THEN error ELSE excluded.error END,
    done = CASE WHEN stamp = excluded.stamp AND excluded.error IS NULL THEN done ELSE excluded.done END
"""

_ROWS = """
SELECT item.path, item.stamp, item.sha256, coalesce(item.error, judged.error), judged.verdict,
    (SELECT first.path FROM item AS first WHERE first.sha256 = item.sha256
     ORDER BY first.argument, first.number, first.path LIMIT 1)
FROM item LEFT JOIN judged ON judged.sha256 = item.sha256
WHERE item.done = 1 ORDER BY item.argument, item.number, item.path
"""


@dataclass(frozen=True, slots=True)
class Counts:
    items: int
    done: int
    errors: int
    duplicates: int


class Journal:
    """One scan's journal. Raises sqlite3.Error where the disk refuses. For one thread, but for `unknown`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._base = sqlite3.connect(path, isolation_level=None, timeout=1, check_same_thread=False)
        self._lock = threading.RLock()
        # One scan at a time: the lock is the system's, and falls with the process however that ends.
        self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")
        self._base.executescript(_TABLES)

    def about(self) -> dict[str, str]:
        """What these results were made with; empty for a new journal."""
        return dict(self._base.execute("SELECT name, value FROM about"))

    def set_about(self, about: dict[str, str]) -> None:
        with self._changes():
            self._base.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", about.items())

    def models(self) -> list[str]:
        """Name and version of every detector whose verdicts are here; goes through all of them."""
        model = "json_extract(verdict, '$.model.name') || ' ' || json_extract(verdict, '$.model.version')"
        return [m for (m,) in self._base.execute(f"SELECT DISTINCT {model} FROM judged WHERE verdict IS NOT NULL")]  # noqa: S608

    def add(self, argument: int, items: Iterable[Item]) -> int:
        """Note what there is to judge; what is known already stays so. How many items there were."""
        count = 0
        for page in pages(items, _PAGE):
            with self._changes():
                self._base.executemany(_ADD, (_entry(argument, item) for item in page))
            count += len(page)
        return count

    def bring_in(self, rows: Iterable[Row]) -> None:
        """Take over the rows of a finished scan, so that it can be gone on with."""
        for page in pages(enumerate(rows), _PAGE):
            with self._changes():
                for number, row in page:
                    error = None if row.error is None else json.dumps(row.error.to_json())
                    mine = error if row.sha256 is None else None
                    self._base.execute(
                        "INSERT OR IGNORE INTO item VALUES (?, -1, ?, '', ?, ?, ?, 1)",
                        (row.path, number, row.stamp, row.sha256, mine),
                    )
                    if row.sha256 is not None:
                        verdict = None if row.verdict is None else _packed(row.verdict)
                        entry = (row.sha256, verdict, error)
                        self._base.execute("INSERT OR IGNORE INTO judged VALUES (?, ?, ?)", entry)

    def retry_errors(self) -> None:
        """Forget the errors of all items that were listed, so that they are tried again."""
        with self._changes():
            self._base.execute(
                "DELETE FROM judged WHERE error IS NOT NULL AND sha256 IN (SELECT sha256 FROM item WHERE ref != '')"
            )
            self._base.execute(
                "UPDATE item SET done = 0, error = NULL WHERE ref != '' AND (error IS NOT NULL OR "
                "(sha256 IS NOT NULL AND sha256 NOT IN (SELECT sha256 FROM judged)))"
            )

    def pending(self, most: int) -> Iterator[list[Item]]:
        """What is left to judge, in order, `most` at a time; each item once, however long judging takes."""
        after: tuple[Any, ...] = (-2, 0, "")
        while True:
            found = self._base.execute(
                "SELECT argument, number, path, ref, stamp FROM item WHERE done = 0 AND "
                "(argument, number, path) > (?, ?, ?) ORDER BY argument, number, path LIMIT ?",
                (*after, most),
            ).fetchall()
            if not found:
                return
            after = found[-1][:3]
            yield [Item(path, Ref.from_text(ref), stamp, number) for _, number, path, ref, stamp in found]

    def unknown(self, hashes: Sequence[str]) -> set[str]:
        """Those of `hashes` that have neither verdict nor error yet. Any thread may ask."""
        marks = ",".join("?" * len(hashes))
        with self._lock:
            query = f"SELECT sha256 FROM judged WHERE sha256 IN ({marks})"  # noqa: S608
            known = self._base.execute(query, hashes).fetchall()
        return set(hashes) - {sha256 for (sha256,) in known}

    def judged_hashes(self) -> Iterator[str]:
        for (sha256,) in self._base.execute("SELECT sha256 FROM judged"):
            yield sha256

    def commit(self, outcomes: Sequence[tuple[str, Outcome]]) -> None:
        """Write a batch down, all of it or nothing: (path, outcome) pairs."""
        with self._changes():
            for path, outcome in outcomes:
                error = None if outcome.error is None else json.dumps(outcome.error.to_json())
                if outcome.sha256 is None:
                    self._base.execute("UPDATE item SET error = ?, done = 1 WHERE path = ?", (error, path))
                    continue
                self._base.execute("UPDATE item SET sha256 = ? WHERE path = ?", (outcome.sha256, path))
                if outcome.verdict is not None or error is not None:
                    verdict = None if outcome.verdict is None else _packed(outcome.verdict)
                    entry = (outcome.sha256, verdict, error)
                    self._base.execute("INSERT OR IGNORE INTO judged VALUES (?, ?, ?)", entry)
                # Others may have been waiting for these bytes, or these for others.
                self._base.execute(
                    "UPDATE item SET done = 1 WHERE sha256 = ?1 AND done = 0 "
                    "AND EXISTS (SELECT 1 FROM judged WHERE sha256 = ?1)",
                    (outcome.sha256,),
                )

    def counts(self) -> Counts:
        def one(query: str) -> int:
            return int(self._base.execute(query).fetchone()[0])

        return Counts(
            items=one("SELECT count(*) FROM item"),
            done=one("SELECT count(*) FROM item WHERE done = 1"),
            errors=one(
                "SELECT count(*) FROM item LEFT JOIN judged USING (sha256) "
                "WHERE item.done = 1 AND coalesce(item.error, judged.error) IS NOT NULL"
            ),
            duplicates=one("SELECT count(sha256) - count(DISTINCT sha256) FROM item WHERE sha256 IS NOT NULL"),
        )

    def rows(self) -> Iterator[Row]:
        """Every finished row, in the order of the arguments and lists, folders by name."""
        for path, stamp, sha256, error, verdict, first in self._base.execute(_ROWS):
            yield Row(
                path=path,
                stamp=stamp,
                sha256=sha256,
                verdict=None if verdict is None else json.loads(verdict),
                error=None if error is None else Unjudged(**json.loads(error)),
                duplicate_of=None if first in (None, path) else first,
            )

    def close(self) -> None:
        self._base.close()

    def remove(self) -> None:
        """Close it and delete its files."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _changes(self) -> "_Transaction":
        return _Transaction(self._base, self._lock)


class _Transaction:
    """All or nothing; nobody else uses the connection meanwhile."""

    def __init__(self, base: sqlite3.Connection, lock: threading.RLock) -> None:
        self._base, self._lock = base, lock

    def __enter__(self) -> None:
        self._lock.acquire()
        self._base.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self._base.execute("COMMIT" if kind is None else "ROLLBACK")
        finally:
            self._lock.release()


def _entry(argument: int, item: Item) -> tuple[object, ...]:
    error = None if item.problem is None else json.dumps(item.problem.to_json())
    return (item.path, argument, item.number, item.ref.to_text(), item.stamp, error, int(error is not None))


def _packed(verdict: dict[str, Any]) -> str:
    # ASCII: a letter that is no valid Unicode on its own survives as an escape.
    return json.dumps(verdict, separators=(",", ":"))
