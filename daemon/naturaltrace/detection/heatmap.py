"""Where in the image: the localiser's map, or, where there is no localiser, the detector's own maps on one small grid.

The latter runs nothing a second time. Where crops looked, their maps count; where none did, the grid falls back to what
lies nearby and to the global branch, and `seen` says how much was looked at.
"""

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from naturaltrace.detection.session import CropOutputs, ViewOutputs
from naturaltrace.imaging.crops import CROP, Crops

CELL = 16  # pixels of the working view
_MOST_CELLS = 64  # along the longer side
_SMOOTH = 1.0  # cells: the deviation of the Gaussian over what was seen
_REACH = 3.0  # cells: how far a value is handed on to where nothing was seen
_SPREAD = 1.5  # log-odds
_VIEW_WEIGHT = 0.05  # of the global branch's map, against 1 for a crop that looked there
_MAX_EDGE = 768  # pixels of the rendered map

# Dark blue over teal and amber to pale yellow: lightness only rises, so that the order survives every kind of colour
# blindness and a grey print.
COLOURS: tuple[tuple[float, tuple[int, int, int]], ...] = (
    (0.0, (12, 20, 72)),
    (0.25, (29, 71, 120)),
    (0.5, (64, 124, 130)),
    (0.75, (214, 158, 62)),
    (1.0, (255, 240, 150)),
)
_CLEAR_BELOW, _MOST_OPAQUE = 0.35, 0.78


@dataclass(frozen=True, slots=True)
class HeatGrid:
    """`chance` (h, w), 0..1 for each cell of the image; `seen` (h, w), 0..1: how much crops looked there.

    Both in half precision: they are remembered with the findings on thousands of images.
    """

    chance: NDArray[np.floating[Any]]
    seen: NDArray[np.floating[Any]]


