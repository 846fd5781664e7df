"""Training crops, drawn once and kept as one uint8 array that training maps into memory.

`crops.npy` is uint8 (N, 128, 128, 3); `index.npz` holds one value per crop: `label` (0 real, 1 generated), `family`
(into FAMILIES), `source` and `category` (into the lists in `meta.json`), `region` (crops of one region share it),
`twin` (the region of the real image that a reconstruction was made of, else -1), `quality` (last JPEG or WebP quality
/ 100, 1 for none) and `rescale` (log2 of the first rescale).
"""

import hashlib
import json
import multiprocessing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from naturaltrace.imaging.crops import CROP
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.errors import ImagingError
from naturaltrace_model.data import degrade
from naturaltrace_model.data.manifest import FAMILIES, Sample

REGION = 256
CROPS_PER_REGION = 2
_RAW_FORMATS = ("PNG", "BMP", "TIFF", "WEBP", "GIF")


@dataclass(frozen=True, slots=True)
class Region:
    """A piece of one image at its final scale, before wear: uint8 (side, side, 3), 140 <= side <= 256."""

    pixels: NDArray[np.uint8]
    seed: int  # of its wear
    rescale: float


@dataclass(frozen=True, slots=True)
class Worn:
    """The crops that came out of one region, uint8 (n, 128, 128, 3), and the quality of its last encoding."""

    crops: NDArray[np.uint8]
    quality: float


def draw_regions(sample: Sample, count: int, seed: int) -> list[Region]:
    """`count` regions of one image, repeatable for the same seed; none when it can't be read or is too small."""
    rng = np.random.default_rng([seed, int(sample.sha256[:12], 16)])
    try:
        pixels = decode(sample.path.read_bytes()).pixels
    except (ImagingError, OSError):
        return []
    if min(pixels.shape[:2]) < degrade.SMALLEST:
        return []
    image = Image.fromarray(pixels)
    regions: list[Region] = []
    for _ in range(count):
        scale = degrade.draw_scale(rng, max(sample.width, sample.height))
        scale = max(scale, degrade.SMALLEST / min(image.size))
        side = min(REGION / scale, *image.size)
        left = float(rng.uniform(0, image.width - side)) if image.width > side else 0.0
        top = float(rng.uniform(0, image.height - side)) if image.height > side else 0.0
        box = (int(left), int(top), int(left) + int(side), int(top) + int(side))
        piece = image.crop(box)
        if sample.format in _RAW_FORMATS and rng.random() < 0.8:
            # Most real pictures were a JPEG before; those that never were must not stand out by it.
            piece = degrade.draw_jpeg(rng, 75, 97)(piece)
        target = min(REGION, round(int(side) * scale)) // 8 * 8
        if target != piece.width:
            piece = piece.resize((target, target), degrade.draw_kernel(rng))
        regions.append(Region(np.asarray(piece), int(rng.integers(2**31)), float(np.log2(scale))))
    return regions


def wear(region: Region, pixels: NDArray[np.uint8] | None = None) -> Worn:
    """The region's own chain and crops; with `pixels`, the same draw on other pixels of the same shape (its twin)."""
    rng = np.random.default_rng(region.seed)
    chain = degrade.draw_chain(rng)
    image = degrade.apply(chain, Image.fromarray(region.pixels if pixels is None else pixels))
    last = chain[-1] if chain else None
    quality = last.quality / 100 if isinstance(last, degrade.Jpeg | degrade.WebP) else 1.0
    worn = np.asarray(image)
    crops = [_crop(worn, rng, candidates) for candidates in (3, 1)[:CROPS_PER_REGION]]
    return Worn(np.stack(crops), quality)


def plan_regions(samples: list[Sample], budget: int, most: int = 6) -> list[int]:
    """How many regions each image gives, about `budget` per class.

    A source's share grows with the square root of its size, and hard real categories weigh more: one large gallery
    must not be what "generated" or "real" means.
    """
    weights = np.array([HARD.get(s.category, 1.0) for s in samples])
    size_of: dict[tuple[str, int], int] = {}
    for s in samples:
        size_of[s.source, s.label] = size_of.get((s.source, s.label), 0) + 1
    weights /= np.sqrt([size_of[s.source, s.label] for s in samples])
    labels = np.array([s.label for s in samples])
    counts = np.zeros(len(samples), dtype=np.int64)
    for label in (0, 1):
        own = labels == label
        if own.any():
            counts[own] = np.clip(np.round(weights[own] / weights[own].sum() * budget), 1, most)
    return counts.tolist()


