"""Which crops are looked at."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from naturaltrace.imaging.crops import CROP, GRID, MAX_EDGE, POOR, RICH, choose_crops


def _image(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@settings(max_examples=40, deadline=None)
@given(height=st.integers(CROP, 700), width=st.integers(CROP, 700))
def test_every_crop_lies_inside_and_none_comes_twice(height: int, width: int) -> None:
    pixels = _image(height, width)
    crops = choose_crops(pixels)
    assert 1 <= len(crops.pixels) <= RICH + POOR + GRID
    assert len({tuple(b) for b in crops.boxes.tolist()}) == len(crops.boxes)
    for (x, y), crop in zip(crops.boxes, crops.pixels, strict=True):
        assert np.array_equal(pixels[y : y + CROP, x : x + CROP], crop)


def test_textured_and_plain_places_are_both_looked_at() -> None:
    pixels = np.full((1024, 1024, 3), 128, dtype=np.uint8)
    pixels[:, :256] = _image(1024, 256)
    left = choose_crops(pixels).boxes[:, 0] + CROP // 2 < 256
    assert left.sum() >= RICH
    assert (~left).sum() >= POOR


def test_the_same_pixels_give_the_same_crops() -> None:
    pixels = _image(500, 800)
    assert np.array_equal(choose_crops(pixels).boxes, choose_crops(pixels.copy()).boxes)


def test_only_very_large_images_are_scaled() -> None:
    assert choose_crops(_image(300, MAX_EDGE)).scale == 1.0
    assert choose_crops(_image(300, 2 * MAX_EDGE)).scale == pytest.approx(0.5)


def test_an_image_smaller_than_a_crop_is_refused() -> None:
    with pytest.raises(ValueError, match="smaller than one crop"):
        choose_crops(_image(CROP - 1, 500))
