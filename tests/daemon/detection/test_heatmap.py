"""The heat map: what the maps say comes out at its place, in colours whose order everybody can see."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from naturaltrace.detection import regions
from naturaltrace.detection.heatmap import COLOURS, HeatGrid, colour, heat_grid, legend, render
from naturaltrace.detection.regions import find_regions
from naturaltrace.detection.session import CropOutputs, ViewOutputs
from naturaltrace.imaging.crops import CROP, Crops

# Machado, Oliveira and Fernandes 2009, full severity, on linear RGB.
_BLIND = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def _crops(boxes: list[tuple[int, int]]) -> Crops:
    return Crops(np.zeros((len(boxes), CROP, CROP, 3), dtype=np.uint8), np.array(boxes), 1.0)


def _rows(logits: list[float], maps: NDArray[np.float32] | None = None) -> CropOutputs:
    n = len(logits)
    nothing = np.zeros((n, 2), dtype=np.float32)
    return CropOutputs(np.array(logits, dtype=np.float32), nothing[:, 0], nothing, nothing, nothing, map=maps)


_NEUTRAL = ViewOutputs(np.zeros(1, dtype=np.float32))


def test_a_hot_corner_of_one_crop_is_hot_at_its_place() -> None:
    inside = np.full((2, 16, 16), -3.0, dtype=np.float32)
    inside[1, :8, 8:] = 5.0  # the upper right quarter of the crop at (256, 128)
    heat = heat_grid(_crops([(0, 0), (256, 128)]), _rows([0, 0], inside), _NEUTRAL, (384, 512))
    y, x = np.unravel_index(int(heat.chance.argmax()), heat.chance.shape)
    assert 128 <= (y + 0.5) * 16 <= 192
    assert 320 <= (x + 0.5) * 16 <= 384
    assert heat.chance[2, 2] < 0.3


def test_without_maps_a_crop_counts_with_its_one_logit() -> None:
    heat = heat_grid(_crops([(0, 0), (256, 0)]), _rows([-4.0, 4.0]), _NEUTRAL, (128, 384))
    assert heat.chance[4, 2] < 0.2
    assert heat.chance[4, 20] > 0.8
    assert heat.seen[4, 2] == pytest.approx(1.0)
    assert heat.seen[4, 12] == pytest.approx(0.0)


def test_where_no_crop_looked_the_whole_image_speaks() -> None:
    view = np.full((1, 5, 5), -2.0, dtype=np.float32)
    view[0, :, 4] = 3.0
    heat = heat_grid(_crops([(0, 0)]), _rows([0.0]), ViewOutputs(np.zeros(1, dtype=np.float32), map=view), (640, 640))
    assert heat.chance[30, 38] > 0.7
    assert heat.chance[30, 8] < 0.3


@pytest.mark.parametrize("shape", [(128, 128), (130, 2000), (2048, 300), (777, 801)])
def test_every_shape_has_a_map_of_its_shape(shape: tuple[int, int]) -> None:
    heat = heat_grid(_crops([(0, 0)]), _rows([1.0]), _NEUTRAL, shape)
    assert heat.chance.shape == heat.seen.shape
    assert np.isfinite(heat.chance).all()
    assert 0 <= float(heat.chance.min()) <= float(heat.chance.max()) <= 1
    assert max(heat.chance.shape) <= 64
    picture = Image.open(io.BytesIO(render(heat, shape[1], shape[0])))
    assert picture.mode == "RGBA"
    assert picture.width / picture.height == pytest.approx(shape[1] / shape[0], rel=0.02)
    assert picture.text["Legend"].split()[0] == f"0.0={legend()[0]['colour']}"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def test_what_points_to_nothing_is_clear_and_what_does_is_seen() -> None:
    shown = colour(np.array([[0.0, 0.3, 0.6, 1.0]], dtype=np.float32))
    alphas = shown[0, :, 3].tolist()
    assert alphas[0] == alphas[1] == 0
    assert 0 < alphas[2] < alphas[3] < 255


@pytest.mark.parametrize("kind", [None, *_BLIND])
def test_the_colours_keep_their_order_for_every_eye(kind: str | None) -> None:
    """Lightness rises from stop to stop by a visible step, as printed in grey and as colour-blind people see it."""
    rgb = np.array([c for _, c in COLOURS], dtype=np.float64) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    if kind is not None:
        linear = np.clip(linear @ np.array(_BLIND[kind]).T, 0, 1)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    lightness = 116 * np.cbrt(luminance) - 16
    assert (np.diff(lightness) > 8).all()


def _grid(hot: list[tuple[slice, slice]], seen: float = 1.0) -> HeatGrid:
    chance = np.full((24, 32), 0.1, dtype=np.float32)
    for place in hot:
        chance[place] = 0.9
    return HeatGrid(chance, np.full((24, 32), seen, dtype=np.float32))


def test_a_hot_place_becomes_one_region_with_its_box() -> None:
    (region,) = find_regions(_grid([(slice(6, 12), slice(8, 16))]))
    assert (region.x, region.y, region.width, region.height) == (0.25, 0.25, 0.25, 0.25)
    assert region.chance == pytest.approx(0.9)
    assert region.contrast > 3
    assert region.share == pytest.approx(48 / 768)


def test_an_even_map_has_none_and_no_map_has_more_than_three() -> None:
    assert find_regions(_grid([])) == ()
    many = [(slice(i * 6, i * 6 + 3), slice(j * 8, j * 8 + 3)) for i in range(4) for j in range(4)]
    assert len(find_regions(_grid(many))) == 3


def test_nothing_is_pointed_at_where_no_crop_looked() -> None:
    assert find_regions(_grid([(slice(6, 12), slice(8, 16))], seen=0.1)) == ()


def _filled(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Four-connected parts, cell by cell."""
    left, parts = mask.copy(), list[NDArray[np.bool_]]()
    for start in zip(*np.nonzero(mask), strict=True):
        if not left[start]:
            continue
        own, cells = np.zeros_like(mask), [start]
        while cells:
            y, x = cells.pop()
            if 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1] and left[y, x]:
                left[y, x], own[y, x] = False, True
                cells += [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        parts.append(own)
    return parts


@pytest.mark.parametrize("seed", range(12))
def test_parts_of_a_map_are_found_as_if_cell_by_cell(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (1, 64) if seed == 0 else (64, 1) if seed == 1 else tuple(rng.integers(2, 65, 2))
    mask = rng.random(shape) < rng.uniform(0.2, 0.8)
    found = regions._components(mask, mask)  # pyright: ignore[reportPrivateUsage]
    expected = [part for part in _filled(mask) if part.sum() >= 4]
    assert [part.tolist() for part in found] == [part.tolist() for part in expected]
    assert regions._components(mask, np.zeros_like(mask)) == []  # pyright: ignore[reportPrivateUsage]


def test_a_quantile_is_numpys_to_the_last_bit() -> None:
    rng = np.random.default_rng(0)
    for shape in ((1, 1), (1, 2), (3, 5), (24, 32), (40, 40)):
        values = rng.normal(0, 3, shape)
        for share in (0.0, 0.3, 0.95, 1.0):
            found = regions._quantile(values, np.argsort(values, axis=None), share)  # pyright: ignore[reportPrivateUsage]
            assert found == float(np.quantile(values, share))
