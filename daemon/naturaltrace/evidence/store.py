"""What the user taught this machine: generators and own cameras, each as a few prototypes. No image is kept.

Prototypes belong to the graph that made them; those of an earlier one are listed as stale and not used.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from naturaltrace.evidence.reference import Floats, pack, unpack
from naturaltrace.storage.atomic import set_aside, write_private

SCHEMA = 1
FILE = "taught.json"
FEWEST = 5  # samples that make a prototype worth keeping
MOST_NAMES = 200
LONGEST_NAME = 80


class Kind(StrEnum):
    GENERATOR = "generator"
    CAMERA = "camera"


class StoreError(Exception):
    """What was asked for can't be done; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Taught:
    """`prototypes` (P, E) unit length, in the graph's own embedding; `samples` is how many images they stand for;
    `spread` the lowest cosine of nine in ten of them to their nearest prototype; `added` in seconds since 1970."""

    name: str
    kind: Kind
    graph: str
    samples: int
    spread: float
    added: float
    prototypes: Floats

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind.value,
            "graph": self.graph,
            "samples": self.samples,
            "spread": round(self.spread, 4),
            "added": round(self.added, 3),
            "prototypes": pack(self.prototypes),
        }

    @staticmethod
    def from_json(raw: dict[str, Any]) -> "Taught":
        """Raises StoreError for anything that `to_json` would not write."""
        try:
            taught = Taught(
                name=clean_name(str(raw["name"])),
                kind=Kind(raw["kind"]),
                graph=str(raw["graph"]),
                samples=int(raw["samples"]),
                spread=float(raw["spread"]),
                added=float(raw["added"]),
                prototypes=unpack(raw["prototypes"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"This is no entry of taught evidence ({error}).") from error
        return taught


def clean_name(name: str) -> str:
    """The name without surrounding space. Raises StoreError for one that is empty, too long or unprintable."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise StoreError(f"A name must be printable text of 1 to {LONGEST_NAME} characters.")
    return name


def prototypes_of(embeddings: Floats, most: int = 3) -> tuple[Floats, float]:
    """Up to `most` unit-length centres of embeddings (N, E), one for about every eight, and their spread (`Taught`)."""
    rows = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-6)
    count = max(1, min(most, len(rows) // 8))
    # Farthest-point start, then plain rounds of k-means on the sphere: few rows, so nothing cleverer is needed.
    centres = [rows.mean(0)]
    while len(centres) < count:
        near = np.max(np.stack([rows @ c / max(1e-6, float(np.linalg.norm(c))) for c in centres]), axis=0)
        centres.append(rows[int(near.argmin())])
    found = _unit(np.stack(centres))
    for _ in range(10):
        nearest = (rows @ found.T).argmax(1)
        found = _unit(
            np.stack([rows[nearest == i].mean(0) if (nearest == i).any() else found[i] for i in range(count)])
        )
    return found.astype(np.float32), float(np.quantile((rows @ found.T).max(1), 0.1))


def _unit(rows: Floats) -> Floats:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


class EvidenceStore:
    """One profile's taught evidence, in `taught.json` in its data folder. Read anew when the file changed."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.notices: list[str] = []
        self._seen: tuple[int, int] | None = None
        self._taught: tuple[Taught, ...] = ()

    def list(self) -> tuple[Taught, ...]:
        """All entries, by name. A damaged file is set aside, and `notices` says so."""
        try:
            stat = self.path.stat()
        except OSError:
            self._seen, self._taught = None, ()
            return ()
        if self._seen != (stat.st_mtime_ns, stat.st_size):
            self._taught = self._read()
            self._seen = (stat.st_mtime_ns, stat.st_size)
        return self._taught

    def of(self, kind: Kind, graph: str) -> tuple[Taught, ...]:
        """Those of one kind that this graph made."""
        return tuple(t for t in self.list() if t.kind is kind and t.graph == graph)

    def add(self, name: str, kind: Kind, graph: str, embeddings: Floats) -> Taught:
        """Learn from embeddings (N, E); an entry of the same name and kind is replaced. Raises StoreError, OSError."""
        name = clean_name(name)
        if len(embeddings) < FEWEST:
            raise StoreError(f"At least {FEWEST} images are needed, and only {len(embeddings)} could be used.")
        centres, spread = prototypes_of(embeddings)
        entry = Taught(name, kind, graph, len(embeddings), spread, time.time(), centres)
        self.put([entry])
        return entry

    def put(self, entries: Iterable[Taught]) -> None:
        """Add entries as they are (an import). Raises StoreError where there would be too many."""
        kept = {(t.kind, t.name): t for t in self.list()}
        kept.update({(t.kind, t.name): t for t in entries})
        if len(kept) > MOST_NAMES:
            raise StoreError(f"More than {MOST_NAMES} entries can't be kept; remove some first.")
        self._write(tuple(kept.values()))

    def remove(self, name: str, kind: Kind | None = None) -> int:
        """Forget the entries of this name (of one kind, or of both); how many there were."""
        entries = self.list()
        left = tuple(t for t in entries if t.name != name or (kind is not None and t.kind is not kind))
        if len(left) < len(entries):
            self._write(left)
        return len(entries) - len(left)

    def _write(self, entries: tuple[Taught, ...]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_private(self.path, dump(entries))
        self._seen = None

    def _read(self) -> tuple[Taught, ...]:
        try:
            return load(self.path.read_text(encoding="utf-8"))
        except (StoreError, OSError, ValueError):
            aside = set_aside(self.path)
            self.notices.append(
                "The taught evidence was damaged; a new list was begun."
                + (f" The file was kept as {aside.name}." if aside else "")
            )
            return ()


def dump(entries: Iterable[Taught]) -> str:
    """Entries as the text of an export."""
    ordered = sorted(entries, key=lambda t: (t.kind, t.name.casefold()))
    return json.dumps({"schema": SCHEMA, "taught": [t.to_json() for t in ordered]}, ensure_ascii=False, indent=1) + "\n"


def load(text: str) -> tuple[Taught, ...]:
    """The entries of an export. Raises StoreError."""
    try:
        raw: Any = json.loads(text)
    except ValueError as error:
        raise StoreError("This is no JSON.") from error
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA or not isinstance(raw.get("taught"), list):  # pyright: ignore[reportUnknownMemberType]
        raise StoreError("This is no export of taught evidence that this version can read.")
    return tuple(Taught.from_json(entry) for entry in raw["taught"])  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