class ShardWriter:
    """Collects crops and writes the two files; `close` makes them whole. An unfinished shard has no index."""

    def __init__(self, folder: Path, capacity: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._crops = np.lib.format.open_memmap(
            folder / "crops.npy", mode="w+", dtype=np.uint8, shape=(capacity, CROP, CROP, 3)
        )
        self._rows: list[tuple[int, int, int, int, int, int, float, float]] = []
        self._sources: dict[str, int] = {}
        self._categories: dict[str, int] = {}

    def add(self, worn: Worn, sample: Sample, family: str, region: int, twin: int, rescale: float) -> None:
        source = self._sources.setdefault(sample.source, len(self._sources))
        category = self._categories.setdefault(sample.category, len(self._categories))
        label = int(family != "real")
        for crop in worn.crops:
            self._crops[len(self._rows)] = crop
            row = (label, FAMILIES.index(family), source, category, region, twin, worn.quality, rescale)
            self._rows.append(row)

    def close(self, **meta: Any) -> int:
        """Write the index; the number of crops. `crops.npy` may be longer: only the index counts."""
        self._crops.flush()
        names = ("label", "family", "source", "category", "region", "twin", "quality", "rescale")
        columns: list[Any] = [np.array(c) for c in zip(*self._rows, strict=True)]
        np.savez(self.folder / "index.npz", **dict(zip(names, columns, strict=True)))
        described = {"sources": list(self._sources), "categories": list(self._categories), **meta}
        (self.folder / "meta.json").write_text(json.dumps(described, indent=1), encoding="utf-8")
        return len(self._rows)


def build(samples: list[Sample], folder: Path, *, budget: int, seed: int, twins: int, workers: int) -> int:
    """Draw about `budget` regions per class and write their crops; returns how many crops there are.

    The first `twins` real regions (of a shuffled order) are kept whole in `regions.npy` with their numbers and seeds
    in `regions.npz`, for `reconstruct.add_twins` to pass through autoencoders.
    """
    counts = plan_regions(samples, budget)
    jobs = [(samples[i], counts[i], seed) for i in np.random.default_rng(seed).permutation(len(samples))]
    writer = ShardWriter(folder, sum(counts) * CROPS_PER_REGION)
    kept: list[NDArray[np.uint8]] = []
    facts: list[tuple[int, int, float]] = []
    number = 0
    for sample, drawn in _in_pool(jobs, workers):
        for region, worn in drawn:
            whole = region.pixels.shape[0] == REGION
            if sample.label == 0 and whole and len(kept) < twins:
                kept.append(region.pixels)
                facts.append((number, region.seed, region.rescale))
            writer.add(worn, sample, sample.family, number, -1, region.rescale)
            number += 1
    if kept:
        np.save(folder / "regions.npy", np.stack(kept))
        numbers, seeds, rescales = zip(*facts, strict=True)
        np.savez(folder / "regions.npz", number=np.array(numbers), seed=np.array(seeds), rescale=np.array(rescales))
    digest = hashlib.sha256("".join(s.sha256 for s in samples).encode()).hexdigest()
    return writer.close(seed=seed, images=len(samples), images_sha256=digest)


def _job(job: tuple[Sample, int, int]) -> tuple[Sample, list[tuple[Region, Worn]]]:
    sample, count, seed = job
    return sample, [(region, wear(region)) for region in draw_regions(sample, count, seed)]


def _in_pool(
    jobs: Iterable[tuple[Sample, int, int]], workers: int
) -> Iterator[tuple[Sample, list[tuple[Region, Worn]]]]:
    from tqdm import tqdm

    jobs = list(jobs)
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from tqdm(pool.imap(_job, jobs, chunksize=8), total=len(jobs), desc="crops", unit="image", mininterval=5)


def _crop(worn: NDArray[np.uint8], rng: Generator, candidates: int) -> NDArray[np.uint8]:
    """The most textured of a few random crops."""
    best, best_texture = worn[:CROP, :CROP], -1.0
    for _ in range(candidates):
        y = int(rng.integers(worn.shape[0] - CROP + 1))
        x = int(rng.integers(worn.shape[1] - CROP + 1))
        crop = worn[y : y + CROP, x : x + CROP]
        texture = float(np.abs(np.diff(crop[:, :, 1].astype(np.int16), axis=1)).mean())
        if texture > best_texture:
            best, best_texture = crop, texture
    return best


# What users complain of most is looked at more often.
HARD = {
    "screenshot-graphic": 1.6,
    "meme-social": 1.6,
    "art": 1.3,
    "anime-comic": 1.6,
    "render-game": 1.6,
    "photo-stock": 1.4,
    "photo-face": 1.4,
    "photo-bw": 1.4,
    "photo-historic": 1.3,
    "document-scan": 1.4,
    "photo-unverified": 0.3,
}
