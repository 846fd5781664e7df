"""Fits what the card holds: the aggregation, and per quality bin its Platt scaling, quantiles and thresholds.

Every score that a threshold or a probability is fitted to comes out of fold, by source: the aggregation that scored an
image was fitted without the repository that image came from.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # pyright: ignore[reportMissingTypeStubs]
from sklearn.model_selection import GroupKFold  # pyright: ignore[reportMissingTypeStubs]

from naturaltrace.detection.aggregate import FEATURES, score
from naturaltrace.detection.card import Aggregation, QualityBin, Rates
from naturaltrace_model.evaluation.rows import FeatureRow

RATES = Rates(ai=0.005, likely_ai=0.03, no_sign=0.05)
EDGES = (0.55, 0.75)
QUANTILES = 101
_MOST_PER_SOURCE = 150
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    aggregation: Aggregation
    bins: tuple[QualityBin, ...]
    least_proximity: float


def fit(rows: Sequence[FeatureRow], *, folds: int = 5, seed: int = 0) -> Calibration:
    """Fit on feature rows of the val split. Raises ValueError when a quality bin lacks one of the classes."""
    rows = _balanced(rows, seed)
    x = np.stack([r.features for r in rows])
    y = np.array([r.sample.label for r in rows])
    sources = np.array([r.sample.source for r in rows])
    weights = _weights(y, sources)
    out_of_fold = np.zeros(len(rows))
    for fitted, held in GroupKFold(folds).split(x, y, sources):
        aggregation = _aggregation(x[fitted], y[fitted], weights[fitted])
        out_of_fold[held] = [score(v, aggregation) for v in x[held]]
    quality = x[:, FEATURES.index("quality")]
    edges = (-1e9, *EDGES, 1e9)
    bins = tuple(
        _bin(low, high, out_of_fold[own], y[own], weights[own])
        for low, high in itertools.pairwise(edges)
        for own in [(quality >= low) & (quality < high)]
    )
    proximity = x[:, FEATURES.index("proximity")]
    return Calibration(_aggregation(x, y, weights), bins, float(np.quantile(proximity, 0.001)))


def threshold(real: Array, rate: float) -> float | None:
    """The lowest score that at most `rate` of `real` reach, conformally: (1 + reaching) / (1 + n) <= rate.

    None where n is too small to promise it.
    """
    allowed = int(rate * (len(real) + 1)) - 1
    if allowed < 0:
        return None
    highest = np.sort(real)[::-1]
    return float(np.nextafter(highest[allowed], np.inf))


def _bin(low: float, high: float, scores: Array, y: NDArray[Any], weights: Array) -> QualityBin:
    real, generated = scores[y == 0], scores[y == 1]
    if not len(real) or not len(generated):
        raise ValueError(f"no calibration images of both classes with quality {low:.2f} to {high:.2f}")
    platt = LogisticRegression(C=1e3).fit(scores[:, None], y, sample_weight=weights)
    likely = threshold(real, RATES.likely_ai)
    lowest = threshold(-generated, RATES.no_sign)
    no_sign = None if lowest is None else -lowest
    if no_sign is not None and likely is not None:
        # Where the classes lie far apart the two promises would overlap; a flagged image is never "no sign".
        no_sign = min(no_sign, likely)
    steps = np.linspace(0, 1, QUANTILES)
    return QualityBin(
        low=low,
        high=high,
        slope=float(cast(Any, platt.coef_)[0, 0]),
        intercept=float(cast(Any, platt.intercept_)[0]),
        real_count=len(real),
        generated_count=len(generated),
        real_scores=tuple(np.round(np.quantile(real, steps), 5).tolist()),
        generated_scores=tuple(np.round(np.quantile(generated, steps), 5).tolist()),
        ai=threshold(real, RATES.ai),
        likely_ai=likely,
        no_sign=no_sign,
    )


def _aggregation(x: Array, y: NDArray[Any], weights: Array) -> Aggregation:
    means, deviations = x.mean(0), x.std(0) + 1e-6
    standard = np.clip((x - means) / deviations, -4.0, 4.0)
    logistic = LogisticRegression(C=0.1).fit(standard, y, sample_weight=weights)
    return Aggregation(
        features=FEATURES,
        means=tuple(np.round(means, 6).tolist()),
        deviations=tuple(np.round(deviations, 6).tolist()),
        weights=tuple(np.round(cast(Any, logistic.coef_)[0], 6).tolist()),
        bias=round(float(cast(Any, logistic.intercept_)[0]), 6),
    )


def _weights(y: NDArray[Any], sources: NDArray[Any]) -> Array:
    """Each class half of the weight, and within it each source by the square root of its size."""
    weights = np.ones(len(y))
    for label in (0, 1):
        own = y == label
        names, place, counts = np.unique(sources[own], return_inverse=True, return_counts=True)
        each = np.sqrt(counts) / counts
        share = each[place]
        weights[own] = share / share.sum() * len(y) / 2 if len(names) else 0.0
    return weights


def _balanced(rows: Sequence[FeatureRow], seed: int) -> list[FeatureRow]:
    """At most so many rows of one source, class and condition: a large gallery must not set the thresholds alone."""
    rng = np.random.default_rng(seed)
    groups: dict[tuple[str, int, str], list[FeatureRow]] = {}
    for row in rows:
        groups.setdefault((row.sample.source, row.sample.label, row.condition), []).append(row)
    kept: list[FeatureRow] = []
    for own in groups.values():
        chosen = rng.permutation(len(own))[:_MOST_PER_SOURCE]
        kept.extend(own[i] for i in sorted(chosen))
    return kept
