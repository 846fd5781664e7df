"""Five classic statistics of an image and boosted trees on top: no network at all.

The five are those of the realism score (edge density, contrast and energy of the grey-level co-occurrence, variance of
the Laplacian, mean of the log spectrum); the trees are scikit-learn's.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naturaltrace_model.baselines.interface import Budget, Material
from naturaltrace_model.training.batches import Mix, balanced_batches

_LEVELS = 16  # grey levels of the co-occurrence
_EDGE = 40.0  # grey levels of gradient that count as an edge


def five(crop: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The five statistics of one uint8 crop (H, W, 3)."""
    grey = crop.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    gradient = np.hypot(np.gradient(grey, axis=0), np.gradient(grey, axis=1))
    levels = (grey * (_LEVELS / 256)).astype(np.int64)
    pairs = np.bincount((levels[:, :-1] * _LEVELS + levels[:, 1:]).ravel(), minlength=_LEVELS**2)
    share = pairs / pairs.sum()
    apart = np.subtract.outer(np.arange(_LEVELS), np.arange(_LEVELS)).ravel() ** 2
    laplacian = (
        grey[1:-1, 2:] + grey[1:-1, :-2] + grey[2:, 1:-1] + grey[:-2, 1:-1] - 4 * grey[1:-1, 1:-1]
    )  # fmt: skip
    spectrum = np.log1p(np.abs(np.fft.rfft2(grey - grey.mean())))
    return np.array(
        [
            float((gradient > _EDGE).mean()),
            float(share @ apart),
            float((share**2).sum()),
            float(np.log1p(laplacian.var())),
            float(spectrum.mean()),
        ]
    )


class ClassicStatistics:
    """The five statistics of as many crops as the networks see, at most `most`, and gradient boosting."""

    idea = "edge density, co-occurrence contrast and energy, Laplacian variance, mean spectrum; boosted trees"
    parameters = 0

    def __init__(self, most: int = 12000) -> None:
        self._most = most
        self._trees: Any = None

    def fit(self, material: Material, budget: Budget, folder: Path) -> None:
        from sklearn.ensemble import HistGradientBoostingClassifier  # pyright: ignore[reportMissingTypeStubs]

        mix = Mix(budget.batch, max(1, budget.batch // 8))
        batches = balanced_batches(material.train, material.twins, mix, budget.seed)
        values: list[NDArray[np.float64]] = []
        labels: list[float] = []
        while len(values) < min(self._most, budget.crops):
            batch = next(batches)
            values.extend(five(crop) for crop in batch.crops.numpy())
            labels.extend(batch.label.tolist())
        self._trees = HistGradientBoostingClassifier(max_iter=150, random_state=budget.seed)
        self._trees.fit(np.stack(values), np.array(labels))

    def score(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        if self._trees is None:
            raise ValueError("fit first")
        return self._trees.predict_proba(np.stack([five(np.asarray(crop)) for crop in crops]))[:, 1]
