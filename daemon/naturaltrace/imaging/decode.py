"""The one door through which image bytes come in. Serving, training and evaluation all use it."""

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from naturaltrace.imaging.colour import has_alpha, to_srgb, top_value
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.errors import (
    DamagedImage,
    EmptyBody,
    ImagingError,
    TooLarge,
    TooManyPixels,
    UnsupportedFormat,
)
from naturaltrace.imaging.sniff import sniff

# Pillow warns below the size at which it refuses; ours is the limit that counts, so its warning would only be noise.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# Complaints about broken metadata, which are common in files from the web and of no use to anyone here.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What a file may ask for. Checked on the declared size, before memory is taken for pixels."""

    max_bytes: int = 64 * 2**20
    max_pixels: int = 100_000_000
    max_side: int = 65_535  # what a JPEG can hold; some containers declare sides of millions
    # A run-length BMP is decoded by a Python loop, pixel by pixel; nobody publishes large ones.
    max_slow_pixels: int = 4_000_000


_STRIP_PIXELS = 4_000_000
DEFAULT_LIMITS = DecodeLimits()

# What EXIF's orientation asks for, as views of an array of rows and columns.
_UPRIGHT: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: a[::-1].transpose(1, 0, 2),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: a[:, ::-1].transpose(1, 0, 2),
}
_ORIENTATION = 0x0112


def decode(data: bytes, *, limits: DecodeLimits = DEFAULT_LIMITS) -> DecodedImage:
    """Decode one image file to upright sRGB pixels over white; of an animation the first frame.

    A JPEG goes through libjpeg as it is: no draft mode, no scaling, so that pixels are the same wherever this runs.

    Raises:
        EmptyBody, TooLarge, TooManyPixels, UnsupportedFormat, DamagedImage: all are ImagingError, each with words.
    """
    if not data:
        raise EmptyBody("The file is empty.")
    if len(data) > limits.max_bytes:
        raise TooLarge(f"The file is larger than {limits.max_bytes // 2**20} MB.")
    found = sniff(data)
    if found.format is None:
        seems = f" It looks like {found.looks_like}." if found.looks_like else ""
        raise UnsupportedFormat(f"This is no image in a format that can be checked.{seems}")
    try:
        return _decode(data, found.format, limits)
    except ImagingError:
        raise
    except (Image.DecompressionBombError, MemoryError):
        raise _too_many_pixels(limits) from None
    except UnidentifiedImageError:
        raise DamagedImage(f"The file begins like {_name(found.format)} but its header can't be read.") from None
    except Exception as error:
        # Pillow's readers raise whatever a broken file trips over: OSError, SyntaxError, struct.error, IndexError…
        if "truncated" in str(error).lower() or isinstance(error, EOFError):
            raise DamagedImage("The file ends before the image does; it may not have loaded completely.") from error
        raise DamagedImage(f"The file is {_name(found.format)}, but it is damaged.") from error


def _decode(data: bytes, format_name: str, limits: DecodeLimits) -> DecodedImage:
    if format_name == "HEIF":
        _register_heif()
    with Image.open(BytesIO(data), formats=(format_name,)) as image:
        _check_size(image, limits)
        frames = _frame_count(image)
        if getattr(image, "default_image", False) and frames > 1:
            image.seek(1)  # an animated PNG's fallback picture is not what a browser shows
        image.load()
        _check_size(image, limits)
        upright = _UPRIGHT.get(_orientation(image), lambda a: a)
        return DecodedImage(
            pixels=np.ascontiguousarray(upright(_srgb_pixels(image))),
            format=format_name,
            sha256=hashlib.sha256(data).hexdigest(),
            byte_count=len(data),
            frame_count=frames,
            has_alpha=has_alpha(image),
        )


def _srgb_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """In strips where the image is large: the steps on the way to sRGB would each hold a copy of the whole."""
    rows = max(1, _STRIP_PIXELS // image.width)
    if rows >= image.height:
        return np.asarray(to_srgb(image), dtype=np.uint8)
    strips = [(top, min(image.height, top + rows)) for top in range(0, image.height, rows)]
    white = None
    if image.mode in ("I", "F"):  # what white is can only be told from the whole image
        white = max(top_value(image.crop((0, top, image.width, bottom))) for top, bottom in strips)
    pixels = np.empty((image.height, image.width, 3), dtype=np.uint8)
    for top, bottom in strips:
        pixels[top:bottom] = np.asarray(to_srgb(image.crop((0, top, image.width, bottom)), white))
    return pixels


def _check_size(image: Image.Image, limits: DecodeLimits) -> None:
    pixels = image.width * image.height
    if pixels <= 0:
        raise DamagedImage("The image has no width or no height.")
    if max(image.size) > limits.max_side:
        raise TooManyPixels(f"The image is more than {limits.max_side} pixels long.")
    slow = image.format == "BMP" and image.info.get("compression") in (1, 2)
    if pixels > (limits.max_slow_pixels if slow else limits.max_pixels):
        raise _too_many_pixels(limits)


def _too_many_pixels(limits: DecodeLimits) -> TooManyPixels:
    return TooManyPixels(f"The image has more than {limits.max_pixels // 1_000_000} million pixels.")


def _frame_count(image: Image.Image) -> int:
    """Frames or pages; 2 stands for "several" where counting would mean walking through the whole file."""
    if image.format in ("GIF", "TIFF"):
        try:
            return 2 if getattr(image, "is_animated", False) else 1
        except Exception:  # a broken second frame says nothing about the first
            return 1
    return max(1, int(getattr(image, "n_frames", 1)))


def _orientation(image: Image.Image) -> int:
    """EXIF's orientation after loading; 1 where there is none or it can't be read.

    Pillow's TIFF reader and pillow-heif turn the pixels themselves and take the mark away.
    """
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF is written by anyone: a broken block must not cost the verdict
        return 1
    return value if isinstance(value, int) else 1


def _register_heif() -> None:
    import pillow_heif  # only now: its libraries are large and most people never meet a HEIC

    pillow_heif.register_heif_opener(thumbnails=False)  # pyright: ignore[reportUnknownMemberType]


def _name(format_name: str) -> str:
    return {"AVIF": "an AVIF image", "HEIF": "a HEIC image"}.get(format_name, f"a {format_name} image")
