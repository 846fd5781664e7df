"""Balanced batches out of cached shards."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from naturaltrace_model.data import webdataset
from naturaltrace_model.data.kinds import by_size


@dataclass(frozen=True, slots=True)
class Shard:
    """One folder of crops, mapped into memory. All arrays have one entry per crop, see `data.shards`."""

    crops: NDArray[np.uint8]
    label: NDArray[np.int64]
    family: NDArray[np.int64]
    source: NDArray[np.int64]
    category: NDArray[np.int64]
    region: NDArray[np.int64]
    twin: NDArray[np.int64]
    quality: NDArray[np.float64]
    rescale: NDArray[np.float64]
    sources: tuple[str, ...]
    categories: tuple[str, ...]

    @staticmethod
    def open(folder: Path) -> "Shard":
        """A folder of `data.shards`, or one of WebDataset tars (`data.webdataset`)."""
        if webdataset.holds(folder):
            tars = webdataset.read(folder)
            # Indexed like an array, without being one.
            mapped = cast("NDArray[np.uint8]", tars.crops)
            return Shard(crops=mapped, sources=tars.sources, categories=tars.categories, **tars.columns)
        with np.load(folder / "index.npz") as index:
            columns = {name: index[name] for name in index.files}
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        crops = np.load(folder / "crops.npy", mmap_mode="r")
        return Shard(crops=crops, sources=tuple(meta["sources"]), categories=tuple(meta["categories"]), **columns)

    def __len__(self) -> int:
        return len(self.label)

    def rows_of_region(self) -> dict[int, NDArray[np.int64]]:
        order = np.argsort(self.region, kind="stable")
        cuts = np.flatnonzero(np.diff(self.region[order])) + 1
        return {int(self.region[rows[0]]): rows for rows in np.split(order, cuts)}


@dataclass(frozen=True, slots=True)
class Batch:
    """`crops` uint8 (B, 128, 128, 3); the rest (B,). `region` is shared by a real crop and its reconstruction."""

    crops: Tensor
    label: Tensor
    family: Tensor
    region: Tensor
    quality: Tensor  # (B, 2): last encoding's quality / 100 and log2 of the first rescale

    def to(self, device: torch.device) -> "Batch":
        return Batch(*(getattr(self, name).to(device, non_blocking=True) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Mix:
    """How a batch is made up: `pairs` real crops with their own reconstructions, the rest half real, half generated."""

    size: int = 128
    pairs: int = 16


def balanced_batches(main: Shard, twins: Shard | None, mix: Mix, seed: int) -> Iterator[Batch]:
    """Endless batches, drawn with replacement; the same seed gives the same batches.

    Real crops come as they lie in the shard, which is balanced by source already; generated ones are drawn by family
    first (square root of its size), so that no large gallery is what "generated" means.
    """
    rng = np.random.default_rng(seed)
    real = np.flatnonzero(main.label == 0)
    generated = np.flatnonzero(main.label == 1)
    chance = by_size(main.family[generated])
    pairs = mix.pairs if twins is not None else 0
    rows_of = main.rows_of_region() if pairs else {}
    half = mix.size // 2
    while True:
        parts = [
            _take(main, rng.choice(real, half - pairs), rng),
            _take(main, rng.choice(generated, half - pairs, p=chance), rng),
        ]
        if twins is not None and pairs:
            rows = rng.integers(len(twins), size=pairs)
            parts.append(_take(twins, rows, rng))
            parts.append(_take(main, np.array([rng.choice(rows_of[int(t)]) for t in twins.twin[rows]]), rng))
        yield Batch(*(torch.cat([getattr(p, name) for p in parts]) for name in Batch.__slots__))


def real_pairs(main: Shard, size: int, seed: int) -> Iterator[tuple[Batch, Batch]]:
    """Endless pairs of batches: two different crops of each of `size` real regions."""
    rng = np.random.default_rng(seed)
    groups = [rows for rows in main.rows_of_region().values() if main.label[rows[0]] == 0 and len(rows) > 1]
    while True:
        drawn = [rng.permutation(groups[i])[:2] for i in rng.integers(len(groups), size=size)]
        yield _take(main, np.array([d[0] for d in drawn]), rng), _take(main, np.array([d[1] for d in drawn]), rng)


def random_crops(shard: Shard, size: int, seed: int) -> Iterator[Batch]:
    """Endless batches of `size` crops, drawn evenly from the whole shard."""
    rng = np.random.default_rng(seed)
    while True:
        yield _take(shard, rng.integers(len(shard), size=size), rng)


def _take(shard: Shard, rows: NDArray[np.int64], rng: Generator) -> Batch:
    crops = np.stack([_turned(shard.crops[row], rng) for row in rows])
    quality = np.stack([shard.quality[rows], shard.rescale[rows]], axis=1)
    # A reconstruction goes by its twin's region, so that the loss can tell whose it is.
    return Batch(
        crops=torch.from_numpy(crops),
        label=torch.from_numpy(shard.label[rows]).float(),
        family=torch.from_numpy(shard.family[rows]),
        region=torch.from_numpy(shard.region[rows]),
        quality=torch.from_numpy(quality).float(),
    )


def _turned(crop: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """One of the eight flips and quarter turns: they move pixels and change none."""
    crop = np.rot90(crop, int(rng.integers(4)))
    return crop[:, ::-1] if rng.random() < 0.5 else crop
