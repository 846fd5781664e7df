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
# Below this ratio the two squares overlap, and scaling the whole image once costs less than scaling both.
_APART = 2.0
_GAP = 3.0


def square_views(pixels: NDArray[np.uint8] | Image.Image) -> NDArray[np.uint8]:
    """uint8 (M, 256, 256, 3), M 1 or 2: the central square of an image (H, W, 3), or the squares at its two ends."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    width, height = image.size
    side = min(height, width)
    room_y, room_x = height - side, width - side
    if max(height, width) < _LONG * side:
        return shrink(image, (round(room_x * 0.5), round(room_y * 0.5)), side)[None]
    if max(height, width) < _APART * side:
        size = (round(width * VIEW / side), round(height * VIEW / side))
        whole = np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=_GAP))
        return np.stack([whole[:VIEW, :VIEW], whole[-VIEW:, -VIEW:]])
    return np.stack([shrink(image, (0, 0), side), shrink(image, (room_x, room_y), side)])


def shrink(image: Image.Image, corner: tuple[int, int], side: int, size: int = VIEW) -> NDArray[np.uint8]:
    """The square of `side` pixels at `corner` (x, y), Lanczos-scaled to (size, size, 3)."""
    x, y = corner
    box = (x, y, x + side, y + side)
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS, box=box, reducing_gap=_GAP))
