"""From result rows to what the report shows: counts, a distribution, folders, the most suspicious, a packed table."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from naturaltrace.scan.rows import Row

LEVELS = ("ai", "likely_ai", "unclear", "no_sign", "camera", "error")  # the most suspicious first
BINS = 20  # of the estimated chance, evenly
MOST_ROWS = 300_000  # that a browser still handles well; beyond, only the most suspicious are listed
MOST_FOLDERS = 200


class Texts:
    """Each text once; rows hold its number. Sentences repeat a lot."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        if text not in self._places:
            self._places[text] = len(self.all)
            self.all.append(text)
        return self._places[text]


@dataclass(slots=True)
class Collected:
    """`bins` counts per bin and level; `folders` images and flagged images; `table` one list per column."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LEVELS, 0))
    bins: list[list[int]] = field(default_factory=lambda: [[0] * len(LEVELS) for _ in range(BINS)])
    folders: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    suspicious: list[Row] = field(default_factory=list[Row])
    models: set[str] = field(default_factory=set[str])
    duplicates: int = 0
    texts: Texts = field(default_factory=Texts)
    table: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    listed_all: bool = True

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def collect(rows: Iterable[Row], *, suspicious: int, most_rows: int = MOST_ROWS) -> Collected:
    """Go through the rows once. `suspicious` is how many are shown with a picture."""
    found = Collected()
    top: list[tuple[float, int, Row]] = []
    kept: list[tuple[float, int, list[Any]]] = []
    for number, row in enumerate(rows):
        level = level_of(row)
        _count(found, row, level)
        rank = rank_of(row)
        if level in ("ai", "likely_ai") and row.duplicate_of is None and suspicious:
            _keep(top, (rank, -number, row), suspicious)
        entry = (rank, -number, _entry(found.texts, row, level))
        if _keep(kept, entry, most_rows):
            found.listed_all = False
    found.suspicious = [row for _, _, row in sorted(top, key=lambda t: (-t[0], -t[1]))]
    kept.sort(key=lambda k: -k[1])
    names = ("folder", "name", "level", "chance", "summary", "why", "width", "height", "copy", "sha256")
    found.table = {name: [entry[i] for _, _, entry in kept] for i, name in enumerate(names)}
    return found


def level_of(row: Row) -> str:
    if row.verdict is None:
        return "error"
    level = str(row.verdict["level"])
    return level if level in LEVELS else "unclear"


def rank_of(row: Row) -> float:
    """Higher is more suspicious: the level counts first, then the estimated chance."""
    chance = row.verdict.get("probability") if row.verdict else None
    return (len(LEVELS) - LEVELS.index(level_of(row))) * 2.0 + (0.5 if chance is None else float(chance))


def split(path: str) -> tuple[str, str]:
    """Folder and name; archives and addresses count as folders."""
    cut = max(path.rfind("/"), path.rfind("\\"))
    return (path[:cut] or path[: cut + 1], path[cut + 1 :]) if cut >= 0 else ("", path)


def _count(found: Collected, row: Row, level: str) -> None:
    place = LEVELS.index(level)
    found.counts[level] += 1
    found.duplicates += row.duplicate_of is not None
    folder = found.folders.setdefault(split(row.path)[0], [0, 0])
    folder[0] += 1
    folder[1] += level in ("ai", "likely_ai")
    if row.verdict is not None:
        model = row.verdict.get("model", {})
        found.models.add(f"{model.get('name')} {model.get('version')}")
        chance = row.verdict.get("probability")
        if chance is not None:
            found.bins[min(BINS - 1, int(float(chance) * BINS))][place] += 1


def _entry(texts: Texts, row: Row, level: str) -> list[Any]:
    folder, name = split(row.path)
    own: dict[str, Any] = row.verdict or {}
    image: dict[str, Any] = own.get("image", {})
    chance = own.get("probability")
    if row.error is not None:
        summary, why = row.error.detail, ""
    else:
        evidence: list[dict[str, Any]] = own.get("evidence") or [{}]
        summary, why = own.get("summary", ""), evidence[0].get("text", "")
    return [
        texts.place(folder),
        name,
        LEVELS.index(level),
        -1 if chance is None else round(float(chance) * 1000),
        texts.place(summary),
        texts.place(why),
        image.get("width", 0),
        image.get("height", 0),
        -1 if row.duplicate_of is None else texts.place(row.duplicate_of),
        (row.sha256 or "")[:16],
    ]


def _keep(heap: list[Any], entry: Any, most: int) -> bool:
    """Put `entry` into a heap of the `most` largest; whether something fell out."""
    if len(heap) < most:
        heapq.heappush(heap, entry)
        return False
    heapq.heappushpop(heap, entry)
    return True
