"""Rows kept in a CSV, so that a report is drawn again without judging again."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from tqdm import tqdm

from naturaltrace.detection.detector import Detector
from naturaltrace.detection.result import Detection, ModelInfo, PixelLevel, UnclearReason
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.errors import ImagingError
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.evaluation.rows import Row
from naturaltrace_model.evaluation.sweeps import passed

_COLUMNS = ("sha256", "label", "category", "generator", "condition", "level", "reason", "probability", "quality")


def write_csv(rows: Iterable[Row], path: Path, *, append: bool = False) -> None:
    """One line per image and condition. Images are named by their sha256, never by a path."""
    fresh = not (append and path.exists())
    with path.open("w" if fresh else "a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(_COLUMNS)
        writer.writerows(_line(r) for r in rows)


def read_csv(path: Path, samples: Sequence[Sample], model: ModelInfo) -> list[Row]:
    """The rows of `path` that are of one of `samples`."""
    by_hash = {s.sha256: s for s in samples}
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Row(by_hash[line["sha256"]], line["condition"], _detection(line, model))
            for line in csv.DictReader(file)
            if line["sha256"] in by_hash
        ]


def judged(detector: Detector, samples: Sequence[Sample], passages: Sequence[str], cache: Path) -> list[Row]:
    """Every sample after every passage; only what is not in `cache` is judged, and is written there as it comes."""
    rows = read_csv(cache, samples, detector.model) if cache.exists() else []
    done = {(r.sample.sha256, r.condition) for r in rows}
    wanted = {(s.sha256, p) for s in samples for p in passages}
    missing = [(s, todo) for s in samples if (todo := [p for p in passages if (s.sha256, p) not in done])]
    for sample, todo in tqdm(missing, desc="judged", unit="image", mininterval=10, disable=not missing):
        try:
            image = decode(sample.path.read_bytes())
        except (ImagingError, OSError) as error:
            tqdm.write(f"left out {sample.path.name}: {error}")
            continue
        new = [Row(sample, name, detector.detect(passed(image, name))) for name in todo]
        write_csv(new, cache, append=True)
        rows += new
    return [r for r in rows if (r.sample.sha256, r.condition) in wanted]


def _line(row: Row) -> tuple[object, ...]:
    s, d = row.sample, row.detection
    return (
        s.sha256 or s.path.name,
        s.label,
        s.category,
        s.generator,
        row.condition,
        d.level.value,
        d.reason.value if d.reason else "",
        "" if d.probability is None else f"{d.probability:.4f}",
        "" if d.jpeg_quality is None else f"{d.jpeg_quality:.0f}",
    )


def _detection(line: dict[str, str], model: ModelInfo) -> Detection:
    return Detection(
        level=PixelLevel(line["level"]),
        probability=float(line["probability"]) if line["probability"] else None,
        model=model,
        reason=UnclearReason(line["reason"]) if line["reason"] else None,
        jpeg_quality=float(line["quality"]) if line["quality"] else None,
    )