def heat_grid(crops: Crops, rows: CropOutputs, views: ViewOutputs, shape: tuple[int, int]) -> HeatGrid:
    """The grid of one image of `shape` (height, width).

    The maps are log-odds. A crop without a map of its own counts with its one logit.
    """
    height, width = (max(1, round(s * crops.scale)) for s in shape)
    cell = max(CELL, -(-max(height, width) // _MOST_CELLS))
    grid = (-(-height // cell), -(-width // cell))
    total, weight = np.zeros(grid, dtype=np.float32), np.zeros(grid, dtype=np.float32)
    inside = rows.logit[:, None, None] if rows.map is None else _within(rows.map)
    for (x, y), logits in zip(crops.boxes.tolist(), inside, strict=True):
        _lay(total, weight, logits, x / cell, y / cell, CROP / cell)
    seen = np.clip(weight, 0, 1)
    smooth, near = _blur(total, _SMOOTH), _blur(weight, _SMOOTH)
    wide, around = _blur(total, _REACH), _blur(weight, _REACH)
    whole = _whole_view(views, shape, grid)
    logits = (smooth + 0.1 * wide + _VIEW_WEIGHT * whole) / (near + 0.1 * around + _VIEW_WEIGHT)
    chance = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return HeatGrid(chance.astype(np.float16), seen.astype(np.float16))


def grid_of(log_odds: NDArray[np.float32]) -> HeatGrid:
    """The grid of a localiser's map (h, w), which saw all of the image."""
    seen = np.ones_like(log_odds)
    smooth = _blur(log_odds, _SMOOTH) / _blur(seen, _SMOOTH)
    chance = 1 / (1 + np.exp(-np.clip(smooth, -30, 30)))
    return HeatGrid(chance.astype(np.float16), seen.astype(np.float16))


def _within(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """The maps with no crop's own deviation above `_SPREAD`: single places of a crop say more of what is shown there
    than of how it was made, and must not outshout the crop."""
    mean = maps.mean(axis=(1, 2), keepdims=True)
    deviation = maps.std(axis=(1, 2), keepdims=True)
    return mean + (maps - mean) * np.minimum(1.0, _SPREAD / np.maximum(deviation, 1e-6))


def _lay(
    total: NDArray[np.float32],
    weight: NDArray[np.float32],
    logits: NDArray[np.float32],
    x: float,
    y: float,
    side: float,
) -> None:
    """Add a square map of `side` cells at (x, y), both in cells, by the share of each cell that it covers."""
    n = logits.shape[0]
    down, across = _shares(y, side, n, total.shape[0]), _shares(x, side, n, total.shape[1])
    total += down @ logits.astype(np.float32) @ across.T
    weight += down.sum(1)[:, None] * across.sum(1)[None, :]


def _shares(start: float, side: float, parts: int, cells: int) -> NDArray[np.float32]:
    """(cells, parts): which share of each cell each of `parts` equal pieces of the stretch covers."""
    edges = start + side * np.arange(parts + 1) / parts
    low = np.maximum(edges[None, :-1], np.arange(cells)[:, None])
    high = np.minimum(edges[None, 1:], np.arange(1, cells + 1)[:, None])
    return np.maximum(0, high - low).astype(np.float32)


def _whole_view(views: ViewOutputs, shape: tuple[int, int], grid: tuple[int, int]) -> NDArray[np.float32]:
    """The global branch's map over the whole image, from its one or two squares."""
    if views.map is None:
        return np.full(grid, float(views.logit.mean()), dtype=np.float32)
    height, width = shape
    side = min(height, width)
    total, weight = np.zeros(grid, dtype=np.float32), np.full(grid, 1e-6, dtype=np.float32)
    shares = (0.5,) if len(views.map) == 1 else (0.0, 1.0)
    for share, logits in zip(shares, views.map, strict=True):
        top, left = (height - side) * share / height * grid[0], (width - side) * share / width * grid[1]
        n = logits.shape[0]
        down = _shares(top, side / height * grid[0], n, grid[0])
        across = _shares(left, side / width * grid[1], n, grid[1])
        total += down @ logits.astype(np.float32) @ across.T
        weight += down.sum(1)[:, None] * across.sum(1)[None, :]
    return (total / weight).astype(np.float32)


def _blur(values: NDArray[np.float32], deviation: float) -> NDArray[np.float32]:
    """Gaussian along both axes, zero outside: weights fade at the border as the values do."""
    blurred = _kernel(values.shape[0], deviation) @ values @ _kernel(values.shape[1], deviation)
    return blurred.astype(np.float32)


@cache
def _kernel(length: int, deviation: float) -> NDArray[np.float32]:
    distance = np.arange(length)[:, None] - np.arange(length)[None, :]
    weights = np.exp(-0.5 * (distance / deviation) ** 2)
    return (weights / weights.sum(axis=1).max()).astype(np.float32)


def colour(chance: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """RGBA (h, w, 4) of chances 0..1: nearly clear where nothing points to a generator."""
    stops = [s for s, _ in COLOURS]
    rgb = [np.interp(chance, stops, [c[i] for _, c in COLOURS]) for i in range(3)]
    alpha = np.clip((chance - _CLEAR_BELOW) / (1 - _CLEAR_BELOW), 0, 1) * _MOST_OPAQUE * 255
    return np.stack([*rgb, alpha], axis=-1).round().astype(np.uint8)


def legend() -> list[dict[str, object]]:
    """What the colours mean, from low to high: `chance` 0..1 and `colour` as #rrggbb."""
    return [{"chance": stop, "colour": f"#{r:02x}{g:02x}{b:02x}"} for stop, (r, g, b) in COLOURS]


def render(heat: HeatGrid, width: int, height: int) -> bytes:
    """A PNG with alpha of the image's shape, its longer side at most 768 pixels, to be laid over the image.

    The legend is in its text chunk "Legend" as `chance=#rrggbb` pairs.
    """
    scale = min(1.0, _MAX_EDGE / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    smooth = Image.fromarray(heat.chance.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    image = Image.fromarray(colour(np.clip(np.asarray(smooth), 0, 1)))
    text = PngInfo()
    text.add_text("Legend", " ".join(f"{e['chance']}={e['colour']}" for e in legend()))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=text, compress_level=6)
    return buffer.getvalue()


def is_heat_map(path: Path) -> bool:
    """Whether `render` made this file."""
    try:
        with Image.open(path) as image:
            return image.format == "PNG" and "Legend" in image.info
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def legend_strip(width: int = 256, height: int = 24) -> bytes:
    """A PNG bar from chance 0 (left) to 1 (right), without alpha, for those who read the map outside the panel."""
    bar = colour(np.tile(np.linspace(0, 1, width, dtype=np.float32), (height, 1)))[:, :, :3]
    buffer = io.BytesIO()
    Image.fromarray(bar).save(buffer, "PNG")
    return buffer.getvalue()
