"""The photographs that the generator learns from and the demo shows: in scikit-image's wheel, CC0 or public domain.

The rights are those that scikit-image states in `skimage/data/_fetchers.py` for each file.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.float32]  # (height, width, 3), sRGB, 0..1


@dataclass(frozen=True, slots=True)
class Photo:
    """One file of `skimage/data`. `box` (left, top, right, bottom) keeps the part that shows the material alone."""

    file: str
    rights: str
    box: tuple[int, int, int, int] | None = None
    grey: bool = False


# What the generator can paint with. The order is the numbering of the denoiser's material channels.
MATERIALS: dict[str, Photo] = {
    "stars": Photo("hubble_deep_field.jpg", "public domain, NASA and ESA"),
    "grass": Photo("grass.png", "CC0, CC0Textures", grey=True),
    "stone": Photo("gravel.png", "CC0, CC0Textures", grey=True),
    "fur": Photo("chelsea.png", "CC0, Stefan van der Walt", box=(60, 0, 240, 300)),
    "wood": Photo("coffee.png", "CC0, Rachel Michetti", box=(395, 130, 600, 400)),
    "sky": Photo("rocket.jpg", "public domain, SpaceX", box=(350, 0, 560, 210)),
}

# What the demo's feed shows as photographs.
FEED_PHOTOS: dict[str, Photo] = {
    "astronaut": Photo("astronaut.png", "public domain, NASA"),
    "cat": Photo("chelsea.png", "CC0, Stefan van der Walt"),
    "coffee": Photo("coffee.png", "CC0, Rachel Michetti"),
    "rocket": Photo("rocket.jpg", "public domain, SpaceX"),
}


def photo_path(photo: Photo) -> Path:
    """Where scikit-image keeps this file. Raises ImportError without scikit-image (extra `dev`)."""
    import skimage

    return Path(skimage.__file__).parent / "data" / photo.file


def load_material(name: str) -> Pixels:
    """The pixels of a material, cut to its box."""
    photo = MATERIALS[name]
    with Image.open(photo_path(photo)) as image:
        cut = image.convert("RGB").crop(photo.box) if photo.box else image.convert("RGB")
        return np.asarray(cut, dtype=np.float32) / np.float32(255)
