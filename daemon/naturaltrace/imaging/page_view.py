"""The whole image at about the size that a page shows: what the localiser looks at."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PAGE_EDGE = 640  # pixels of the longer side, at most


def page_view(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image (H, W, 3) itself, or, where its long edge passes `PAGE_EDGE`, a Lanczos copy of that size.

    An image no larger than that is not resampled: the finest traces, and the grid of its compression, stay.
    """
    height, width = pixels.shape[:2]
    scale = PAGE_EDGE / max(height, width)
    if scale >= 1.0:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))
