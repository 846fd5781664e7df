"""A shard's statistics with its labels beside them: what heads are trained on."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from naturaltrace_model.data.kinds import kind_numbers, row_weights

_SIZE = 0.2  # power of its size by which a source is drawn


@dataclass(frozen=True, slots=True)
class Described:
    """Statistics (N, size) in half precision, and one entry per row of the rest; a view has no region and no wear."""

    statistics: NDArray[np.float16]
    label: NDArray[np.int64]
    family: NDArray[np.int64]
    source: NDArray[np.int64]
    region: NDArray[np.int64]
    wear: NDArray[np.float64]  # (N, 2): last encoding's quality / 100, log2 of the first rescale
    kind: NDArray[np.int64]  # into KINDS; says nothing of what is generated

    @staticmethod
    def open(statistics: Path, shard: Path) -> "Described":
        """The statistics that `describe` made of the shard or views in a folder."""
        found = np.load(statistics, mmap_mode="r")
        meta = json.loads((shard / "meta.json").read_text(encoding="utf-8"))
        with np.load(shard / "index.npz") as index:
            label, family, source = (index[name] for name in ("label", "family", "source"))
            region = index["region"] if "region" in index else np.arange(len(label))
            wear = (
                np.stack([index["quality"], index["rescale"]], 1) if "quality" in index else np.zeros((len(label), 2))
            )
            if "category" not in index or "categories" not in meta:
                raise ValueError(f"{shard} does not say what its pictures are; draw it again")
            kind = kind_numbers(meta["categories"])[index["category"]]
        if len(found) != len(label):
            raise ValueError(f"{statistics} has {len(found)} rows, {shard} has {len(label)}")
        return Described(found, label, family, source, region, wear, kind)

    @staticmethod
    def gather(parts: Sequence[tuple[Path, Path]]) -> "tuple[Described, list[str]]":
        """Several shards (statistics, folder) as one, in memory where they are more than one; and the names of its
        sources. A source that several shards hold is one source; regions stay apart."""
        names: list[str] = []
        found: Described | None = None
        for statistics, folder in parts:
            part = Described.open(statistics, folder)
            own = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["sources"]
            names += [name for name in own if name not in names]
            number = np.array([names.index(name) for name in own], dtype=np.int64)
            first = 0 if found is None else int(found.region.max()) + 1
            part = replace(part, source=number[part.source], region=part.region + first)
            found = part if found is None else found.joined(part)
        if found is None:
            raise ValueError("no shard to read")
        return found, names

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: NDArray[np.int64]) -> "Described":
        """These rows alone, in memory."""
        return replace(self, **{name: np.asarray(getattr(self, name)[rows]) for name in self.__slots__})

    def joined(self, other: "Described") -> "Described":
        """Both, one after the other; the other's regions and sources must be numbered alike."""
        return Described(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in self.__slots__))

    def by_region(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """The mean of `values` (N,) over the crops of each region."""
        _, place = np.unique(self.region, return_inverse=True)
        return np.bincount(place, values) / np.bincount(place)

    def tensor(self, rows: NDArray[np.int64] | slice = slice(None)) -> Tensor:
        return torch.from_numpy(np.array(self.statistics[rows])).float()


def pairs(
    data: Described, size: int, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Endless: rows of `size` real crops, and of another crop of the same region each."""
    real = np.flatnonzero(data.label == 0)
    order = real[np.argsort(data.region[real], kind="stable")]
    together = np.flatnonzero(data.region[order][1:] == data.region[order][:-1])
    while True:
        first = rng.choice(together, size)
        yield order[first], order[first + 1]


def balanced(data: Described, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Endless: rows, half real (by their kind's share), half generated; in each, sources count nearly alike.

    What bends learns a large source by heart: by the root of its size, as convex fits have it, regions of unseen
    sources are told apart less well (docs/decisions/0016).
    """
    weights = row_weights(data.label, data.source, data.kind, power=_SIZE)
    halves = [(rows := np.flatnonzero(data.label == label), weights[rows] / weights[rows].sum()) for label in (0, 1)]
    while True:
        yield np.concatenate([rng.choice(rows, size // 2, p=chance) for rows, chance in halves])
