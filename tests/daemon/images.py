"""Image files for tests, made here and now; and broken ones, made from them."""

import io
import struct
import zlib
from typing import Any, cast

import numpy as np
from PIL import Image

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def corner(mode: str = "RGB", size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Red, with a blue square of 20 px in the upper left corner: shows which way is up."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (0, 0, 20, 20))
    return image if mode == "RGB" else image.convert(mode)


def photo(width: int = 320, height: int = 240, seed: int = 0) -> Image.Image:
    """Smooth shapes with a little noise: texture that every codec can handle."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    channels = [np.sin(x / (9 + c) + seed) + np.cos(y / (13 + c)) for c in range(3)]
    values = np.stack(channels, axis=-1) * 50 + 128 + rng.normal(0, 6, (height, width, 3))
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def encoded(image: Image.Image, format_name: str, **options: Any) -> bytes:
    if format_name == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)  # pyright: ignore[reportUnknownMemberType]
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int, *, colour_type: int = 2, depth: int = 8) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)


def png_bomb(width: int, height: int) -> bytes:
    """A small PNG that declares `width` × `height` and holds rows of zeros for as much as two megabytes unpack to."""
    rows = zlib.compress(b"\0" * min(2 * 2**20, (width * 3 + 1) * height), 9)
    return png_header(width, height) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def icc_with_swapped_primaries() -> bytes:
    """A valid RGB profile (sRGB's own) whose red and blue columns are exchanged: a transform that can be seen."""
    return srgb_icc().replace(b"rXYZ", b"#XYZ", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"#XYZ", b"bXYZ", 1)


def srgb_icc() -> bytes:
    from PIL import ImageCms

    made = cast(Any, ImageCms.createProfile("sRGB"))  # pyright: ignore[reportUnknownMemberType]
    return ImageCms.ImageCmsProfile(made).tobytes()
