"""Images about which no detector should speak: without any texture, or nothing but noise."""

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.result import UnclearReason


def declined(crops: NDArray[np.uint8], least_texture: float) -> UnclearReason | None:
    """Why these crops (N, S, S, 3) get no verdict, if they get none; `least_texture` in grey levels."""
    if not any(texture(crop) >= least_texture for crop in crops):  # the first one is rich in texture, as a rule
        return UnclearReason.FLAT
    return UnclearReason.NOISE if is_noise(crops) else None


def texture(crop: NDArray[np.uint8]) -> float:
    """Mean absolute step between neighbouring green pixels (S, S, 3), in grey levels."""
    green = crop[:, :, 1].astype(np.int16)
    steps = sum(float(np.abs(np.diff(green, axis=axis)).mean()) for axis in (0, 1))
    return steps / 2


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
