"""The one to three places that a person should look at, out of a heat map."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.heatmap import HeatGrid

MOST = 3
_LEAST_CELLS = 4
_LEAST_SEEN = 0.25  # of a region: what no crop looked at is nothing to point at


@dataclass(frozen=True, slots=True)
class Region:
    """A box in shares 0..1 of the image's width and height. `chance` is its mean on the map, `contrast` how far its
    log-odds stand above the rest of the image, `share` the part of the image that its cells cover."""

    x: float
    y: float
    width: float
    height: float
    chance: float
    contrast: float
    share: float


def find_regions(heat: HeatGrid, most: int = MOST) -> tuple[Region, ...]:
    """Connected places that are hot beside the rest of this very image, the most striking first; none in an even map.

    A place is hot above the middle between the map's median and its highest tenth, in log-odds.
    """
    logits = _log_odds(heat.chance)
    order = np.argsort(logits, axis=None)
    middle, high = _median(logits, order), _quantile(logits, order, 0.95)
    if high - middle < 0.5:
        return ()
    hot = (logits > (middle + high) / 2) & (heat.chance > 0.3)
    h, w = hot.shape
    found: list[Region] = []
    for own in _components(hot, heat.seen > 0):
        if float(heat.seen[own].mean()) < _LEAST_SEEN:
            continue
        rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
        rest = order[~own.ravel()[order]]
        found.append(
            Region(
                x=float(columns[0] / w),
                y=float(rows[0] / h),
                width=float((columns[-1] + 1 - columns[0]) / w),
                height=float((rows[-1] + 1 - rows[0]) / h),
                chance=float(heat.chance[own].mean()),
                contrast=float(logits[own].mean()) - (_median(logits, rest) if rest.size else 0.0),
                share=float(own.mean()),
            )
        )
    found.sort(key=lambda r: -r.contrast * min(1.0, r.share / 0.02))
    return tuple(found[:most])


def _log_odds(chance: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    p = np.clip(chance.astype(np.float64), 1e-4, 1 - 1e-4)
    return np.log(p / (1 - p))


def _median(values: NDArray[np.float64], order: NDArray[np.intp]) -> float:
    """Of the values at the flat places in `order`, which sorts them: sorted once, any part's median is soon found."""
    flat = values.ravel()
    return float((flat[order[(order.size - 1) // 2]] + flat[order[order.size // 2]]) / 2)


def _quantile(values: NDArray[np.float64], order: NDArray[np.intp], share: float) -> float:
    """Any other quantile, as numpy gives it to the last bit; numpy would load masked arrays for it, a megabyte."""
    flat, place = values.ravel(), (order.size - 1) * share
    below = int(place)
    part, low, high = place - below, flat[order[below]], flat[order[min(below + 1, order.size - 1)]]
    return float(high - (high - low) * (1 - part) if part >= 0.5 else low + (high - low) * part)


def _components(mask: NDArray[np.bool_], seen: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The four-connected parts of a small mask that have cells enough, and enough of them `seen` at all, by their first
    cell in reading order.

    The mask is one long integer, a bit for each cell and a clear one after each row: a part grows in all directions by
    a few operations on all of its cells at once. It is done for every image.
    """
    left, seen_bits, stride = _bits(mask), _bits(seen), mask.shape[1] + 1
    parts: list[NDArray[np.bool_]] = []
    while left:
        own, before = left & -left, 0
        while own != before:
            before = own
            own = (own | own << 1 | own >> 1 | own << stride | own >> stride) & left
        left ^= own
        cells = own.bit_count()
        # A cell counts for one at most, so fewer can't come to that mean; it is rounded to half precision later.
        if cells >= _LEAST_CELLS and (own & seen_bits).bit_count() >= (_LEAST_SEEN - 0.01) * cells:
            parts.append(_mask(own, mask.shape))
    return parts


def _bits(mask: NDArray[np.bool_]) -> int:
    padded = np.zeros((mask.shape[0], mask.shape[1] + 1), dtype=np.bool_)
    padded[:, :-1] = mask
    return int.from_bytes(np.packbits(padded, bitorder="little").tobytes(), "little")


def _mask(bits: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """What `_bits` took."""
    height, stride = shape[0], shape[1] + 1
    flat = np.frombuffer(bits.to_bytes(-(-height * stride // 8), "little"), np.uint8)
    cells = np.unpackbits(flat, count=height * stride, bitorder="little").reshape(height, stride)
    return cells[:, :-1].view(np.bool_)
