"""From crops to a level."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from naturaltrace.detection import aggregate
from naturaltrace.detection.card import Aggregation, QualityBin
from naturaltrace.detection.result import PixelLevel
from naturaltrace.detection.session import CropOutputs

_QUANTILES = tuple(np.linspace(-3, 3, 101).tolist())
_BIN = QualityBin(0, 1, 1.0, 0.0, 999, 999, _QUANTILES, _QUANTILES, ai=2.9, likely_ai=2.0, no_sign=-2.0)


def _outputs(logits: list[float]) -> CropOutputs:
    n = len(logits)
    return CropOutputs(
        np.array(logits, dtype=np.float32),
        np.full(n, 0.3, dtype=np.float32),
        np.tile(np.array([0.8, -0.5], dtype=np.float32), (n, 1)),
        np.zeros((n, 4), dtype=np.float32),
        np.zeros((n, 8), dtype=np.float32),
    )


def _views(*logits: float) -> NDArray[np.float32]:
    return np.array(logits, dtype=np.float32)


def test_features_are_what_their_names_say() -> None:
    found = dict(
        zip(aggregate.FEATURES, aggregate.features(_outputs([3.0, -1.0, 1.0]), _views(0.5, 1.5)).tolist(), strict=True)
    )
    assert found["mean"] == pytest.approx(1.0)
    assert found["top"] == pytest.approx(3.0)
    assert found["bottom"] == pytest.approx(-1.0)
    assert found["view"] == pytest.approx(1.0)
    assert aggregate.quality(_outputs([3.0, -1.0, 1.0])) == pytest.approx(0.8)


def test_the_order_of_the_crops_does_not_matter() -> None:
    first = aggregate.features(_outputs([3.0, -1.0, 1.0, 0.2]), _views(0.1))
    assert np.allclose(first, aggregate.features(_outputs([0.2, 1.0, 3.0, -1.0]), _views(0.1)))


def test_one_wild_feature_cannot_run_away_with_the_score() -> None:
    n = len(aggregate.FEATURES)
    plain = Aggregation(aggregate.FEATURES, (0.0,) * n, (1.0,) * n, (1.0,) * n, 0.0)
    values = np.zeros(n)
    values[0] = 1e6
    assert aggregate.score(values, plain) == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (3.5, PixelLevel.AI),
        (2.9, PixelLevel.AI),
        (2.5, PixelLevel.LIKELY_AI),
        (0.0, PixelLevel.UNCLEAR),
        (-2.5, PixelLevel.NO_SIGN),
    ],
)
def test_levels_follow_the_thresholds(score: float, level: PixelLevel) -> None:
    assert aggregate.calibrate(score, _BIN).level is level


@given(st.floats(-50, 50))
def test_rates_and_probabilities_stay_in_range_and_never_promise_certainty(score: float) -> None:
    found = aggregate.calibrate(score, _BIN)
    assert 0 <= found.probability <= 1
    assert 1 / 1001 < found.real_rate <= 1
    assert 1 / 1001 < found.generated_rate <= 1


def test_a_higher_score_means_more_probable_and_rarer_among_real_images() -> None:
    low, high = aggregate.calibrate(-1.0, _BIN), aggregate.calibrate(1.0, _BIN)
    assert low.probability < high.probability
    assert low.real_rate > high.real_rate
    assert low.generated_rate < high.generated_rate
    assert math.isclose(low.real_rate, high.generated_rate, rel_tol=1e-6)
