"""Lists of images: text (one a line), CSV, TSV, JSON Lines and Parquet. Entries are paths or URLs."""

# Names stay as they were given: a Path would change them, and a URL is none.
# ruff: noqa: PTH117, PTH118, PTH120

import csv
import json
import os
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from typing import Any

from naturaltrace.scan.opening import is_url, open_binary, pyarrow

LIST_NAMES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".parquet")
# Tried in this order where the user names no column.
_COLUMNS = ("path", "file", "filename", "file_name", "image", "image_path", "url", "image_url", "src")


class BadList(Exception):  # noqa: N818 (it reads as what it says)
    """A list that can't be understood; str(error) says why."""


def is_list_name(name: str) -> bool:
    return name.lower().endswith(LIST_NAMES)


def entries(where: str, column: str | None) -> Iterator[str]:
    """The paths and URLs of the list at `where`; relative paths count from the list's own folder.

    Raises BadList, OSError, or Missing where Parquet can't be read.
    """
    base = "" if is_url(where) else os.path.dirname(where)
    for entry in _raw(where, column):
        entry = entry.strip()
        if entry:
            yield entry if is_url(entry) or os.path.isabs(entry) else os.path.join(base, entry)


def _raw(where: str, column: str | None) -> Iterator[str]:
    kind = where.lower().rsplit(".", 1)[-1]
    if kind == "parquet":
        yield from _parquet(where, column)
        return
    with open_binary(where) as binary, TextIOWrapper(binary, encoding="utf-8-sig", newline="") as text:
        try:
            if kind == "txt":
                yield from (line for line in text if not line.startswith("#"))
            elif kind in ("jsonl", "ndjson"):
                yield from _jsonl(text, column)
            else:
                yield from _csv(text, column, "\t" if kind == "tsv" else ",")
        except UnicodeDecodeError:
            raise BadList("The list is not UTF-8 text.") from None


def _csv(text: Iterable[str], column: str | None, delimiter: str) -> Iterator[str]:
    rows = csv.reader(text, delimiter=delimiter)
    try:
        header = next(rows, None)
        if header is None:
            return
        chosen = _choose([h.strip() for h in header], column)
        if chosen is None and len(header) == 1 and column is None:
            yield header[0]  # one column without a name
            place = 0
        else:
            place = _index(header, chosen, column)
        for row in rows:
            if len(row) > place:
                yield row[place]
    except csv.Error as error:
        raise BadList(f"The list is no CSV ({error}).") from None


def _jsonl(text: Iterable[str], column: str | None) -> Iterator[str]:
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            found: Any = json.loads(line)
        except ValueError:
            raise BadList(f"Line {number} of the list is no JSON.") from None
        if isinstance(found, dict):
            name = _choose(list(found), column)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            found = found.get(name) if name else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        if not isinstance(found, str):
            raise BadList(f"Line {number} of the list names no image.")
        yield found


def _parquet(where: str, column: str | None) -> Iterator[str]:
    parquet: Any = pyarrow().parquet
    with open_binary(where) as file:
        table = parquet.ParquetFile(file)
        names: list[str] = table.schema_arrow.names
        chosen = names[_index(names, _choose(names, column), column)]
        for batch in table.iter_batches(batch_size=4096, columns=[chosen]):
            yield from (str(value) for value in batch.column(0).to_pylist() if value is not None)


def _choose(header: list[str], column: str | None) -> str | None:
    if column is not None:
        return column if column in header else None
    lower = {h.lower(): h for h in reversed(header)}
    return next((lower[c] for c in _COLUMNS if c in lower), None)


def _index(header: list[str], chosen: str | None, column: str | None) -> int:
    stripped = [h.strip() for h in header]
    if chosen is None:
        wanted = f"no column “{column}”" if column else "no column with a usual name; say --column NAME"
        raise BadList(f"The list has {wanted}. Its columns: {', '.join(stripped)[:300]}.")
    return stripped.index(chosen)
