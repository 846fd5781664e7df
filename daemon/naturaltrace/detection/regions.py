"""The one to three places that a person should look at, out of a heat map."""

from collections import deque
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
    middle, high = float(np.median(logits)), float(np.quantile(logits, 0.95))
    if high - middle < 0.5:
        return ()
    hot = (logits > (middle + high) / 2) & (heat.chance > 0.3)
    found: list[Region] = []
    for own in _components(hot):
        if own.sum() < _LEAST_CELLS or float(heat.seen[own].mean()) < _LEAST_SEEN:
            continue
        rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
        h, w = own.shape
        rest = logits[~own]
        found.append(
            Region(
                x=float(columns[0] / w),
                y=float(rows[0] / h),
                width=float((columns[-1] + 1 - columns[0]) / w),
                height=float((rows[-1] + 1 - rows[0]) / h),
                chance=float(heat.chance[own].mean()),
                contrast=float(logits[own].mean() - (np.median(rest) if rest.size else 0.0)),
                share=float(own.mean()),
            )
        )
    found.sort(key=lambda r: -r.contrast * min(1.0, r.share / 0.02))
    return tuple(found[:most])


def _log_odds(chance: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    p = np.clip(chance.astype(np.float64), 1e-4, 1 - 1e-4)
    return np.log(p / (1 - p))


def _components(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The four-connected parts of a small mask."""
    left = mask.copy()
    parts: list[NDArray[np.bool_]] = []
    h, w = mask.shape
    for start in np.argwhere(mask).tolist():
        if not left[start[0], start[1]]:
            continue
        own = np.zeros_like(mask)
        queue = deque([(start[0], start[1])])
        left[start[0], start[1]] = False
        while queue:
            y, x = queue.popleft()
            own[y, x] = True
            for a, b in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= a < h and 0 <= b < w and left[a, b]:
                    left[a, b] = False
                    queue.append((a, b))
        parts.append(own)
    return parts
