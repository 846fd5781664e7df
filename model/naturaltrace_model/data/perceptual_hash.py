"""A hash of what a picture looks like: near pictures have near hashes, however they were scaled or encoded.

The signs of the 256 lowest frequencies of a 64 × 64 grey thumbnail, against their median (pHash). Copies of a picture
differ in a few bits, unrelated pictures in about 128.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy.fft import dctn  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

_SIDE = 16
_WORDS = _SIDE * _SIDE // 64
UNRELATED = _SIDE * _SIDE // 2  # bits that two unrelated pictures differ in, about


def of_file(path: Path) -> NDArray[np.uint64] | None:
    """The hash (4,) of an image file; None where it can't be read, or is so flat that its hash would mean nothing."""
    try:
        with Image.open(path) as opened:
            opened.draft("L", (256, 256))  # JPEG's own scaled decoding: a hash needs no more
            grey = ImageOps.exif_transpose(opened).convert("L").resize((64, 64), Image.Resampling.BOX)
    except (OSError, ValueError, SyntaxError):
        return None
    return of_pixels(np.asarray(grey))


def of_pixels(grey: NDArray[np.uint8]) -> NDArray[np.uint64] | None:
    """The hash (4,) of a 64 × 64 grey thumbnail; None where it is flat."""
    if grey.std() < 2.0:
        return None
    low: NDArray[np.float64] = np.asarray(dctn(grey.astype(np.float64), norm="ortho"))[:_SIDE, :_SIDE].ravel()
    bits = low > np.median(low[1:])
    return np.packbits(bits).view(np.uint64)


def near_pairs(
    some: NDArray[np.uint64], others: NDArray[np.uint64], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Indices into `some` (N, 4) and `others` (M, 4) of all pairs at most `most` bits apart, and their distances."""
    first: list[NDArray[np.int64]] = []
    second: list[NDArray[np.int64]] = []
    apart: list[NDArray[np.int64]] = []
    step = max(1, 1_000_000 // max(1, len(others)))  # what fits a processor's cache, about
    for start in range(0, len(some), step):
        chunk = some[start : start + step]
        distance = np.zeros((len(chunk), len(others)), dtype=np.uint16)
        for word in range(_WORDS):
            distance += np.bitwise_count(chunk[:, None, word] ^ others[None, :, word])
        i, j = np.nonzero(distance <= most)
        first.append(i + start)
        second.append(j)
        apart.append(distance[i, j].astype(np.int64))
    empty = np.zeros(0, dtype=np.int64)
    return np.concatenate([*first, empty]), np.concatenate([*second, empty]), np.concatenate([*apart, empty])
