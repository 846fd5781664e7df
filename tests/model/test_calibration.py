"""Calibration keeps its promises on exchangeable images, and makes none that it can't keep."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator

from naturaltrace.detection.aggregate import FEATURES
from naturaltrace_model.data.manifest import Sample
from tests.needs import needs

needs("scipy", "dev")

from naturaltrace.detection import aggregate  # noqa: E402
from naturaltrace_model.calibration import fit as calibration  # noqa: E402
from naturaltrace_model.evaluation.rows import FeatureRow  # noqa: E402


def _row(rng: Generator, label: int, source: str, quality: float) -> FeatureRow:
    values = rng.normal(size=len(FEATURES))
    values[FEATURES.index("mean")] += 2.0 * label
    sample = Sample(Path(), "val", label, "photo", "", source, "", 1, 1, "")
    return FeatureRow(sample, "clean", values, quality)


def _rows(seed: int, sources: int = 60, each: int = 30) -> list[FeatureRow]:
    rng = np.random.default_rng(seed)
    return [
        _row(rng, label, f"{label}-{source}", float(rng.uniform(0.3, 1.0)))
        for label in (0, 1)
        for source in range(sources)
        for _ in range(each)
    ]


@given(
    real=st.lists(st.floats(-5, 5), min_size=1, max_size=300),
    rate=st.sampled_from([0.005, 0.03, 0.05, 0.2]),
)
def test_a_threshold_is_reached_by_no_more_than_its_rate(real: list[float], rate: float) -> None:
    scores = np.array(real)
    found = calibration.threshold(scores, rate)
    if found is None:
        assert 1 / (len(real) + 1) > rate
    else:
        assert (1 + (scores >= found).sum()) / (len(real) + 1) <= rate + 1e-12


@given(
    scores=st.lists(st.tuples(st.floats(-5, 5), st.floats(0.1, 9)), min_size=1, max_size=300),
    rate=st.sampled_from([0.005, 0.03, 0.2]),
)
def test_a_threshold_counts_images_by_their_weights(scores: list[tuple[float, float]], rate: float) -> None:
    real, weights = np.array(scores).T
    found = calibration.threshold(real, rate, weights)
    if found is None:
        assert 1 / (len(real) + 1) > rate
    else:
        reached = weights[real >= found].sum() / weights.mean()
        assert (1 + reached) / (len(real) + 1) <= rate + 1e-9


def test_promises_hold_on_new_images_of_the_same_law() -> None:
    fitted = calibration.fit(_rows(seed=1))
    new = _rows(seed=2)
    flagged = {0: [], 1: []}
    chances: list[float] = []
    for row in new:
        own = next(b for b in fitted.bins if b.low <= row.quality < b.high)
        result = aggregate.calibrate(aggregate.score(row.features, fitted.aggregation), own)
        flagged[row.sample.label].append(result.level.value in ("ai", "likely_ai"))
        chances.append(result.probability)
    assert np.mean(flagged[0]) < 0.045  # promised 0.03; 1 800 new images scatter by about 0.004
    assert np.mean(flagged[1]) > 0.3
    labels = np.array([r.sample.label for r in new])
    high = np.array(chances) > 0.8
    assert labels[high].mean() == pytest.approx(np.array(chances)[high].mean(), abs=0.05)


def test_a_small_calibration_makes_no_sharp_promise() -> None:
    fitted = calibration.fit(_rows(seed=3, sources=6, each=20))
    assert all(b.ai is None for b in fitted.bins)


def test_a_flagged_score_is_never_below_the_no_sign_threshold() -> None:
    apart = _rows(seed=4, sources=40, each=20)
    for row in apart:
        row.features[FEATURES.index("mean")] += 20 * row.sample.label
    for own in calibration.fit(apart).bins:
        assert own.likely_ai is not None
        assert own.no_sign is not None
        assert own.no_sign <= own.likely_ai


def test_a_feature_never_speaks_against_what_it_was_trained_for() -> None:
    turned = _rows(seed=5, sources=10, each=20)
    for row in turned:
        row.features[FEATURES.index("mean")] *= -1
    fitted = calibration.fit(turned)
    assert fitted.aggregation.weights[FEATURES.index("mean")] == 0.0
    assert all(b.slope >= 0 for b in fitted.bins)


def test_a_careful_threshold_allows_for_a_source_unlike_the_others() -> None:
    rng = np.random.default_rng(0)
    alike = rng.normal(size=600)
    sources = np.repeat(np.arange(12), 50)
    odd = alike + 3.0 * (sources == 11)
    plain, careful = (f for f in (calibration.threshold(odd, 0.05), calibration.careful_threshold(odd, sources, 0.05)))
    assert plain is not None
    assert careful is not None
    assert careful > plain
    assert calibration.careful_threshold(alike[:5], sources[:5], 0.05) is None
