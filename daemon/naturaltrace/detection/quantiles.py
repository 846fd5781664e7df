"""Where a figure lies among evenly spaced quantiles of known images' figures.

Found by halving, in the tuples that a card is read into: a verdict asks a dozen times, and making arrays of them for
each figure takes longer than all the rest of it.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def share_up_to(value: float, quantiles: Sequence[float]) -> float:
    """The share (0..1) of images with this figure or a lower one. `quantiles` ascend, two or more; NaN for NaN."""
    count = len(quantiles)
    reached = bisect_right(quantiles, value)
    if math.isnan(value):
        return value
    if not 0 < reached < count:
        return float(reached > 0)
    low, high = quantiles[reached - 1], quantiles[reached]
    return _between(value - low, high - low, reached, count)


def share_from(value: float, quantiles: Sequence[float]) -> float:
    """The share (0..1) of images with this figure or a higher one."""
    count = len(quantiles)
    reached = count - bisect_left(quantiles, value)
    if math.isnan(value):
        return value
    if not 0 < reached < count:
        return float(reached > 0)
    high, low = quantiles[count - reached], quantiles[count - reached - 1]
    return _between(high - value, high - low, reached, count)


def _between(past: float, step: float, reached: int, count: int) -> float:
    each = 1 / (count - 1)
    return each / step * past + (reached - 1) * each
