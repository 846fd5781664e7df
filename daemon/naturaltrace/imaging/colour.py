"""From whatever a decoder gives to 8-bit sRGB over white.

A transform that changes nothing visible is skipped: rounding every pixel once more would disturb the very traces that
the detector reads. That is decided by passing a small grid of colours through the profile, not by the profile's name.
"""

from functools import lru_cache
from io import BytesIO
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

MAX_PROFILE_BYTES = 4 * 2**20
_CACHED_PROFILE_BYTES = 64 * 2**10
# Two levels of 255 is what two roundings can make of the same colour.
_SAME_COLOUR = 2

_ALPHA_MODES = {"RGBA": "RGB", "LA": "L", "PA": "RGB", "RGBa": "RGB", "La": "L"}


def has_alpha(image: Image.Image) -> bool:
    return image.mode in _ALPHA_MODES or "transparency" in image.info


def top_value(strip: Image.Image) -> float:
    """The highest finite value of a strip whose mode ("I", "F") doesn't say what white is; 0 where there is none."""
    values: NDArray[Any] = np.asarray(strip)
    top = float(np.fmax.reduce(values, axis=None, initial=0))
    return top if np.isfinite(top) else float(_finite(values).max(initial=0))


def _finite(values: NDArray[Any]) -> NDArray[Any]:
    """A copy whose infinite values count as white and black, and whatever is no number as black."""
    return np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0)


def to_srgb(image: Image.Image, top: float | None = None) -> Image.Image:
    """Return `image`, of any mode that Pillow decodes to, as mode RGB in sRGB with alpha laid over white.

    A profile that can't be read or doesn't fit the pixels is left out, as browsers do. Where `image` is a strip of a
    larger one, `top` is that one's `top_value`.
    """
    profile = image.info.get("icc_profile")
    colour, alpha = _split_alpha(_to_8_bit(image, top))
    rgb = _through_profile(colour, profile) if isinstance(profile, bytes) and profile else None
    if rgb is None:
        rgb = _without_profile(colour)
    if alpha is None or alpha.getextrema() == (255, 255):
        return rgb
    return Image.composite(rgb, Image.new("RGB", rgb.size, (255, 255, 255)), alpha)


def _to_8_bit(image: Image.Image, top: float | None) -> Image.Image:
    if not image.mode.startswith(("I", "F")):
        return image
    if top is None and image.mode in ("I", "F"):
        top = top_value(image)
    values: NDArray[Any] = np.asarray(image)
    if image.mode == "F":
        # Floating-point TIFFs hold 0..1 by convention; some writers keep 0..255.
        white = np.float32(1.0 if top is None or top <= 1.0 else 255.0)
        shares = _finite(values)
        np.divide(shares, white, out=shares)
        np.clip(shares, 0.0, 1.0, out=shares)
        return Image.fromarray((shares * np.float32(255.0) + np.float32(0.5)).astype(np.uint8))
    if image.mode == "I" and top is not None and top <= 255:
        return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    return Image.fromarray((np.clip(values, 0, 65535).astype(np.uint32) >> 8).astype(np.uint8))


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    marked = "transparency" in image.info and image.mode in ("1", "L", "P", "RGB")
    if marked or image.mode == "PA":
        image = image.convert("RGBA")
    elif image.mode in ("RGBa", "La"):
        image = image.convert(image.mode.upper())
    if image.mode in ("RGBA", "LA"):
        return image.convert(_ALPHA_MODES[image.mode]), image.getchannel("A")
    if image.mode == "P":
        return image.convert("RGB"), None
    if image.mode == "1":
        return image.convert("L"), None
    return image, None


def _without_profile(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode == "LAB":
        transform = ImageCms.buildTransform(_named_profile("LAB"), _srgb(), "LAB", "RGB")
        return cast(Image.Image, ImageCms.applyTransform(image, transform))
    return image.convert("RGB")


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Apply `profile`; None where it changes nothing, can't be read or doesn't fit the image's mode."""
    if len(profile) > MAX_PROFILE_BYTES or image.mode not in ("RGB", "L", "CMYK"):
        return None
    build = _cached_transform if len(profile) <= _CACHED_PROFILE_BYTES else _transform
    transform = build(profile, image.mode)
    if transform is None:
        return None
    try:
        return cast(Image.Image, ImageCms.applyTransform(image, transform))
    except (ImageCms.PyCMSError, ValueError, OSError):
        return None


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        transform = ImageCms.buildTransform(source, _srgb(), mode, "RGB", renderingIntent=ImageCms.Intent.PERCEPTUAL)
        if mode == "CMYK":
            return transform
        probe = _probe(mode)
        seen = cast(Image.Image, ImageCms.applyTransform(probe, transform))
    except (ImageCms.PyCMSError, ValueError, OSError, TypeError):
        return None
    change = np.abs(np.asarray(seen, dtype=np.int16) - np.asarray(probe.convert("RGB"), dtype=np.int16))
    return transform if int(change.max()) > _SAME_COLOUR else None


_cached_transform = lru_cache(maxsize=16)(_transform)


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return _named_profile("sRGB")


def _named_profile(space: Literal["LAB", "sRGB"]) -> ImageCms.ImageCmsProfile:
    made = cast(Any, ImageCms.createProfile(space))  # pyright: ignore[reportUnknownMemberType]
    return ImageCms.ImageCmsProfile(made)


@lru_cache(maxsize=2)
def _probe(mode: str) -> Image.Image:
    if mode == "L":
        return Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
    return Image.fromarray(grid.reshape(27, 27, 3))
