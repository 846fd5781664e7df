"""Any set of images that a user brings, as samples: the pack, the full set, a pair of folders, or a CSV."""

import csv
import hashlib
from pathlib import Path

from PIL import Image

from naturaltrace_model.data import manifest
from naturaltrace_model.data.manifest import Sample

_IMAGE_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif"}
_GENERATED = {"1", "generated", "fake", "ai"}
_REAL = {"0", "real"}


def samples_of(root: Path, split: str) -> list[Sample]:
    """The samples of the pack or of the full set (their `split`), of a folder with `real/` and `generated/` in it, or
    of a CSV.

    The CSV has columns `path` (relative to the CSV) and `label` (0 or real, 1 or generated), and may have `generator`,
    `category` and `source`. Raises FileNotFoundError when `root` is none of these, ValueError on an unknown label.
    """
    if root.suffix == ".csv" and root.is_file():
        return _of_csv(root, split)
    if not ((root / "real").is_dir() and (root / "generated").is_dir()):
        return manifest.load(root, (split,))
    return [
        _sample(path, split, label, name, "" if label == 0 else "unknown", path.parent.name)
        for label, name in enumerate(("real", "generated"))
        for path in sorted((root / name).rglob("*"))
        if path.suffix.lower() in _IMAGE_ENDINGS
    ]


def _of_csv(table: Path, split: str) -> list[Sample]:
    found: list[Sample] = []
    with table.open(newline="", encoding="utf-8") as rows:
        for number, row in enumerate(csv.DictReader(rows), 2):
            said = (row.get("label") or "").strip().lower()
            if said not in _REAL | _GENERATED or not row.get("path"):
                raise ValueError(f"{table.name}, line {number}: needs a path and a label of 0 (real) or 1 (generated)")
            label = int(said in _GENERATED)
            path = table.parent / row["path"]
            generator = row.get("generator") or ("unknown" if label else "")
            category = row.get("category") or ("generated" if label else "real")
            found.append(_sample(path, split, label, category, generator, row.get("source") or path.parent.name))
    return found


def _sample(path: Path, split: str, label: int, category: str, generator: str, source: str) -> Sample:
    """With the file's own hash, size and format; zeros where it is no image that Pillow opens."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    try:
        with Image.open(path) as image:
            (width, height), kind = image.size, image.format or ""
    except OSError:
        (width, height), kind = (0, 0), ""
    return Sample(path, split, label, category, generator, source, digest, width, height, kind)


def spread(samples: list[Sample], most: int | None) -> list[Sample]:
    """At most `most` samples, the classes as they are in number, each class's sources in turn; all without `most`."""
    if most is None or most >= len(samples):
        return samples
    taken: list[Sample] = []
    for label in (0, 1):
        own: dict[str, list[Sample]] = {}
        for sample in samples:
            if sample.label == label:
                own.setdefault(sample.generator if label else sample.source, []).append(sample)
        # By hash, so that it is the same choice on every machine and no neighbour of the last one in its folder.
        groups = [sorted(group, key=lambda s: s.sha256) for group in own.values()]
        turn = [g[n] for n in range(max(map(len, groups), default=0)) for g in groups if n < len(g)]
        taken += turn[: max(1, round(most * sum(map(len, groups)) / len(samples)))]
    return taken
