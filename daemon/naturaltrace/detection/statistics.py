"""Five classic statistics of the picture, readable without any network. They decide nothing; the report shows them.

All are taken on the square views of 256 × 256 pixels that the global branch sees (the mean where there are two), so
that an image's size does not enter. L is the luma (0.299, 0.587, 0.114), 0..255.

- `edge_density`: share of pixels whose Sobel gradient (3 × 3, scaled by 1/8) exceeds 8 grey levels. After the edge
  density of Canny's detector, without its thinning and hysteresis.
- `contrast`: Haralick's contrast, the sum of p(i, j) (i - j)², of the symmetric co-occurrence matrix of L in 16 levels
  for neighbours to the right and below.
- `energy`: Haralick's energy (angular second moment), the sum of p(i, j)², of the same matrix.
- `laplacian_variance`: variance of the four-neighbour Laplacian of L.
- `mean_spectrum`: mean of log10(1 + |F|) over all frequencies but the constant, F the discrete Fourier transform of
  L under a Hann window, divided by the number of pixels' root.

The choice follows the realism score of Chen et al. (arXiv 2309.14756); its abstract does not define the measures, so
these definitions are ours.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

NAMES = ("edge_density", "contrast", "energy", "laplacian_variance", "mean_spectrum")
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_LEVELS = 16
_EDGE = 8 * 8  # grey levels, before the scale of 1/8


def statistics(views: NDArray[np.uint8]) -> dict[str, float]:
    """One value per name in `NAMES`, of views uint8 (M, S, S, 3)."""
    rows = [_one(view.astype(np.float32) @ _LUMA) for view in views]
    return {name: sum(row[i] for row in rows) / len(rows) for i, name in enumerate(NAMES)}


def _one(luma: NDArray[np.float32]) -> tuple[float, float, float, float, float]:
    contrast, energy = _co_occurrence(luma)
    return _edges(luma), contrast, energy, _laplacian(luma), _spectrum(luma)


# This runs for every image that is judged, so planes are written over rather than made anew where that can be.


def _edges(luma: NDArray[np.float32]) -> float:
    across = luma[:, 2:] - luma[:, :-2]
    down = luma[2:] - luma[:-2]
    gx = across[1:-1] * 2
    gx += across[:-2]
    gx += across[2:]
    gy = down[:, 1:-1] * 2
    gy += down[:, :-2]
    gy += down[:, 2:]
    gx *= gx
    gy *= gy
    gx += gy
    return float(np.count_nonzero(gx > _EDGE * _EDGE) / gx.size)


def _laplacian(luma: NDArray[np.float32]) -> float:
    found = luma[:-2, 1:-1] + luma[2:, 1:-1]
    found += luma[1:-1, :-2]
    found += luma[1:-1, 2:]
    found -= luma[1:-1, 1:-1] * 4
    found -= found.mean()
    return float(np.dot(found.ravel(), found.ravel())) / found.size


def _spectrum(luma: NDArray[np.float32]) -> float:
    size = np.abs(np.fft.rfft2(luma * _window(len(luma))))
    size /= luma.shape[0]
    size[0, 0] = 0
    size += 1
    return float(np.log10(size, out=size).mean())


@cache
def _window(length: int) -> NDArray[np.float32]:
    window = np.hanning(length).astype(np.float32)
    return window[:, None] * window[None, :]


def _co_occurrence(luma: NDArray[np.float32]) -> tuple[float, float]:
    level = np.minimum(luma * (_LEVELS / 256), _LEVELS - 1).astype(np.uint8)
    first = level * np.uint8(_LEVELS)
    beside, below = first[:, :-1] + level[:, 1:], first[:-1] + level[1:]
    counts = (_histogram(beside) + _histogram(below)).reshape(_LEVELS, _LEVELS)
    p = (counts + counts.T) / (2 * (beside.size + below.size))
    return float((p * _distances()).sum()), float((p * p).sum())


def _histogram(values: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How often each of 256 values occurs. Pillow counts bytes three times as fast as numpy's bincount, which makes
    eight bytes of each first."""
    return np.array(Image.fromarray(values).histogram(), dtype=np.float64)


@cache
def _distances() -> NDArray[np.float64]:
    """(i - j)² of two levels."""
    level = np.arange(_LEVELS, dtype=np.float64)
    return (level[:, None] - level[None, :]) ** 2
