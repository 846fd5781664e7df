"""The points of the curves that a report draws."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Curve:
    x: list[float]
    y: list[float]


def roc(labels: Array, scores: Array, points: int = 200) -> Curve:
    """Found generated images (y) by wrongly flagged real ones (x), at most `points` of them."""
    order = np.argsort(-scores, kind="stable")
    y = np.asarray(labels)[order] > 0.5
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    found = np.cumsum(y)[last] / max(1, y.sum())
    wrong = np.cumsum(~y)[last] / max(1, (~y).sum())
    return _thinned(np.concatenate([[0.0], wrong]), np.concatenate([[0.0], found]), points)


def risk_coverage(labels: Array, probabilities: Array, points: int = 200) -> Curve:
    """Error among the images answered (y) when the surest share of them (x) is answered, at probability 0.5."""
    order = np.argsort(-np.abs(probabilities - 0.5), kind="stable")
    wrong = ((probabilities >= 0.5) != (labels > 0.5))[order]
    count = np.arange(1, len(order) + 1)
    risk = np.cumsum(wrong) / count
    start = min(len(order) - 1, 19)  # the risk of fewer than twenty images is no figure
    return _thinned(count[start:] / len(order), risk[start:], points)


def reliability(labels: Array, probabilities: Array, bins: int = 10) -> Curve:
    """How often images of a probability (x, mean of its bin) were generated (y); bins equally filled."""
    order = np.argsort(probabilities, kind="stable")
    parts = [p for p in np.array_split(order, bins) if len(p)]
    return Curve([float(probabilities[p].mean()) for p in parts], [float(labels[p].mean()) for p in parts])


def share_interval(hits: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    if not count:
        return 0.0, 1.0
    z2 = 1.96**2
    p = hits / count
    middle = (p + z2 / (2 * count)) / (1 + z2 / count)
    half = 1.96 * float(np.sqrt(p * (1 - p) / count + z2 / (4 * count**2))) / (1 + z2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def _thinned(x: Array, y: Array, points: int) -> Curve:
    rows = np.unique(np.linspace(0, len(x) - 1, num=min(points, len(x))).round().astype(np.int64))
    return Curve(x[rows].astype(float).tolist(), y[rows].astype(float).tolist())
