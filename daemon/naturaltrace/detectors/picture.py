"""From pixels to the input of an added detector's graph, as its card says."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from naturaltrace.detectors.card import Input

_KERNELS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def picture(pixels: NDArray[np.uint8], wanted: Input) -> NDArray[Any]:
    """One input (3, h, w) or (h, w, 3) of the card's type, from sRGB pixels (H, W, 3)."""
    values = _scaled(pixels, wanted)
    if wanted.order == "BGR":
        values = values[:, :, ::-1]
    if wanted.type != "uint8":
        floats = values.astype(np.float32) * np.float32(wanted.scale)
        values = (floats - np.array(wanted.mean, np.float32)) / np.array(wanted.deviation, np.float32)
        values = values.astype(wanted.type)
    if wanted.layout == "NCHW":
        values = values.transpose(2, 0, 1)
    return np.ascontiguousarray(values)


def _scaled(pixels: NDArray[np.uint8], wanted: Input) -> NDArray[Any]:
    image = Image.fromarray(pixels)
    size, kernel = (wanted.width, wanted.height), _KERNELS[wanted.kernel]
    if wanted.fit == "stretch":
        return np.asarray(image.resize(size, kernel))
    factor = (wanted.resize or max(size)) / min(image.size) if wanted.fit == "shorter-side" else 1.0
    # Whatever the card says, the picture must fill the input.
    factor = max(factor, wanted.width / image.width, wanted.height / image.height)
    if factor != 1.0:
        scaled = (max(wanted.width, round(image.width * factor)), max(wanted.height, round(image.height * factor)))
        image = image.resize(scaled, kernel)
    left, top = (image.width - wanted.width) // 2, (image.height - wanted.height) // 2
    return np.asarray(image.crop((left, top, left + wanted.width, top + wanted.height)))
