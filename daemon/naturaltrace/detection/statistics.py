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

import numpy as np
from numpy.typing import NDArray

NAMES = ("edge_density", "contrast", "energy", "laplacian_variance", "mean_spectrum")
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_LEVELS = 16


def statistics(views: NDArray[np.uint8]) -> dict[str, float]:
    """One value per name in `NAMES`, of views uint8 (M, S, S, 3)."""
    rows = np.array([_one(view.astype(np.float32) @ _LUMA) for view in views])
    return dict(zip(NAMES, (float(v) for v in rows.mean(0)), strict=True))


def _one(luma: NDArray[np.float32]) -> tuple[float, float, float, float, float]:
    contrast, energy = _co_occurrence(luma)
    inner = luma[1:-1, 1:-1]
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * inner
    across = luma[:, 2:] - luma[:, :-2]
    down = luma[2:] - luma[:-2]
    gx = (across[:-2] + 2 * across[1:-1] + across[2:]) / 8
    gy = (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) / 8
    edges = float((gx * gx + gy * gy > 64).mean())
    window = np.hanning(luma.shape[0]).astype(np.float32)
    spectrum = np.abs(np.fft.rfft2(luma * window[:, None] * window[None, :])) / luma.shape[0]
    spectrum[0, 0] = 0
    return edges, contrast, energy, float(laplacian.var()), float(np.log10(1 + spectrum).mean())


def _co_occurrence(luma: NDArray[np.float32]) -> tuple[float, float]:
    level = np.clip(luma * (_LEVELS / 256), 0, _LEVELS - 1).astype(np.int64)
    pairs = np.concatenate(
        [(level[:, :-1] * _LEVELS + level[:, 1:]).ravel(), (level[:-1] * _LEVELS + level[1:]).ravel()]
    )
    counts = np.bincount(pairs, minlength=_LEVELS * _LEVELS).reshape(_LEVELS, _LEVELS).astype(np.float64)
    p = (counts + counts.T) / (2 * len(pairs))
    distance = np.arange(_LEVELS)[:, None] - np.arange(_LEVELS)[None, :]
    return float((p * distance**2).sum()), float((p * p).sum())
