"""What of an image the detector is shown: small, whatever the image's size, so that many can wait side by side."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from naturaltrace.imaging.crops import CROP, Crops, choose_crops
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.page_view import page_view
from naturaltrace.imaging.views import square_views


@dataclass(frozen=True, slots=True)
class Prepared:
    """Under two megabytes. `crops` is None where a side, or that of the working view, is shorter than one crop;
    `views` is uint8 (1 or 2, 256, 256, 3); `page` is the whole image at page size, uint8 (H, W, 3)."""

    width: int
    height: int
    format: str
    sha256: str
    byte_count: int
    crops: Crops | None
    views: NDArray[np.uint8]
    page: NDArray[np.uint8]


def prepare(image: DecodedImage) -> Prepared:
    """Choose the crops and make the views of one decoded image."""
    crops = None
    if min(image.width, image.height) >= CROP:
        try:
            crops = choose_crops(image.pixels)
        except ValueError:  # a strip so long that its working view is thinner than a crop
            crops = None
    picture = Image.fromarray(image.pixels)
    return Prepared(
        image.width,
        image.height,
        image.format,
        image.sha256,
        image.byte_count,
        crops,
        square_views(picture),
        page_view(image.pixels, picture),
    )
