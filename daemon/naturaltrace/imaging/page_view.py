"""The whole image at about the size that a page shows: what the localiser looks at."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PAGE_EDGE = 640  # pixels of the longer side, up to which an image is looked at as it is
# Pixels of the longer side of larger ones: scaling takes their finest traces anyway, and a third of the time.
_SHRUNK = 512


def page_view(pixels: NDArray[np.uint8], image: Image.Image | None = None) -> NDArray[np.uint8]:
    """The image (H, W, 3) itself, or, where its long edge passes `PAGE_EDGE`, a copy that is smaller still. `image` is
    the same for Pillow, where that was made already.

    An image no larger than that is not resampled: the finest traces, and the grid of its compression, stay.
    """
    height, width = pixels.shape[:2]
    if max(height, width) <= PAGE_EDGE:
        return pixels
    scale = _SHRUNK / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # Means of whole pixels first, as far as they go, then Hamming's window: a fifth of what the window alone costs at
    # twice the size, and splices are found as well in it.
    return np.asarray((image or Image.fromarray(pixels)).resize(size, Image.Resampling.HAMMING, reducing_gap=1.0))
