"""The small squares that the global branch looks at."""

import numpy as np
import pytest
from PIL import Image

from naturaltrace.imaging.views import VIEW, shrink, square_views


@pytest.mark.parametrize(
    ("height", "width", "count"), [(400, 400, 1), (400, 480, 1), (400, 500, 2), (2000, 300, 2), (128, 128, 1)]
)
def test_squares_whatever_the_shape(height: int, width: int, count: int) -> None:
    views = square_views(np.zeros((height, width, 3), dtype=np.uint8))
    assert views.shape == (count, VIEW, VIEW, 3)


def test_a_long_image_is_seen_at_both_ends() -> None:
    pixels = np.zeros((200, 800, 3), dtype=np.uint8)
    pixels[:, :200] = 250
    pixels[:, 600:] = 100
    first, last = square_views(pixels)
    assert first.mean() == pytest.approx(250, abs=1)
    assert last.mean() == pytest.approx(100, abs=1)


@pytest.mark.parametrize(("height", "width"), [(300, 400), (611, 401), (768, 1024)])
def test_overlapping_squares_show_what_each_shows_alone(height: int, width: int) -> None:
    y, x = np.mgrid[0:height, 0:width] / 40
    pixels = np.stack([np.sin(x) * np.cos(y), np.sin(x + y), np.cos(x - 2 * y)], axis=-1)
    pixels = (pixels * 100 + 128).astype(np.uint8)
    first, last = square_views(pixels).astype(int)
    side = min(height, width)
    image = Image.fromarray(pixels)
    alone = [shrink(image, corner, side).astype(int) for corner in ((0, 0), (width - side, height - side))]
    # Half a pixel of the view is all by which the last one may be shifted.
    assert np.abs(first - alone[0]).max() <= 3
    assert np.abs(last - alone[1]).mean() <= 4


def test_a_square_one_is_not_stretched() -> None:
    ramp = np.repeat(np.linspace(0, 255, 320).astype(np.uint8)[None, :, None], 320, 0).repeat(3, 2)
    (view,) = square_views(ramp)
    assert np.all(np.diff(view[80, 5:-5, 0].astype(int)) >= 0)
    assert np.abs(np.diff(view[5:-5, 80, 0].astype(int))).max() <= 1
