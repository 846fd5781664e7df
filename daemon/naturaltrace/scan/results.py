"""A scan's results as a file: JSON Lines, CSV or Parquet, by the file's name. Written whole or not at all."""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from naturaltrace.scan.items import shown
from naturaltrace.scan.opening import pyarrow
from naturaltrace.scan.pages import pages
from naturaltrace.scan.rows import COLUMNS, Row

KINDS = (".jsonl", ".csv", ".parquet")
_GROUP = 4096  # rows that a Parquet file keeps together, and that are in memory at once


class BadResults(Exception):  # noqa: N818 (it reads as what it says)
    """A file that holds no scan's results; str(error) says why."""


def kind_of(path: Path) -> str:
    """One of KINDS. Raises BadResults."""
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise BadResults(f"Results are written as {', '.join(KINDS)}; “{path.name}” is none of these.")
    return kind


def write(path: Path, rows: Iterable[Row]) -> int:
    """Replace `path` by `rows`; how many there were. Raises OSError, BadResults, or Missing where pyarrow is needed."""
    writer = _WRITERS[kind_of(path)]
    part = path.with_name(path.name + ".part")
    try:
        count = writer(part, rows)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return count


def read(path: Path) -> Iterator[Row]:
    """The rows of a file that `write` has made. Raises BadResults, OSError, or Missing."""
    try:
        yield from _READERS[kind_of(path)](path)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadResults(f"“{path.name}” holds no results of a scan ({type(error).__name__}: {error}).") from error


def _write_jsonl(path: Path, rows: Iterable[Row]) -> int:
    # Half of a surrogate pair is written as \udc80, which is what JSON calls it too.
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        count = 0
        for row in rows:
            file.write(json.dumps(row.to_json(), ensure_ascii=False) + "\n")
            count += 1
    return count


def _read_jsonl(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield Row.from_json(json.loads(line))


def _write_csv(path: Path, rows: Iterable[Row]) -> int:
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.DictWriter(file, list(COLUMNS), lineterminator="\n")
        writer.writeheader()
        count = 0
        for row in rows:
            writer.writerow(row.to_flat())
            count += 1
    return count


def _read_csv(path: Path) -> Iterator[Row]:
    convert: dict[str, Callable[[str], Any]] = {"number": float, "whole": int}
    csv.field_size_limit(2**27)
    with path.open(encoding="utf-8", newline="") as file:
        for found in csv.DictReader(file):
            typed = {
                name: convert.get(kind, str)(found[name]) if found[name] != "" else None
                for name, kind in COLUMNS.items()
            }
            yield Row.from_flat(typed)


def _write_parquet(path: Path, rows: Iterable[Row]) -> int:
    arrow = pyarrow()
    types = {"number": arrow.float64(), "whole": arrow.int64()}
    schema = arrow.schema([(name, types.get(kind, arrow.string())) for name, kind in COLUMNS.items()])
    count = 0
    with arrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for page in pages(rows, _GROUP):
            writer.write_table(arrow.Table.from_pylist([_sound(row.to_flat()) for row in page], schema=schema))
            count += len(page)
    return count


def _read_parquet(path: Path) -> Iterator[Row]:
    with pyarrow().parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_GROUP):
            for found in batch.to_pylist():
                yield Row.from_flat(found)


def _sound(flat: dict[str, Any]) -> dict[str, Any]:
    return {name: shown(value) if isinstance(value, str) else value for name, value in flat.items()}


_WRITERS: dict[str, Callable[[Path, Iterable[Row]], int]] = {
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
_READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".jsonl": _read_jsonl,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
}
