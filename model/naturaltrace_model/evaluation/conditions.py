"""The three conditions every figure is given in: as it came, as the web hands it on, and worse."""

import io
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from PIL import Image

from naturaltrace.imaging.decoded import DecodedImage

Condition = Literal["clean", "web", "hard"]
CONDITIONS: tuple[Condition, ...] = ("clean", "web", "hard")
MET: tuple[Condition, ...] = ("clean", "web")  # as most images are met: as they came, or as a page hands them on


@dataclass(frozen=True, slots=True)
class _Passage:
    longest_edge: int
    quality: int


_PASSAGES = {"web": _Passage(768, 60), "hard": _Passage(512, 40)}


def under(image: DecodedImage, condition: str) -> DecodedImage:
    """The image as it would arrive: `clean` unchanged; `web` at most 768 px and JPEG quality 60; `hard` 512 px and 40.

    Images are only ever scaled down (Lanczos); chroma is halved, as nearly every site does.
    """
    passage = _PASSAGES.get(condition)
    if passage is None:
        return image
    picture = Image.fromarray(image.pixels)
    scale = passage.longest_edge / max(picture.size)
    if scale < 1:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=passage.quality, subsampling=2)
    with Image.open(buffer) as again:
        return replace(image, pixels=np.asarray(again.convert("RGB")), format="JPEG", byte_count=buffer.tell())
