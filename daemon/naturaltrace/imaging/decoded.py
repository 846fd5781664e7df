"""The one type that leaves this room."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """An image as a person would see it.

    `pixels` is uint8 of shape (height, width, 3): sRGB, upright, alpha laid over white, first frame only.
    """

    pixels: NDArray[np.uint8]
    format: str  # Pillow's name of the container: "JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "BMP", "TIFF"
    sha256: str  # of the file's bytes, lower-case hex
    byte_count: int
    frame_count: int = 1
    has_alpha: bool = False

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])
