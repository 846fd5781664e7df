"""The whole image at page size: bounded, of the image's shape, and untouched where it is small enough."""

import numpy as np
import pytest

from naturaltrace.imaging.page_view import PAGE_EDGE, page_view
from naturaltrace.sandbox import wire
from naturaltrace.sandbox.inside import read
from tests.daemon.images import encoded, photo


@pytest.mark.parametrize("size", [(1, 1), (640, 640), (641, 300), (3000, 7), (40, 2000), (1024, 768)])
def test_the_long_edge_is_bounded_and_the_shape_kept(size: tuple[int, int]) -> None:
    width, height = size
    page = page_view(np.zeros((height, width, 3), dtype=np.uint8))
    assert page.dtype == np.uint8
    assert max(page.shape[:2]) <= PAGE_EDGE
    assert min(page.shape[:2]) >= 1
    if min(size) > 100:
        assert page.shape[1] / page.shape[0] == pytest.approx(width / height, rel=0.01)


def test_a_small_image_is_not_resampled() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    assert page_view(pixels) is pixels


@pytest.mark.parametrize("page", [[641, 1], [0, 10], [-1, -1], [10], [10, 10], "ab", None])
def test_a_page_view_that_does_not_hold_together_is_refused(page: object) -> None:
    head, body = wire.pack(read(encoded(photo(200, 150), "PNG"), pixels_only=True))
    assert wire.unpack(head, body).prepared.page.shape == (150, 200, 3)
    with pytest.raises(wire.BadMessage):
        wire.unpack({**head, "page": page}, body)
