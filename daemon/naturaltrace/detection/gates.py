"""Images about which no detector should speak: without any texture, or nothing but noise."""

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.result import UnclearReason


def declined(crops: NDArray[np.uint8], least_texture: float) -> UnclearReason | None:
    """Why these crops (N, S, S, 3) get no verdict, if they get none; `least_texture` in grey levels."""
    if texture(crops) < least_texture:
        return UnclearReason.FLAT
    return UnclearReason.NOISE if is_noise(crops) else None


def texture(crops: NDArray[np.uint8]) -> float:
    """Mean absolute step between neighbouring green pixels, in grey levels, of the busiest crop (N, S, S, 3)."""
    green = crops[:, :, :, 1].astype(np.int16)
    steps = np.abs(np.diff(green, axis=1)).mean(axis=(1, 2)) + np.abs(np.diff(green, axis=2)).mean(axis=(1, 2))
    return float(steps.max() / 2)


def is_noise(crops: NDArray[np.uint8]) -> bool:
    """Whether neighbouring pixels are all but unrelated in every crop: correlation at most 0.25, as in no picture."""
    for green in crops[:, :, :, 1].astype(np.float64):
        centred = green - green.mean()
        power = float((centred * centred).mean())
        if power < 1.0:
            return False
        beside = float((centred[:, 1:] * centred[:, :-1]).mean()) / power
        below = float((centred[1:] * centred[:-1]).mean()) / power
        if max(beside, below) > 0.25:
            return False
    return True
