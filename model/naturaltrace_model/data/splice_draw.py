"""Splices drawn from a pool: what the localiser is trained and calibrated on.

Fills are the picture's own reconstruction, a generated picture that went through a decoder, or one as it came. As many
kinds of edits that no generator made carry an empty mask: a map that lights up at every seam or soft spot would accuse
people who only cropped, blurred or combined.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from naturaltrace_model.data.splice_pool import SplicePool
from naturaltrace_model.data.splices import Mask, draw_mask, paste, reencode

# What is drawn, and how often: what was generated, or what was done by hand.
KINDS = ("rebuilt", "decoded", "generated", "around", "collage", "edit", "real", "whole")
_SHARES = (0.36, 0.18, 0.14, 0.06, 0.08, 0.08, 0.06, 0.04)
_SCALED, _RESCALED = 0.12, (0.85, 1.2)  # how often a splice is slightly scaled after it was made, and by how much
_AGAIN = 0.6  # of those whose size was changed are encoded once more
_WHOLE = 0.3  # weight of pictures without any original pixel: nothing there differs from the rest


@dataclass(frozen=True, slots=True)
class Drawn:
    """`pixels` uint8 (S, S, 3); `share` (S / 16, S / 16), 0..1: how much of each cell is generated; `weight` in the
    loss."""

    pixels: NDArray[np.uint8]
    share: NDArray[np.float32]
    kind: str
    weight: float = 1.0


class SpliceDraw:
    """Draws squares of `side` pixels (a multiple of 16) from `pool`, which holds real and generated pictures."""

    def __init__(self, pool: SplicePool, side: int) -> None:
        self.pool, self.side = pool, side
        self._places = (pool.places(0), pool.places(1))

    def __call__(self, rng: Generator, kind: str | None = None) -> Drawn:
        kind = kind or KINDS[int(rng.choice(len(KINDS), p=_SHARES))]
        picture, twin = self._window(0, rng)
        side = picture.shape[0]
        mask, edge = draw_mask(rng, side, side, 0.05, 0.5), float(rng.choice((0.0, 0.0, 1.5, 3.0)))
        nothing = np.zeros_like(mask)
        if kind == "rebuilt":
            pixels = paste(picture, twin, mask, edge)
        elif kind in ("decoded", "generated"):
            other = self._window(1, rng)[kind == "decoded"]
            pixels = paste(picture, _fitted(other, side), mask, edge)
        elif kind == "around":
            pixels, mask = paste(twin, picture, mask, edge), ~mask
        elif kind == "collage":
            pixels, mask = paste(picture, _fitted(self._window(0, rng)[0], side), mask, edge), nothing
        elif kind == "edit":
            pixels, mask = paste(picture, _edited(picture, rng), mask, edge), nothing
        else:
            pixels, mask = (picture, nothing) if kind == "real" else (twin, ~nothing)
        turn, flip = int(rng.integers(4)), -1 if rng.random() < 0.5 else 1
        pixels = worn(np.ascontiguousarray(np.rot90(pixels, turn)[:, ::flip]), rng)
        found, share = self._at_page_size(pixels, np.rot90(mask, turn)[:, ::flip])
        if side != self.side and rng.random() < _AGAIN:
            found = worn(found, rng)  # whoever scales a picture saves it again, as long as it is not this program
        return Drawn(found, share, kind, _WHOLE if kind == "whole" else 1.0)

    def _window(self, label: int, rng: Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The same square of a picture and of its twin, on the grid of 8 pixels, as large as brings `side`."""
        own = self._places[label]
        place = own[int(rng.integers(len(own)))]
        entry = self.pool.entries[place][1]
        scale = entry.scale * (float(rng.uniform(*_RESCALED)) if rng.random() < _SCALED else 1.0)
        wanted = -(-round(self.side / scale) // 8) * 8
        side = min(wanted, entry.height // 8 * 8, entry.width // 8 * 8)
        y, x = (int(rng.integers((room - side) // 8 + 1)) * 8 for room in (entry.height, entry.width))
        picture, twin = self.pool.pair(place)
        return picture[y : y + side, x : x + side], twin[y : y + side, x : x + side]

    def _at_page_size(self, pixels: NDArray[np.uint8], mask: Mask) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        share = np.ascontiguousarray(mask, dtype=np.float32)
        if pixels.shape[0] != self.side:
            size = (self.side, self.side)
            pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
            share = np.asarray(Image.fromarray(share).resize(size, Image.Resampling.BOX))
        n = self.side // 16
        return pixels, share.reshape(n, 16, n, 16).mean((1, 3))


def worn(pixels: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """What a finished edit goes through before it is seen, the size kept: nothing (15 in 100), a JPEG of quality 70 to
    97 (50), two of them (18), one after a slight blur (7), or a WebP (10)."""
    kind = rng.random()
    if kind < 0.15:
        return pixels
    if kind < 0.25:
        return _encoded(Image.fromarray(pixels), "WEBP", quality=int(rng.integers(70, 96)), method=2)
    if kind < 0.32:
        blurred = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 0.7))))
        return _jpeg(blurred, rng)
    if kind < 0.5:
        pixels = _jpeg(Image.fromarray(pixels), rng)
    return _jpeg(Image.fromarray(pixels), rng)


def _jpeg(image: Image.Image, rng: Generator) -> NDArray[np.uint8]:
    return _encoded(image, "JPEG", quality=int(rng.integers(70, 98)), subsampling=int(rng.choice((0, 2, 2, 2))))


def _encoded(image: Image.Image, kind: str, **options: int) -> NDArray[np.uint8]:
    file = io.BytesIO()
    image.save(file, kind, **options)
    with Image.open(file) as again:
        return np.asarray(again.convert("RGB"))


def _fitted(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Cut or, where too small, enlarged to a square of `side`."""
    if pixels.shape[0] < side:
        return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))
    return pixels[:side, :side]


def _edited(pixels: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """What people do to a part of a picture without any generator."""
    image, kind = Image.fromarray(pixels), int(rng.integers(6))
    if kind == 0:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.6, 4))))
    elif kind == 1:
        image = image.filter(ImageFilter.MedianFilter(int(rng.choice((3, 5)))))
    elif kind == 2:
        image = image.filter(ImageFilter.UnsharpMask(1.5, int(rng.integers(40, 160)), 2))
    elif kind == 3:
        small = [round(side * rng.uniform(0.4, 0.9)) for side in image.size]
        image = image.resize((small[0], small[1]), Image.Resampling.BICUBIC).resize(
            image.size, Image.Resampling.BICUBIC
        )
    elif kind == 4:
        return reencode(pixels, int(rng.integers(40, 90)))
    else:
        noise = rng.normal(0, rng.uniform(1, 6), pixels.shape)
        return np.clip(pixels + noise + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(image)
