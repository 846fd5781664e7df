"""Kinds of real pictures, and what each counts for.

Sources are found where they are found: 188 more of them made drawings a third of all real pictures, and photographs and
screenshots were flagged more often for it. So each kind counts as it does on the pages that people read, however many
sources of it were found (docs/decisions/0015).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Rounded by hand, with a feed in mind; nothing was fitted.
SHARES = {"photo": 0.60, "drawn": 0.18, "graphic": 0.14, "rendered": 0.08}
KINDS = tuple(SHARES)
_MOST = 4.0  # times the average: what one image may count
_KIND_OF = {
    "art": "drawn",
    "anime-comic": "drawn",
    "poster-cover": "drawn",
    "screenshot-graphic": "graphic",
    "document-scan": "graphic",
    "meme-social": "graphic",
    "render-game": "rendered",
}


def kind_number(category: str) -> int:
    """Where the kind of a real picture of this category stands in KINDS; what no rule names is a photograph."""
    return KINDS.index(_KIND_OF.get(category, "photo"))


def kind_numbers(categories: Sequence[str]) -> NDArray[np.int64]:
    """`kind_number` of each."""
    return np.array([kind_number(c) for c in categories], dtype=np.int64)


def row_weights(
    labels: NDArray[Any], sources: NDArray[Any], kinds: NDArray[Any], power: float = 0.5
) -> NDArray[np.float64]:
    """One weight per row (N,), mean 1: half of the whole for each class; of the real half each kind has its share, of
    what kinds there are; and in that, each source counts by its size to this power (0: all alike)."""
    weights = np.zeros(len(labels))
    for label in (0, 1):
        groups = (
            [(labels == 1, 1.0)] if label else [((labels == 0) & (kinds == k), SHARES[n]) for k, n in enumerate(KINDS)]
        )
        present = [(rows, share) for rows, share in groups if rows.any()]
        whole = sum(share for _, share in present)
        for rows, share in present:
            weights[rows] = by_size(sources[rows], power) * (share / whole * len(labels) / 2)
    return weights


def image_weights(kinds: NDArray[Any]) -> NDArray[np.float64]:
    """One weight per real image (N,), mean 1: each kind has its share, of what kinds there are, and in it each image
    counts alike; but none more than four times the average, or three renders among 500 images would set a threshold."""
    counts = np.bincount(kinds, minlength=len(KINDS))
    shares = np.array(list(SHARES.values()))
    weights = (shares / np.maximum(counts, 1))[kinds]
    weights = np.minimum(weights / weights.mean(), _MOST)
    return weights / weights.mean()


def by_size(groups: NDArray[Any], power: float = 0.5) -> NDArray[np.float64]:
    """Shares (N,), 1 together, in which each group counts by its size to this power: by default by its root."""
    _, place, counts = np.unique(groups, return_inverse=True, return_counts=True)
    share = counts[place] ** (power - 1.0)
    return share / share.sum()
