"""One image file to be judged, wherever its bytes are."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    FILE = "file"  # a file of this machine
    ZIP = "zip"  # a member of a zip, local or not
    TAR = "tar"  # a member of a plain local tar: a piece of the file
    STREAM = "stream"  # a member of a tar that can only be read from its start
    URL = "url"  # anything that fsspec opens


@dataclass(frozen=True, slots=True)
class Ref:
    """Where the bytes are. `start` and `size` are bytes in a tar; for zips and streams `start` counts the members."""

    kind: Kind
    where: str
    member: str = ""
    start: int = 0
    size: int = 0

    def to_text(self) -> str:
        # ASCII, so that a name that is no valid Unicode survives as an escape.
        return json.dumps([self.kind.value, self.where, self.member, self.start, self.size])

    @classmethod
    def from_text(cls, text: str) -> "Ref":
        kind, where, member, start, size = json.loads(text)
        return cls(Kind(kind), where, member, start, size)


@dataclass(frozen=True, slots=True)
class Unjudged:
    """Why there is no verdict. `type` is a stable slug, as in `check --json`."""

    type: str
    detail: str

    def to_json(self) -> dict[str, str]:
        return {"type": self.type, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Item:
    """`path` is what people read and what rows are told apart by: always valid Unicode, unique within a scan.

    `stamp` changes when the file does, as far as its place tells; "" where nothing is known. `number` is the place in a
    list or archive; a folder's files all have 0 and go by name. `problem` says why there is nothing to read at all.
    """

    path: str
    ref: Ref
    stamp: str = ""
    number: int = 0
    problem: Unjudged | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item.

    `sha256` is None where the bytes could not be read; `verdict` and `error` are both None where another item with the
    same bytes is being judged at this moment.
    """

    sha256: str | None
    verdict: dict[str, Any] | None = None
    error: Unjudged | None = None


def shown(name: str) -> str:
    """A file's name as valid Unicode: what can't be said is written as an escape."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
