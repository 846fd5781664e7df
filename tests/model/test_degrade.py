"""The wear that both classes go through."""

import numpy as np
import pytest
from PIL import Image

from naturaltrace_model.data import degrade


def _picture(side: int = 256) -> Image.Image:
    rng = np.random.default_rng(5)
    coarse = Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    return coarse.resize((side, side), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("seed", range(40))
def test_a_chain_keeps_room_for_a_crop_and_repeats_itself(seed: int) -> None:
    first = degrade.apply(degrade.draw_chain(np.random.default_rng(seed)), _picture())
    again = degrade.apply(degrade.draw_chain(np.random.default_rng(seed)), _picture())
    assert min(first.size) >= degrade.SMALLEST
    assert first.mode == "RGB"
    assert np.array_equal(np.asarray(first), np.asarray(again))


def test_most_chains_end_in_an_encoding_and_some_do_not() -> None:
    rng = np.random.default_rng(0)
    chains = [degrade.draw_chain(rng) for _ in range(600)]
    encoded = np.mean([bool(c) and isinstance(c[-1], degrade.Jpeg | degrade.WebP) for c in chains])
    assert 0.85 < encoded < 0.97


def test_scaling_never_enlarges() -> None:
    rng = np.random.default_rng(0)
    assert all(0 < degrade.draw_scale(rng, edge) <= 1 for edge in (150, 400, 1024, 6000) for _ in range(50))


def test_a_lower_jpeg_quality_strays_further_from_the_original() -> None:
    picture = _picture()
    pixels = np.asarray(picture, dtype=np.float64)
    errors = [np.abs(np.asarray(degrade.Jpeg(q, 2)(picture)) - pixels).mean() for q in (95, 60, 30)]
    assert errors[0] < errors[1] < errors[2]
