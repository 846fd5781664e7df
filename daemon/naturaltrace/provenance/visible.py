"""Visible marks that services put into a corner: weak evidence, because they are as easy to draw as to crop away."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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


def findings(pixels: NDArray[np.uint8]) -> list[Finding]:
    """The visible marks in `pixels`, at most one finding for each."""
    fit = colour_bar(pixels)
    if fit is None or fit.off > MOST_OFF or fit.spread > MOST_SPREAD:
        return []
    fields: dict[str, object] = {"mark": "colour bar", "off": round(fit.off, 1)}
    return [Finding("visible.dalle2_bar", Claim.GENERATED, Standing.WATERMARK, "DALL·E 2", fields)]
