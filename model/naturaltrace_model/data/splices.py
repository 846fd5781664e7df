"""Pictures of which only a part was generated, with the mask that says which: for the dense head and for measuring it.

A fill is another picture of the same size: a reconstruction through a generator's autoencoder, or a generated image.
Pastes of one real picture into another carry an empty mask: a collage is not a generated image, and a map that lights
up at every seam would say so.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Splice:
    """`pixels` uint8 (H, W, 3); `mask` bool (H, W), true where they were generated."""

    pixels: NDArray[np.uint8]
    mask: Mask


def draw_mask(rng: Generator, height: int, width: int, low: float = 0.08, high: float = 0.5) -> Mask:
    """One connected shape that covers between `low` and `high` of the picture: an ellipse, a box or a blob."""
    share = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    kind = int(rng.integers(3))
    stretch = float(np.exp(rng.uniform(-0.6, 0.6)))
    area = share * height * width * (1.0 if kind == 1 else 4 / np.pi)
    w = min(width * 0.96, np.sqrt(area * stretch))
    h = min(height * 0.96, area / w)
    x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
    image = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(image)
    if kind == 1:
        draw.rectangle((x, y, x + w, y + h), fill=255)
    elif kind == 0:
        draw.ellipse((x, y, x + w, y + h), fill=255)
    else:
        turns = np.sort(rng.uniform(0, 2 * np.pi, 11))
        reach = rng.uniform(0.65, 1.1, 11)
        points = [
            (float(x + w / 2 + np.cos(t) * r * w / 2), float(y + h / 2 + np.sin(t) * r * h / 2))
            for t, r in zip(turns, reach, strict=True)
        ]
        draw.polygon(points, fill=255)
    return np.asarray(image) > 127


def paste(real: NDArray[np.uint8], fill: NDArray[np.uint8], mask: Mask, feather: float = 0.0) -> NDArray[np.uint8]:
    """`fill` where `mask` is true, `real` elsewhere; `feather` is the radius (pixels) by which the edge is softened.

    With no feather every pixel outside the mask is the original's own.
    """
    if feather <= 0:
        return np.where(mask[:, :, None], fill, real)
    soft = Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.GaussianBlur(feather))
    alpha = (np.asarray(soft, dtype=np.float32) / 255)[:, :, None]
    return np.clip(fill * alpha + real * (1 - alpha) + 0.5, 0, 255).astype(np.uint8)


def reencode(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """One JPEG round trip with halved chroma."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=2)
    with Image.open(buffer) as again:
        return np.asarray(again.convert("RGB"))


def cells(mask: Mask, cell: int) -> NDArray[np.float32]:
    """The share (h, w) of each cell of `cell` pixels that the mask covers; both sides are multiples of it."""
    height, width = mask.shape
    parts = mask.reshape(height // cell, cell, width // cell, cell)
    return parts.mean(axis=(1, 3), dtype=np.float32)


def lightly_worn(pixels: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """What a finished edit goes through before it is seen, the size kept: nothing (2 in 10), a JPEG of quality 75 to 97
    (6), a WebP (1), or a slight blur and a JPEG (1)."""
    kind = rng.random()
    if kind < 0.2:
        return pixels
    if kind < 0.8:
        return reencode(pixels, int(rng.integers(75, 98)))
    if kind < 0.9:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "WEBP", quality=int(rng.integers(70, 96)), method=2)
        with Image.open(buffer) as again:
            return np.asarray(again.convert("RGB"))
    soft = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 0.7))))
    return reencode(np.asarray(soft), int(rng.integers(80, 98)))
