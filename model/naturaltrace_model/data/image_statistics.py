"""Texture statistics of whole images, of the very crops and views that the companion looks at, kept on disk.

An image is decoded and described once; after that any heads on the same encoder can be asked about it in no time: the
folds that calibration comes from, a detector without one family of generators, a variant.
"""

import csv
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from naturaltrace.detection import aggregate, gates
from naturaltrace.detection.session import CropOutputs
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.errors import ImagingError
from naturaltrace.imaging.prepared import Prepared, prepare
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.data.statistics import statistics_of
from naturaltrace_model.evaluation.conditions import under
from naturaltrace_model.evaluation.rows import FeatureRow
from naturaltrace_model.networks.branches import NaturalTraceDetector

LEAST_TEXTURE = 0.6  # grey levels; flatter images get no verdict (`gates.texture`)
_BATCH = 16  # images that are described together
_COLUMNS = ("sha256", "condition", "crops", "views")
Array = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Passage:
    """One image in one condition, as it will be described."""

    sample: Sample
    condition: str
    prepared: Prepared


@dataclass(frozen=True, slots=True)
class ImageStatistics:
    """`crops` (C, size) and `views` (V, size) of all passages in their order; `counts` (N, 2) how many of each are a
    passage's own."""

    samples: tuple[Sample, ...]
    conditions: tuple[str, ...]
    counts: NDArray[np.int64]
    crops: Array
    views: Array

    @staticmethod
    def open(folder: Path, samples: Sequence[Sample]) -> "ImageStatistics":
        """What `describe_images` wrote, of those of `samples` that it holds; Raises FileNotFoundError."""
        by_hash = {s.sha256: s for s in samples}
        with (folder / "images.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        counts = np.array([[int(r["crops"]), int(r["views"])] for r in rows], dtype=np.int64).reshape(-1, 2)
        crops, views = (np.load(folder / f"{look}.npy", mmap_mode="r") for look in ("crops", "views"))
        whole = ImageStatistics(
            tuple(by_hash.get(r["sha256"], _NOBODY) for r in rows),
            tuple(r["condition"] for r in rows),
            counts,
            crops,
            views,
        )
        return whole.where(np.array([s is not _NOBODY for s in whole.samples], dtype=bool))

    def __len__(self) -> int:
        return len(self.samples)

    def where(self, keep: NDArray[np.bool_]) -> "ImageStatistics":
        """Some of the passages, in memory."""
        rows = np.flatnonzero(keep)
        last = np.cumsum(self.counts, axis=0)
        crop, view = (
            np.concatenate([np.arange(last[r, look] - self.counts[r, look], last[r, look]) for r in rows] or [[]])
            for look in (0, 1)
        )
        return ImageStatistics(
            tuple(self.samples[r] for r in rows),
            tuple(self.conditions[r] for r in rows),
            self.counts[rows],
            np.asarray(self.crops[crop.astype(np.int64)]),
            np.asarray(self.views[view.astype(np.int64)]),
        )

    @torch.no_grad()
    def features(self, detector: NaturalTraceDetector) -> list[FeatureRow]:
        """What calibration is fitted to, by this detector's heads; its encoder must be the one that described."""
        found: list[FeatureRow] = []
        crop = view = 0
        for sample, condition, (crops, views) in zip(self.samples, self.conditions, self.counts, strict=True):
            own = detector.trace(torch.from_numpy(self.crops[crop : crop + crops]).float())
            whole = detector.view(torch.from_numpy(self.views[view : view + views]).float())
            crop, view = crop + int(crops), view + int(views)
            outputs = CropOutputs(
                own.logit.numpy(), own.proximity.numpy(), own.quality.numpy(), own.family.numpy(), own.z_hom.numpy()
            )
            values = aggregate.features(outputs, whole.logit.numpy())
            found.append(FeatureRow(sample, condition, values, aggregate.quality(outputs)))
        return found


_NOBODY = Sample(Path(), "", 0, "", "", "", "", 0, 0, "")


def describe_images(
    detector: NaturalTraceDetector, samples: Sequence[Sample], conditions: Sequence[str], folder: Path, workers: int
) -> int:
    """Describe every sample in every condition into `folder`; how many passages. Those that the gates would turn away
    and files that can't be read are left out. `workers` processes decode; the encoder runs in this one."""
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[tuple[str, str, int, int]] = []
    crops: list[Array] = []
    views: list[Array] = []
    waiting: list[Passage] = []

    def work() -> None:
        seen = [p.prepared.crops.pixels for p in waiting if p.prepared.crops is not None]
        crops.append(statistics_of(detector, np.concatenate(seen)))
        views.append(statistics_of(detector, np.concatenate([p.prepared.views for p in waiting])))
        for passage, own in zip(waiting, seen, strict=True):
            lines.append((passage.sample.sha256, passage.condition, len(own), len(passage.prepared.views)))
        waiting.clear()

    for passage in _passages(samples, conditions, workers):
        waiting.append(passage)
        if len(waiting) == _BATCH:
            work()
    if waiting:
        work()
    for name, parts in (("crops", crops), ("views", views)):
        np.save(folder / f"{name}.npy", np.concatenate(parts))
    with (folder / "images.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([_COLUMNS, *lines])
    return len(lines)


def _passages(samples: Sequence[Sample], conditions: Sequence[str], workers: int) -> Iterator[Passage]:
    jobs = [(sample, tuple(conditions)) for sample in samples]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for found in tqdm(pool.imap(_prepare, jobs, chunksize=2), total=len(jobs), unit="image", mininterval=10):
            yield from found


def _prepare(job: tuple[Sample, tuple[str, ...]]) -> list[Passage]:
    sample, conditions = job
    try:
        image = decode(sample.path.read_bytes())
    except (ImagingError, OSError):
        return []
    found = [Passage(sample, condition, prepare(under(image, condition))) for condition in conditions]
    return [p for p in found if _judged(p.prepared)]


def _judged(prepared: Prepared) -> bool:
    crops = prepared.crops
    return crops is not None and gates.declined(crops.pixels, LEAST_TEXTURE) is None
