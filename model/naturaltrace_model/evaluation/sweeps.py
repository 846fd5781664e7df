"""What may happen to an image before it is judged, one strength at a time, in chains, and before the detector itself.

A passage has a name such as `jpeg-60`, `chain-3` or `crop-256`. The same image meets the same passage each time: what
is drawn in a chain is drawn by the file's own hash.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image

from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace_model.data import degrade
from naturaltrace_model.evaluation.conditions import CONDITIONS, under

DEGRADATIONS: dict[str, tuple[float, ...]] = {
    "jpeg": (95, 80, 65, 50, 35),
    "webp": (90, 70, 50),
    "scale": (0.75, 0.5, 0.35),
    "enlarge": (1.25, 1.5),
    "blur": (0.5, 1.0, 2.0),
    "noise": (2, 5, 10),
}
MEANING = {
    "jpeg": "JPEG quality",
    "webp": "WebP quality",
    "scale": "scaled down to",
    "enlarge": "enlarged to",
    "blur": "Gaussian blur, radius in pixels",
    "noise": "noise, deviation in grey levels",
}
CHAINS = ("chain-1", "chain-2", "chain-3", "chain-4", "chain-5")
# What other pipelines do to an image before a network sees it; as it ships, the detector crops and never scales.
PREPARATIONS = {
    "crop-256": "only the centre, 256 px",
    "crop-512": "only the centre, 512 px",
    "resize-256": "scaled to 256 px",
    "resize-512": "scaled to 512 px",
}


def sweep_names() -> list[str]:
    """Every passage but the three conditions."""
    one = [f"{kind}-{strength:g}" for kind, strengths in DEGRADATIONS.items() for strength in strengths]
    return [*one, *CHAINS, *PREPARATIONS]


def passed(image: DecodedImage, name: str) -> DecodedImage:
    """The image after the passage of that name. Raises ValueError for a name that is none."""
    if name in CONDITIONS:
        return under(image, name)
    kind, _, strength = name.rpartition("-")
    step = _STEPS.get(kind)
    if step is None:
        raise ValueError(f"no passage is called {name}")
    picture = step(Image.fromarray(image.pixels), float(strength), image.sha256)
    return replace(image, pixels=np.asarray(picture))


def _jpeg(image: Image.Image, quality: float, _: str) -> Image.Image:
    return degrade.Jpeg(int(quality), 2)(image)


def _webp(image: Image.Image, quality: float, _: str) -> Image.Image:
    return degrade.WebP(int(quality))(image)


def _scale(image: Image.Image, factor: float, _: str) -> Image.Image:
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _blur(image: Image.Image, radius: float, _: str) -> Image.Image:
    return degrade.Blur(radius)(image)


def _noise(image: Image.Image, sigma: float, sha256: str) -> Image.Image:
    return degrade.Noise(sigma, _seed(sha256))(image)


def _chain(image: Image.Image, steps: float, sha256: str) -> Image.Image:
    """As many sites in a row: each scales down to a width of its own and saves again, as JPEG or WebP."""
    rng = np.random.default_rng(_seed(sha256))
    for _ in range(int(steps)):
        edge = int(rng.integers(640, 1600))
        if max(image.size) > edge:
            factor = edge / max(image.size)
            size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
            image = image.resize(size, degrade.draw_kernel(rng))
        elif rng.random() < 0.4:
            factor = float(rng.uniform(0.8, 1.0))
            image = image.resize((round(image.width * factor), round(image.height * factor)), degrade.draw_kernel(rng))
        saved = degrade.WebP(int(rng.integers(55, 85))) if rng.random() < 0.25 else degrade.draw_jpeg(rng, 55, 88)
        image = saved(image)
    return image


def _crop(image: Image.Image, side: float, _: str) -> Image.Image:
    wide, high = min(int(side), image.width), min(int(side), image.height)
    left, top = (image.width - wide) // 2, (image.height - high) // 2
    return image.crop((left, top, left + wide, top + high))


def _resize(image: Image.Image, side: float, _: str) -> Image.Image:
    """The short side to `side`, up or down."""
    factor = side / min(image.size)
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC)


_STEPS: dict[str, Callable[[Image.Image, float, str], Image.Image]] = {
    "jpeg": _jpeg,
    "webp": _webp,
    "scale": _scale,
    "enlarge": _scale,
    "blur": _blur,
    "noise": _noise,
    "chain": _chain,
    "crop": _crop,
    "resize": _resize,
}


def _seed(sha256: str) -> int:
    return int(sha256[:8] or "0", 16)
