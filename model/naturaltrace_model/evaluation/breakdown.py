"""Rows as arrays, and their figures by group: generator, year of release, kind of content."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.result import PixelLevel
from naturaltrace_model.evaluation.curves import share_interval
from naturaltrace_model.evaluation.metrics import auc, average_precision, bootstrap
from naturaltrace_model.evaluation.rows import Row

_FLAGGED = (PixelLevel.AI, PixelLevel.LIKELY_AI)
LEAST = 5  # images of a group that gets a bar or a line of its own
CONTENT = {
    "photographs": ("photo", "photo-camera-original", "photo-event", "photo-food", "photo-realestate", "photo-product",
                    "photo-fashion", "photo-stock", "photo-unverified"),
    "faces": ("photo-face",),
    "old, black and white": ("photo-bw", "photo-historic"),
    "art and drawings": ("art", "anime-comic", "poster-cover"),
    "renders": ("render-game",),
    "screenshots and memes": ("screenshot-graphic", "meme-social"),
    "documents": ("document-scan",),
}  # fmt: skip
_CONTENT_OF = {category: kind for kind, categories in CONTENT.items() for category in categories}


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows of one condition that got a probability, as arrays, and the rows themselves in the same order."""

    rows: list[Row]
    label: NDArray[np.int64]
    chance: NDArray[np.float64]

    @staticmethod
    def of(rows: Sequence[Row]) -> "Judged":
        own = [r for r in rows if r.detection.probability is not None]
        return Judged(
            own,
            np.array([r.sample.label for r in own], dtype=np.int64),
            np.array([r.detection.probability for r in own], dtype=np.float64),
        )

    def where(self, keep: Callable[[Row], bool]) -> "Judged":
        return Judged.of([r for r in self.rows if keep(r)])


@dataclass(frozen=True, slots=True)
class Group:
    """Figures of one group of images against all of the other class in the same condition."""

    name: str
    images: int
    flagged: float
    flagged_interval: tuple[float, float]
    beyond_half: float  # share with a probability of at least 0.5
    auc: float
    auc_interval: tuple[float, float]
    average_precision: float


def groups(rows: Sequence[Row], label: int, key: Callable[[Row], str | None], *, intervals: bool = True) -> list[Group]:
    """One group per key of the rows with this label, the largest first; a None key leaves a row out. Without
    `intervals` the AUC has none, which saves most of the time."""
    other = Judged.of([r for r in rows if r.sample.label != label])
    found: dict[str, list[Row]] = {}
    for row in rows:
        name = key(row) if row.sample.label == label else None
        if name is not None:
            found.setdefault(name, []).append(row)
    made = [_group(name, own, other, intervals) for name, own in found.items()]
    return sorted(made, key=lambda g: -g.images)


def content_of(category: str) -> str:
    """The kind of content of a category of real images."""
    return _CONTENT_OF.get(category, "other")


def flagged(row: Row) -> bool:
    """Whether a reader is told that the image is or may be generated."""
    return row.detection.level in _FLAGGED


def _group(name: str, rows: list[Row], other: Judged, intervals: bool) -> Group:
    own = Judged.of(rows)
    y = np.concatenate([own.label, other.label])
    p = np.concatenate([own.chance, other.chance])
    hits = sum(map(flagged, rows))
    nan = float("nan")
    interval: tuple[float, float] = (nan, nan)
    if intervals and len(own.rows) >= 5 and len(other.rows) >= 5:
        interval = bootstrap(lambda i: auc(y[i], p[i]), len(y), rounds=200)
    return Group(
        name=name,
        images=len(rows),
        flagged=hits / len(rows),
        flagged_interval=share_interval(hits, len(rows)),
        beyond_half=float((own.chance >= 0.5).mean()) if len(own.rows) else nan,
        auc=auc(y, p),
        auc_interval=interval,
        average_precision=average_precision(y, p),
    )


def figures(rows: Sequence[Row]) -> dict[str, Any]:
    """The few figures that a sweep follows: AUC, share of real and of generated images flagged, share answered."""
    judged = Judged.of(rows)
    real = [r for r in rows if r.sample.label == 0]
    generated = [r for r in rows if r.sample.label == 1]
    return {
        "auc": auc(judged.label, judged.chance) if len(judged.rows) else float("nan"),
        "real_flagged": sum(map(flagged, real)) / max(1, len(real)),
        "generated_flagged": sum(map(flagged, generated)) / max(1, len(generated)),
        "answered": sum(r.detection.level is not PixelLevel.UNCLEAR for r in rows) / max(1, len(rows)),
        "images": len(rows),
    }
