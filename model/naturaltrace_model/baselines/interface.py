"""What every baseline offers, and what it is given: the same crops, the same number of steps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from naturaltrace_model.training.batches import Shard


@dataclass(frozen=True, slots=True)
class Budget:
    """`steps` of `batch` crops for everything that a row trains; `width` scales the channels of every trunk."""

    steps: int = 150
    batch: int = 64
    width: float = 0.5
    learning_rate: float = 2e-3
    seed: int = 0

    @property
    def widths(self) -> tuple[int, int, int, int]:
        """Channels of the four stages, multiples of 8; 1.0 is the released trace branch's trunk."""
        first, second, third, fourth = (max(8, round(w * self.width / 8) * 8) for w in (32, 64, 128, 192))
        return first, second, third, fourth

    @property
    def crops(self) -> int:
        return self.steps * self.batch


@dataclass(frozen=True, slots=True)
class Material:
    """The crops to learn from; `twins` are reconstructions of real crops in `train`, None where there are none."""

    train: Shard
    twins: Shard | None = None


class Baseline(Protocol):
    """One row of the table. `fit` may leave checkpoints in `folder`; `score` needs `fit` before it."""

    @property
    def idea(self) -> str:
        """One line on what it looks at, for the table."""
        ...

    @property
    def parameters(self) -> int:
        """Learned numbers; 0 where nothing is learned."""
        ...

    def fit(self, material: Material, budget: Budget, folder: Path) -> None: ...

    def score(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """uint8 (N, 128, 128, 3) to (N,): higher leans to generated, in no particular unit."""
        ...


def chosen(shard: Shard, rows: NDArray[Any]) -> Shard:
    """The crops of `shard` at `rows` (indices or a mask) as a shard of its own; nothing is copied."""
    rows = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
    columns = ("label", "family", "source", "category", "region", "twin", "quality", "rescale")
    picked: Any = _Picked(shard.crops, rows)
    return Shard(
        crops=picked,
        sources=shard.sources,
        categories=shard.categories,
        **{name: getattr(shard, name)[rows] for name in columns},
    )


class _Picked:
    """Reads rows of a larger array, which stays where it is: a training shard does not fit into memory twice."""

    def __init__(self, whole: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
        self._whole, self._rows = whole, rows

    def __getitem__(self, index: Any) -> NDArray[np.uint8]:
        return self._whole[self._rows[index]]

    def __len__(self) -> int:
        return len(self._rows)
