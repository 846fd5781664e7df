"""The whole image, small: what the global branch looks at. Serving, training and evaluation all make it here.

Always squares: a view that kept (or squeezed) the image's shape would tell the network its aspect ratio, which says
more about where an image was found than about how it was made.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

VIEW = 256
# From this ratio on, one central square would miss too much, and both ends are looked at instead.
_LONG = 1.25


def square_views(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (M, 256, 256, 3), M 1 or 2: the central square of an image (H, W, 3), or the squares at its two ends."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    room_y, room_x = height - side, width - side
    shares = (0.0, 1.0) if max(height, width) >= _LONG * side else (0.5,)
    image = Image.fromarray(pixels)
    return np.stack([shrink(image, (round(room_x * s), round(room_y * s)), side) for s in shares])


def shrink(image: Image.Image, corner: tuple[int, int], side: int, size: int = VIEW) -> NDArray[np.uint8]:
    """The square of `side` pixels at `corner` (x, y), Lanczos-scaled to (size, size, 3)."""
    x, y = corner
    box = (x, y, x + side, y + side)
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0))
