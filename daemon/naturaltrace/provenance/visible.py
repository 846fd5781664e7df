"""Visible marks that services put into a corner: weak evidence, because they are as easy to draw as to crop away."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from naturaltrace.provenance.findings import Claim, Finding, Standing

# DALL·E 2 draws five squares of 16 pixels into the lower right corner of its 1024 × 1024 images; read off its files.
_BAR = np.array([(255, 255, 102), (66, 255, 255), (81, 218, 76), (255, 110, 60), (60, 70, 255)], np.float32)
_SQUARE = 1 / 64  # of the image's side


@dataclass(frozen=True, slots=True)
class BarFit:
    """How well the lower right corner fits DALL·E 2's bar, in grey values of 0..255."""

    off: float  # of the worst square's mean from its colour
    spread: float  # of the most uneven square around its mean


def colour_bar(pixels: NDArray[np.uint8]) -> BarFit | None:
    """The fit for a square image of at least 256 pixels (uint8, height × width × 3, sRGB); None for any other."""
    height, width = pixels.shape[:2]
    if height != width or height < 256:
        return None
    side = height * _SQUARE
    margin = max(1.0, side * 0.2)  # scaling and JPEG blur the squares into each other
    off = spread = 0.0
    for place, colour in enumerate(_BAR):
        left = width - side * (len(_BAR) - place)
        square = pixels[
            round(height - side + margin) : round(height - margin),
            round(left + margin) : round(left + side - margin),
        ].astype(np.float32)
        if square.size == 0:
            return None
        off = max(off, float(np.abs(square.mean(axis=(0, 1)) - colour).max()))
        spread = max(spread, float(square.std(axis=(0, 1)).max()))
    return BarFit(off, spread)


MOST_OFF = 40.0
MOST_SPREAD = 30.0

# Gemini lays a white four-pointed star, half transparent, into the lower right corner: 48 pixels wide and 32 from the
# edges, or twice that in large images. Scaling leaves the proportion, so one search over sizes finds both.
_FROM_EDGE = 56 / 48  # the star's centre from either edge, in its own widths
_FRAME = 36  # pixels of the frame that is compared, of which the star takes two thirds
_SHIFT = 2  # pixels that the star may be off
_WIDTHS = tuple(0.035 * 1.06**step for step in range(19))  # of the star, in the image's shorter side
_LEAST_WIDTH = 14  # pixels; a smaller star has no shape left


@dataclass(frozen=True, slots=True)
class StarFit:
    """Where in the corner a star fits best."""

    likeness: float  # correlation of brightness gradients with the star's, -1..1
    width: float  # of the star, in pixels


def _star(size: int, radius: float) -> NDArray[np.float32]:
    """The star's cover of each of size × size pixels, 0..1: what four circles leave of the square between them."""
    fine = 8
    at = np.abs((np.arange(size * fine) + 0.5) / fine - size / 2) / radius
    x, y = np.meshgrid(at, at)
    inside = ((x - 1.65) ** 2 + (y - 1.65) ** 2 >= 1.77**2) & (x <= 1) & (y <= 1)
    return inside.reshape(size, fine, size, fine).mean(axis=(1, 3), dtype=np.float32)


def _gradients(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    down, right = np.gradient(grey)
    return np.stack([right, down])


@cache
def _templates() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What a frame of side × side pixels is multiplied by, for each shift: (side², shifts), (side, 2 · shift + 1).

    The first gives the inner product of the frame's gradients with the star's, whose length is 1: gradients are sums of
    pixels, so the template is carried over to the pixels once. The second sums what lies in the star's rows or columns.
    """
    side, places = _FRAME + 2 * _SHIFT, range(2 * _SHIFT + 1)
    right, down = _gradients(_star(_FRAME, _FRAME / 3))
    length = np.float32(np.sqrt((right * right).sum() + (down * down).sum()))
    slopes, _ = np.gradient(np.eye(side, dtype=np.float32))  # slopes @ frame: its gradients down
    shifted: list[NDArray[np.float32]] = []
    for y in places:
        for x in places:
            padding = ((y, 2 * _SHIFT - y), (x, 2 * _SHIFT - x))
            of_pixels = slopes.T @ np.pad(down / length, padding) + np.pad(right / length, padding) @ slopes
            shifted.append(of_pixels.ravel())
    windows = np.stack([np.arange(side) - place for place in places], axis=1)
    return np.stack(shifted, axis=1), ((windows >= 0) & (windows < _FRAME)).astype(np.float32)


def sparkle(pixels: NDArray[np.uint8]) -> StarFit | None:
    """The best fit (uint8, height × width × 3, sRGB); None for an image that is too small to have one."""
    height, width = pixels.shape[:2]
    short = min(height, width)
    if short < 256:
        return None
    corner = Image.fromarray(pixels[-round(0.3 * short) :, -round(0.3 * short) :]).convert("L")
    side = _FRAME + 2 * _SHIFT
    stars: list[float] = []
    frames = Image.new("L", (side, side * len(_WIDTHS)))  # one below the other: each way into numpy costs as much again
    for share in _WIDTHS:
        star = share * short
        centre = corner.width - star * _FROM_EDGE
        half = star * 1.5 * side / _FRAME / 2
        if star < _LEAST_WIDTH or centre - half < 0 or centre + half > corner.width:
            continue
        box = (centre - half, centre - half, centre + half, centre + half)
        frames.paste(corner.resize((side, side), Image.Resampling.BILINEAR, box=box), (0, side * len(stars)))
        stars.append(star)
    if not stars:
        return None
    seen = np.asarray(frames)[: side * len(stars)].astype(np.float32)
    likeness = _likeness(seen.reshape(len(stars), side, side))
    best = int(likeness.argmax())
    return StarFit(float(likeness[best]), stars[best])


def _likeness(seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """The template's correlation with each frame (N, side, side), at the shift where it is largest."""
    templates, windows = _templates()
    down, right = np.gradient(seen, axis=(1, 2))
    down *= down
    right *= right
    down += right
    norms = np.sqrt(windows.T @ down @ windows).reshape(len(seen), -1)
    # The constant keeps the noise of a flat corner from looking like anything.
    return (seen.reshape(len(seen), -1) @ templates / (norms + 2.0 * _FRAME)).max(axis=1)


LEAST_LIKENESS = 0.5  # real images stay under 0.35 (benchmarks/provenance_visible.py)


def findings(pixels: NDArray[np.uint8]) -> list[Finding]:
    """The visible marks in `pixels`, at most one finding for each."""
    found: list[Finding] = []
    bar = colour_bar(pixels)
    if bar is not None and bar.off <= MOST_OFF and bar.spread <= MOST_SPREAD:
        fields: dict[str, object] = {"mark": "colour bar", "off": round(bar.off, 1)}
        found.append(Finding("visible.dalle2_bar", Claim.GENERATED, Standing.WATERMARK, "DALL·E 2", fields))
    star = sparkle(pixels)
    if star is not None and star.likeness >= LEAST_LIKENESS:
        fields = {"mark": "sparkle", "likeness": round(star.likeness, 2), "width": round(star.width, 1)}
        found.append(Finding("visible.gemini_sparkle", Claim.GENERATED, Standing.WATERMARK, "Gemini", fields))
    return found
