"""What happens to a picture on its way to a reader: one law, drawn alike for real and generated images.

A chain is drawn first and applied afterwards, so that a real crop and its reconstruction can go through the very same
steps with the very same numbers.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageFilter

KERNELS = (
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
    Image.Resampling.BOX,
    Image.Resampling.HAMMING,
)

SMALLEST = 140  # pixels; a region's short side after any chain


class Step(Protocol):
    """One thing that happens to an RGB image. The same step on the same pixels gives the same result."""

    def __call__(self, image: Image.Image) -> Image.Image: ...


@dataclass(frozen=True, slots=True)
class Jpeg:
    quality: int
    subsampling: int  # Pillow's number: 0 = 4:4:4, 1 = 4:2:2, 2 = 4:2:0

    def __call__(self, image: Image.Image) -> Image.Image:
        return _through(image, "JPEG", quality=self.quality, subsampling=self.subsampling)


@dataclass(frozen=True, slots=True)
class WebP:
    quality: int

    def __call__(self, image: Image.Image) -> Image.Image:
        return _through(image, "WEBP", quality=self.quality, method=2)


@dataclass(frozen=True, slots=True)
class Rescale:
    factor: float
    kernel: Image.Resampling

    def __call__(self, image: Image.Image) -> Image.Image:
        # Never below what a crop and its random offset need.
        factor = max(self.factor, SMALLEST / min(image.size))
        size = (round(image.width * factor), round(image.height * factor))
        return image.resize(size, self.kernel)


@dataclass(frozen=True, slots=True)
class Blur:
    radius: float

    def __call__(self, image: Image.Image) -> Image.Image:
        return image.filter(ImageFilter.GaussianBlur(self.radius))


@dataclass(frozen=True, slots=True)
class Sharpen:
    percent: int

    def __call__(self, image: Image.Image) -> Image.Image:
        return image.filter(ImageFilter.UnsharpMask(radius=1.5, percent=self.percent, threshold=2))


@dataclass(frozen=True, slots=True)
class Noise:
    sigma: float
    seed: int

    def __call__(self, image: Image.Image) -> Image.Image:
        pixels = np.asarray(image, dtype=np.float32)
        noise = np.random.default_rng(self.seed).normal(0.0, self.sigma, pixels.shape)
        return Image.fromarray(np.clip(pixels + noise + 0.5, 0, 255).astype(np.uint8))


@dataclass(frozen=True, slots=True)
class Tone:
    """A filter app's touch: gamma and a colour cast."""

    gamma: float
    gains: tuple[float, float, float]

    def __call__(self, image: Image.Image) -> Image.Image:
        ramp = (np.arange(256) / 255.0) ** self.gamma
        table = np.concatenate([np.clip(ramp * gain * 255 + 0.5, 0, 255) for gain in self.gains])
        return image.point(table.astype(np.uint8).tolist())


def draw_scale(rng: Generator, long_edge: int) -> float:
    """How much an image of this long edge is scaled down first: 0.2..1, towards sizes seen on pages.

    One wish for the final long edge, drawn for both classes alike; enlarging never happens.
    """
    if rng.random() < 0.2:
        return 1.0
    wish = float(np.exp(rng.uniform(np.log(320.0), np.log(1600.0))))
    return float(np.clip(wish / long_edge, 0.2, 1.0))


def draw_kernel(rng: Generator) -> Image.Resampling:
    return KERNELS[int(rng.integers(len(KERNELS)))]


def draw_chain(rng: Generator) -> list[Step]:
    """0 to 4 steps of wear, then, nine times in ten, a last encoding."""
    steps: list[Step] = []
    for _ in range(int(rng.choice(5, p=(0.40, 0.28, 0.17, 0.10, 0.05)))):
        steps.extend(_draw_wear(rng))
    last = rng.random()
    if last < 0.76:
        steps.append(draw_jpeg(rng, 35, 97))
    elif last < 0.90:
        steps.append(WebP(int(rng.integers(40, 96))))
    return steps


def draw_jpeg(rng: Generator, low: int, high: int) -> Jpeg:
    return Jpeg(int(rng.integers(low, high)), int(rng.choice((0, 1, 2), p=(0.25, 0.05, 0.70))))


def apply(steps: Sequence[Step], image: Image.Image) -> Image.Image:
    for step in steps:
        image = step(image)
    return image


def _draw_wear(rng: Generator) -> list[Step]:
    kind = rng.random()
    if kind < 0.38:
        return [draw_jpeg(rng, 45, 97)]
    if kind < 0.50:
        return [WebP(int(rng.integers(45, 95)))]
    if kind < 0.70:
        return [Rescale(float(rng.uniform(0.72, 1.2)), draw_kernel(rng))]
    if kind < 0.78:
        return [Blur(float(rng.uniform(0.3, 1.3)))]
    if kind < 0.86:
        return [Noise(float(rng.uniform(1.0, 7.0)), int(rng.integers(2**31)))]
    if kind < 0.91:
        return [Sharpen(int(rng.integers(40, 160)))]
    if kind < 0.96:
        gains = rng.uniform(0.92, 1.08, 3)
        return [Tone(float(rng.uniform(0.8, 1.25)), (float(gains[0]), float(gains[1]), float(gains[2])))]
    # A screenshot of a page that showed the image at an odd size.
    return [Rescale(float(rng.uniform(0.75, 1.1)), Image.Resampling.BILINEAR), draw_jpeg(rng, 70, 95)]


def _through(image: Image.Image, kind: str, **options: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    buffer.seek(0)
    with Image.open(buffer) as again:
        return again.convert("RGB")
