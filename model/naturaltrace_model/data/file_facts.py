"""What a file gives away without its picture being looked at: size, format, quantisation, bytes.

In any collection these tell sources apart, and with them the classes; `probe` measures by how much.
"""

import io
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

NAMES = (
    "width", "height", "short side", "aspect", "format", "luma table", "chroma table", "tables", "subsampling",
    "progressive", "mode", "bytes", "bits per pixel",
)  # fmt: skip
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")


def facts(data: bytes) -> NDArray[np.float64]:
    """One value per name in `NAMES`, NaN where the format has no such thing. Raises OSError on what is no image."""
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
        tables = cast(dict[int, list[int]], getattr(image, "quantization", {}) or {})
        means = [float(np.mean(tables[i])) if i in tables else float("nan") for i in (0, 1)]
        kind = image.format or ""
        return np.array(
            [
                width,
                height,
                min(width, height),
                width / height,
                _FORMATS.index(kind) if kind in _FORMATS else -1,
                *means,
                len(tables) or float("nan"),
                _subsampling(image),
                float("progressive" in image.info),
                len(image.getbands()),
                len(data),
                8 * len(data) / (width * height),
            ],
            dtype=np.float64,
        )


def _subsampling(image: Image.Image) -> float:
    """Blocks of the first component per block of the second, 1 for 4:4:4; NaN where there are no components."""
    layers: Any = getattr(image, "layer", None)
    if not layers or len(layers) < 2:
        return float("nan")
    return layers[0][1] * layers[0][2] / (layers[1][1] * layers[1][2])
