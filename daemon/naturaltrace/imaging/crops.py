"""Which crops the detector looks at. Serving, training and evaluation all choose them here.

Rich and poor texture behave differently under a generator (PatchCraft), so both are looked at, with a plain grid for
what lies between. No pixel is resampled unless the long edge passes `MAX_EDGE`.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CROP = 128
STRIDE = 64
MAX_EDGE = 2048
RICH, POOR, GRID = 3, 2, 1
# Candidates are laid no denser than this along each axis: 30 × 30 variances say enough of where texture is.
_MAX_STEPS = 30


@dataclass(frozen=True, slots=True)
class Crops:
    """`pixels` uint8 (N, 128, 128, 3); `boxes` int (N, 2): x, y in the working view; `scale` working view / image."""

    pixels: NDArray[np.uint8]
    boxes: NDArray[np.int64]
    scale: float


def working_view(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """The pixels themselves, or, where the long edge passes `MAX_EDGE`, a Lanczos copy of that size, and its scale."""
    height, width = pixels.shape[:2]
    scale = MAX_EDGE / max(height, width)
    if scale >= 1.0:
        return pixels, 1.0
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)), scale


def choose_crops(pixels: NDArray[np.uint8], *, rich: int = RICH, poor: int = POOR, grid: int = GRID) -> Crops:
    """The crops of an image (H, W, 3), each at most once, overlapping by no more than half where there is room.

    Raises ValueError when a side is shorter than one crop.
    """
    view, scale = working_view(pixels)
    height, width = view.shape[:2]
    if min(height, width) < CROP:
        raise ValueError(f"{width} × {height} is smaller than one crop of {CROP} × {CROP}")
    ys, xs = _positions(height), _positions(width)
    texture = _texture(view, ys, xs).ravel()
    candidates = np.stack(np.meshgrid(ys, xs, indexing="ij"), axis=-1).reshape(-1, 2)
    taken: list[int] = []
    by_texture = np.argsort(texture, kind="stable")
    _take(by_texture[::-1], rich, candidates, taken)
    _take(by_texture, poor, candidates, taken)
    spread = np.linspace(0, len(candidates) - 1, num=grid * 4 + 1).astype(np.int64)[2::4]
    _take(np.concatenate([spread, by_texture[len(by_texture) // 2 :]]), grid, candidates, taken)
    chosen = candidates[taken]
    crops = np.stack([view[y : y + CROP, x : x + CROP] for y, x in chosen])
    return Crops(crops, chosen[:, ::-1].copy(), scale)


def _positions(length: int) -> NDArray[np.int64]:
    """Evenly spaced crop origins from edge to edge, about `STRIDE` apart."""
    room = length - CROP
    steps = min(_MAX_STEPS, -(-room // STRIDE) + 1)
    return np.unique(np.linspace(0, room, num=steps).astype(np.int64))


def _texture(view: NDArray[np.uint8], ys: NDArray[np.int64], xs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean absolute difference of neighbouring green pixels in each candidate crop, through one summed-area table.

    The table has rows only where a crop begins or ends: a full one would cost twenty times as much.
    """
    green = view[:, :, 1].astype(np.int16)
    activity = np.zeros(green.shape, dtype=np.int16)
    np.abs(green[:, 1:] - green[:, :-1], out=activity[:, 1:])
    activity[1:] += np.abs(green[1:] - green[:-1])
    edges = np.unique(np.concatenate([ys, ys + CROP]))
    table = np.zeros((len(edges), green.shape[1] + 1), dtype=np.int64)
    for row, (start, stop) in enumerate(pairwise(edges), start=1):
        table[row, 1:] = activity[start:stop].sum(axis=0, dtype=np.int32)
    np.cumsum(table, axis=0, out=table)
    np.cumsum(table, axis=1, out=table)
    top, bottom = np.searchsorted(edges, ys)[:, None], np.searchsorted(edges, ys + CROP)[:, None]
    left, right = xs[None, :], xs[None, :] + CROP
    total = table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]
    return total / (CROP * CROP)


def _take(order: NDArray[np.int64], count: int, candidates: NDArray[np.int64], taken: list[int]) -> None:
    """Append up to `count` of `order` to `taken`, leaving out crops within half a crop of one already there."""
    goal = len(taken) + count
    for index in order:
        if len(taken) >= goal:
            return
        apart = np.abs(candidates[taken] - candidates[index]).max(axis=1) if taken else np.array([CROP])
        if int(apart.min()) >= CROP // 2:
            taken.append(int(index))
