"""Images for the tests: photographs that scikit-image ships, and files made on the spot."""

import io
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin
from skimage import data


def photograph(name: str = "astronaut", size: tuple[int, int] = (480, 360)) -> Image.Image:
    """One of scikit-image's sample photographs ("astronaut", "coffee", "chelsea"), scaled."""
    pixels: Any = getattr(data, name)()
    return Image.fromarray(np.asarray(pixels)).convert("RGB").resize(size, Image.Resampling.LANCZOS)


def jpeg(image: Image.Image, quality: int = 92) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def declared_png(image: Image.Image) -> bytes:
    """A PNG that says of itself, as image generators do, with which settings it was made."""
    info = PngImagePlugin.PngInfo()
    info.add_text(
        "parameters",
        "a lighthouse at dawn\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 12345, Size: 512x512, Model: v1-5",
    )
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()
