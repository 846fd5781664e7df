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


def average_precision(labels: Array, scores: Array) -> float:
    """Area under precision over recall, as steps; tied scores are taken together. NaN without a positive."""
    labels = np.asarray(labels) > 0.5
    if not labels.any():
        return float("nan")
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    sorted_scores, hits = np.asarray(scores)[order], np.cumsum(labels[order])
    last = np.append(np.flatnonzero(np.diff(sorted_scores)), len(order) - 1)
    recall = hits[last] / hits[-1]
    return float((np.diff(recall, prepend=0.0) * hits[last] / (last + 1)).sum())


def recall_at(labels: Array, scores: Array, rate: float) -> float:
    """The share of generated images above the score that at most `rate` of the real ones reach. NaN without both."""
    labels = np.asarray(labels) > 0.5
    scores = np.asarray(scores, dtype=np.float64)
    if labels.all() or not labels.any():
        return float("nan")
    real = np.sort(scores[~labels])[::-1]
    return float((scores[labels] > real[int(rate * len(real))]).mean())


def split_point(labels: Array, scores: Array) -> float:
    """The score from which to say "generated", so that balanced accuracy on these rows is highest."""
    labels = np.asarray(labels) > 0.5
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    found = np.cumsum(labels[order]) / max(1, labels.sum())
    wrong = np.cumsum(~labels[order]) / max(1, (~labels).sum())
    return float(np.asarray(scores)[order[int(np.argmax(found - wrong))]])


def calibration_error(labels: Array, probabilities: Array, bins: int = 10, *, balanced: bool = False) -> float:
    """Expected calibration error over equally filled bins; `balanced`: as if both classes were equally many, which is
    what a probability for equal classes has to be held to. NaN when that is asked and a class is missing."""
    labels = np.asarray(labels) > 0.5
    weights = np.ones(len(labels))
    if balanced:
        if labels.all() or not labels.any():
            return float("nan")
        weights[labels], weights[~labels] = 0.5 / labels.sum(), 0.5 / (~labels).sum()
    order = np.argsort(probabilities, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    parts = np.split(order, np.searchsorted(reached, np.arange(1, bins) / bins + 1e-9, side="right"))
    share = [weights[p].sum() / weights.sum() for p in parts]
    gaps = [abs(np.average(labels[p] - probabilities[p], weights=weights[p])) if len(p) else 0.0 for p in parts]
    return float(np.dot(share, gaps))


def bootstrap(
    figure: Callable[[Array], float],
    count: int,
    *,
    rounds: int = 500,
    seed: int = 0,
    groups: NDArray[np.str_] | None = None,
) -> tuple[float, float]:
    """The 95 % interval of `figure(rows)` over resamples of `count` rows; resamples without a class are left out.

    With `groups` (count,) whole groups are drawn instead, each with all its rows.
    """
    rng = np.random.default_rng(seed)
    if groups is None:
        drawn = (rng.integers(count, size=count) for _ in range(rounds))
    else:
        own = [np.flatnonzero(groups == name) for name in np.unique(groups)]
        drawn = (np.concatenate([own[i] for i in rng.integers(len(own), size=len(own))]) for _ in range(rounds))
    found = np.array([figure(rows) for rows in drawn])
    found = found[np.isfinite(found)]
    if not len(found):
        return float("nan"), float("nan")
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def _mid_ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[place]
