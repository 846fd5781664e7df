"""An image's texture: small, and close enough to what the graph said."""

import numpy as np
import pytest

from naturaltrace.detection.session import CropOutputs, ViewOutputs
from naturaltrace.detection.texture import texture, unpacked


def _crops(texture: np.ndarray[tuple[int, int], np.dtype[np.float32]] | None, count: int = 3) -> CropOutputs:
    column, rows = np.zeros(count, dtype=np.float32), np.zeros((count, 2), dtype=np.float32)
    return CropOutputs(column, column, rows, rows, rows, texture=texture)


def _views(texture: np.ndarray[tuple[int, int], np.dtype[np.float32]] | None, count: int = 2) -> ViewOutputs:
    return ViewOutputs(np.zeros(count, dtype=np.float32), texture=texture)


def test_it_is_the_mean_over_crops_and_over_views_in_eight_bits() -> None:
    rng = np.random.default_rng(0)
    crops = rng.uniform(-6, 6, (3, 50)).astype(np.float32)
    views = np.full((2, 50), 6.0, dtype=np.float32)
    found = texture(_crops(crops), _views(views))
    assert found is not None
    assert found.nbytes == 100
    deviations = unpacked(found) * np.sqrt(100)
    assert deviations[:50] == pytest.approx(crops.mean(0), abs=0.025)
    assert deviations[50:] == pytest.approx(6.0, abs=0.025)


def test_what_is_read_has_a_length_near_one_whatever_the_size() -> None:
    rng = np.random.default_rng(0)
    for size in (20, 2000):
        rows = rng.normal(0, 1, (1, size)).astype(np.float32)
        found = texture(_crops(rows, 1), _views(rows, 1))
        assert found is not None
        assert np.linalg.norm(unpacked(found)) == pytest.approx(1, abs=0.3)


def test_a_graph_without_it_gives_none() -> None:
    rows = np.zeros((2, 4), dtype=np.float32)
    assert texture(_crops(None), _views(None)) is None
    assert texture(_crops(None), _views(rows)) is None


def test_each_image_of_a_run_has_its_own_rows() -> None:
    rows = np.arange(12, dtype=np.float32).reshape(4, 3)
    of_crops, of_views = _crops(rows, 4).rows(1, 3), _views(rows, 4).rows(2, 4)
    assert of_crops.texture is not None
    assert of_views.texture is not None
    assert np.array_equal(of_crops.texture, rows[1:3])
    assert np.array_equal(of_views.texture, rows[2:4])
