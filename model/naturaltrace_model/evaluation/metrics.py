"""Figures of merit, each from plain arrays, with bootstrap intervals where a table needs them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def auc(labels: Array, scores: Array) -> float:
    """Area under the ROC curve; ties count half. NaN when one class is missing."""
    labels = np.asarray(labels) > 0.5
    positives, negatives = int(labels.sum()), int((~labels).sum())
    if positives == 0 or negatives == 0:
        return float("nan")
    ranks = _mid_ranks(np.asarray(scores, dtype=np.float64))
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def balanced_accuracy(labels: Array, called: Array) -> float:
    """Mean of the recalls of both classes; `called` is true where generated was said. NaN when a class is missing."""
    labels = np.asarray(labels) > 0.5
    called = np.asarray(called, dtype=bool)
    if labels.all() or not labels.any():
        return float("nan")
    return float((called[labels].mean() + (~called[~labels]).mean()) / 2)


def calibration_error(labels: Array, probabilities: Array, bins: int = 10) -> float:
    """Expected calibration error over equally filled bins."""
    order = np.argsort(probabilities, kind="stable")
    parts = [p for p in np.array_split(order, bins) if len(p)]
    gaps = [abs(labels[p].mean() - probabilities[p].mean()) * len(p) for p in parts]
    return float(sum(gaps) / len(order))


def bootstrap(figure: Callable[[Array], float], count: int, *, rounds: int = 500, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of `figure(rows)` over resamples of `count` rows; resamples without a class are left out."""
    rng = np.random.default_rng(seed)
    found = np.array([figure(rng.integers(count, size=count)) for _ in range(rounds)])
    found = found[np.isfinite(found)]
    if not len(found):
        return float("nan"), float("nan")
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def _mid_ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[place]
