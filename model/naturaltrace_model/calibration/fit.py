"""Fits what the card holds: the aggregation, and per quality bin its Platt scaling, quantiles and thresholds.

All calibration images come from repositories that training never saw. The fits are stiff on purpose: few weights,
each bound to the sign its feature was trained for. With some twenty sources per class, a free fit learns which source
is which (measured: out-of-fold by source it turned the sign round and took the test AUC from 0.65 to 0.36).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.aggregate import FEATURES, score
from naturaltrace.detection.card import Aggregation, QualityBin, Rates
from naturaltrace_model.calibration.logistic import fit_logistic
from naturaltrace_model.data.kinds import image_weights, kind_numbers, row_weights
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.evaluation.rows import FeatureRow

RATES = Rates(ai=0.005, likely_ai=0.03, no_sign=0.05)
BINS = 3  # of estimated quality, equally filled
QUANTILES = 101
# How a feature may speak: 1 only for generated, -1 only against.
_SIGNS = {"mean": 1, "top": 1, "bottom": 1, "spread": 1, "proximity": -1, "view": 1}
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    aggregation: Aggregation
    bins: tuple[QualityBin, ...]
    least_proximity: float


def fit(rows: Sequence[FeatureRow]) -> Calibration:
    """Fit on feature rows of the val split. Raises ValueError when a quality bin lacks one of the classes."""
    x = np.stack([r.features for r in rows])
    y = np.array([r.sample.label for r in rows])
    sources = np.array([r.sample.source for r in rows])
    kinds = kind_numbers([r.sample.category for r in rows])
    weights = row_weights(y, sources, kinds)
    quality = np.array([r.quality for r in rows])
    aggregation = _aggregation(x, y, weights)
    scores = np.array([score(v, aggregation) for v in x])
    inner = np.quantile(quality, np.linspace(0, 1, BINS + 1)[1:-1]).round(5).tolist()
    bins = tuple(
        _bin(low, high, scores[own], y[own], weights[own], sources[own], kinds[own])
        for low, high in itertools.pairwise((-1e9, *inner, 1e9))
        for own in [(quality >= low) & (quality < high)]
    )
    proximity = x[:, FEATURES.index("proximity")]
    return Calibration(aggregation, bins, float(np.quantile(proximity, 0.001)))


def threshold(real: Array, rate: float, weights: Array | None = None) -> float | None:
    """The lowest score that at most `rate` of `real` reach, conformally: (1 + reaching) / (1 + n) <= rate, where n and
    those that reach it are counted by `weights`, in units of their mean.

    None where n is too small to promise it.
    """
    allowed = rate * (len(real) + 1) - 1
    if allowed < 0:
        return None
    highest = np.argsort(real)[::-1]
    reaching = np.arange(1.0, len(real) + 1) if weights is None else np.cumsum(weights[highest]) / weights.mean()
    first = int(np.searchsorted(reaching, allowed * (1 + 1e-12), side="right"))
    return float(np.nextafter(real[highest[first]], np.inf))


def careful_threshold(
    real: Array, sources: NDArray[Any], rate: float, weights: Array | None = None, *, rounds: int = 400
) -> float | None:
    """A threshold that keeps the promise for other sources too: the 90 % quantile of `threshold` over draws of sources.

    Images of one source are alike, so a threshold from all of them together promises less than their number suggests
    (measured on 0.1.0: 5.5 % flagged where 3 % were promised). Sources are drawn with replacement, each with all its
    images; None where `threshold` itself promises nothing.
    """
    weights = np.ones(len(real)) if weights is None else weights
    plain = threshold(real, rate, weights)
    if plain is None:
        return None
    names = np.unique(sources)
    rng = np.random.default_rng(0)
    own = [np.flatnonzero(sources == name) for name in names]
    drawn = (np.concatenate([own[i] for i in rng.integers(len(names), size=len(names))]) for _ in range(rounds))
    found = [t for rows in drawn if (t := threshold(real[rows], rate, weights[rows])) is not None]
    return max(plain, float(np.quantile(found, 0.9))) if found else plain


def _bin(
    low: float,
    high: float,
    scores: Array,
    y: NDArray[Any],
    weights: Array,
    sources: NDArray[Any],
    kinds: NDArray[np.int64],
) -> QualityBin:
    real, generated = scores[y == 0], scores[y == 1]
    of_real, of_generated = sources[y == 0], sources[y == 1]
    if not len(real) or not len(generated):
        raise ValueError(f"no calibration images of both classes with quality {low:.2f} to {high:.2f}")
    (slope,), intercept = fit_logistic(scores[:, None], y, weights, signs=(1,), ridge=1e-3)
    alike = image_weights(kinds[y == 0])
    likely = careful_threshold(real, of_real, RATES.likely_ai, alike)
    lowest = careful_threshold(-generated, of_generated, RATES.no_sign)
    no_sign = None if lowest is None else -lowest
    if no_sign is not None and likely is not None:
        # Where the classes lie far apart the two promises would overlap; a flagged image is never "no sign".
        no_sign = min(no_sign, likely)
    steps = np.linspace(0, 1, QUANTILES)
    return QualityBin(
        low=low,
        high=high,
        slope=round(float(slope), 6),
        intercept=round(intercept, 6),
        real_count=len(real),
        generated_count=len(generated),
        real_scores=tuple(np.round(np.quantile(real, steps, weights=alike, method="inverted_cdf"), 5).tolist()),
        generated_scores=tuple(np.round(np.quantile(generated, steps), 5).tolist()),
        ai=careful_threshold(real, of_real, RATES.ai, alike),
        likely_ai=likely,
        no_sign=no_sign,
    )


def _aggregation(x: Array, y: NDArray[Any], weights: Array) -> Aggregation:
    means, deviations = x.mean(0), x.std(0) + 1e-6
    standard = np.clip((x - means) / deviations, -4.0, 4.0)
    found, bias = fit_logistic(standard, y, weights, signs=tuple(_SIGNS[f] for f in FEATURES), ridge=0.02)
    return Aggregation(
        features=FEATURES,
        means=tuple(np.round(means, 6).tolist()),
        deviations=tuple(np.round(deviations, 6).tolist()),
        weights=tuple(np.round(found, 6).tolist()),
        bias=round(bias, 6),
    )


def balanced(samples: Sequence[Sample], *, most: int = 150, seed: int = 0) -> list[Sample]:
    """At most so many samples of one source and class: a large gallery must not set the thresholds alone."""
    rng = np.random.default_rng(seed)
    groups: dict[tuple[str, int], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.source, sample.label), []).append(sample)
    return [own[i] for own in groups.values() for i in sorted(rng.permutation(len(own))[:most])]
