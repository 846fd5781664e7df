"""Shares read off quantiles: numpy's interpolation, found by halving."""

import math

import numpy as np
import pytest

from naturaltrace.detection.quantiles import share_from, share_up_to


def _interpolated(value: float, quantiles: list[float]) -> float:
    return float(np.interp(value, quantiles, np.linspace(0, 1, len(quantiles)), left=0.0, right=1.0))


@pytest.mark.parametrize("seed", range(20))
def test_shares_are_those_of_plain_interpolation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Whole numbers, so that some quantiles are equal and some values hit one.
    quantiles = sorted(float(v) for v in rng.integers(0, 30, 2 + 5 * seed))
    for value in (-1.0, *quantiles, *(float(v) for v in rng.uniform(0, 30, 50)), 31.0):
        assert share_up_to(value, quantiles) == pytest.approx(_interpolated(value, quantiles), abs=1e-12)
        mirrored = _interpolated(-value, [-q for q in reversed(quantiles)])
        assert share_from(value, quantiles) == pytest.approx(mirrored, abs=1e-12)


def test_no_number_gives_no_share() -> None:
    assert math.isnan(share_up_to(math.nan, (0.0, 1.0)))
    assert math.isnan(share_from(math.nan, (0.0, 1.0)))
