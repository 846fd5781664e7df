"""Several detectors on the same images: how often they agree, and where it is known who made them, who is right."""

import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from naturaltrace.detectors.choose import pipeline_with
from naturaltrace.detectors.registry import BUNDLED
from naturaltrace.imaging.errors import ImagingError
from naturaltrace.scan.walk import folder_files, is_image_name

LEVELS = ("ai", "likely_ai", "unclear", "no_sign")


@dataclass(slots=True)
class Compared:
    """One detector on one folder, by the pixels alone. `labels` is 1 for generated, 0 for real, None unknown."""

    name: str
    levels: list[str | None] = field(default_factory=list[str | None])
    chances: list[float | None] = field(default_factory=list[float | None])
    labels: list[int | None] = field(default_factory=list[int | None])
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        counts = Counter(level for level in self.levels if level)
        judged = sum(counts.values())
        figures: dict[str, Any] = {
            "detector": self.name,
            "images": judged,
            "unreadable": len(self.levels) - judged,
            "levels": {level: counts[level] for level in LEVELS},
            "ms_per_image": round(1000 * self.seconds / judged, 1) if judged else None,
        }
        if None not in self.labels and len(set(self.labels)) == 2:
            figures |= self._against_truth()
        return figures

    def _against_truth(self) -> dict[str, Any]:
        rows = [row for row in zip(self.levels, self.labels, self.chances, strict=True) if row[0]]
        real, generated = [r for r in rows if r[1] == 0], [r for r in rows if r[1] == 1]
        flagged = ("ai", "likely_ai")
        answered = [r for r in rows if r[0] != "unclear"]
        wrong = [r for r in answered if (r[0] in flagged) != (r[1] == 1)]
        return {
            "real": len(real),
            "generated": len(generated),
            "real_flagged": _share(sum(r[0] in flagged for r in real), len(real)),
            "generated_flagged": _share(sum(r[0] in flagged for r in generated), len(generated)),
            "answered": _share(len(answered), len(rows)),
            "error_among_answered": _share(len(wrong), len(answered)),
            "auc": auc([(t, c) for _, t, c in rows if c is not None and t is not None]),
        }


def compare(folder: Path, names: Sequence[str], data_dir: Path | None, limit: int | None) -> list[Compared]:
    """Judge the images below `folder` with each detector. Raises CardError and UnknownDetector."""
    files = sorted(p for p in folder_files(os.fspath(folder)) if isinstance(p, str) and is_image_name(p))[:limit]
    return [_one(name, [Path(p) for p in files], folder, data_dir) for name in names]


def _one(name: str, files: Sequence[Path], folder: Path, data_dir: Path | None) -> Compared:
    pipeline = pipeline_with(None if name == BUNDLED else name, data_dir)
    found = Compared(name)
    try:
        for path in files:
            started = time.perf_counter()
            try:
                detection = pipeline.detect([pipeline.read(path.read_bytes(), pixels_only=True)])[0].detection
            except (ImagingError, OSError):
                found.levels.append(None)
                found.chances.append(None)
            else:
                found.levels.append(detection.level.value)
                found.chances.append(detection.probability)
                found.seconds += time.perf_counter() - started
            parts = path.relative_to(folder).parts
            found.labels.append({"real": 0, "generated": 1}.get(parts[0]))
    finally:
        pipeline.reader.close()
    return found


def agreement(first: Compared, second: Compared) -> float | None:
    """The share (0..1) of images on which two detectors lean the same way, of those that both answer."""
    both = [
        (a, b)
        for a, b in zip(first.levels, second.levels, strict=True)
        if a not in (None, "unclear") and b not in (None, "unclear")
    ]
    return _share(sum((a == "no_sign") == (b == "no_sign") for a, b in both), len(both))


def auc(rows: Sequence[tuple[int, float]]) -> float | None:
    """The chance that a generated image scores above a real one; ties count half. None where a kind is missing."""
    positives = np.array([chance for label, chance in rows if label == 1])
    order = np.sort(np.array([chance for label, chance in rows if label == 0]))
    if not len(positives) or not len(order):
        return None
    below = np.searchsorted(order, positives, "left") + np.searchsorted(order, positives, "right")
    return round(float(below.mean() / (2 * len(order))), 4)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
