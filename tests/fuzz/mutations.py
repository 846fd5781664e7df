"""Case number i of seed s is always the same file: valid images, broken in the ways that readers trip over."""

import random
import struct
from collections.abc import Callable
from functools import lru_cache

from PIL import Image

from tests.daemon.images import corner, encoded, icc_with_swapped_primaries, photo, srgb_icc

_EXTREMES = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\0\0\0", b"\0\0\0\x01")


@lru_cache(maxsize=1)
def seeds() -> tuple[bytes, ...]:
    """Small valid files: each format, with the blocks in which decoders and metadata readers find most to do."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0131] = 6, "Maker", "Software"
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>'
    small, palette = photo(48, 40), corner().convert("P")
    files = [
        encoded(small, "JPEG", quality=80, exif=exif.tobytes(), icc_profile=srgb_icc(), xmp=xmp),
        encoded(small, "JPEG", progressive=True, subsampling=2),
        encoded(small.convert("CMYK"), "JPEG"),
        encoded(small, "MPO", save_all=True, append_images=[small]),
        encoded(small, "PNG", exif=exif.tobytes(), icc_profile=icc_with_swapped_primaries()),
        encoded(palette, "PNG", transparency=1),
        encoded(small.convert("I;16") if small.mode == "L" else small.convert("L"), "PNG"),
        encoded(small, "PNG", save_all=True, append_images=[corner(size=(48, 40))]),
        encoded(small, "WEBP", exif=exif.tobytes(), xmp=xmp),
        encoded(small.convert("RGBA"), "WEBP", lossless=True),
        encoded(small, "WEBP", save_all=True, append_images=[corner(size=(48, 40))]),
        encoded(small, "AVIF", exif=exif.tobytes()),
        encoded(small, "HEIF", exif=exif.tobytes()),
        encoded(palette, "GIF", save_all=True, append_images=[small.convert("P")]),
        encoded(small, "BMP"),
        encoded(palette, "BMP"),
        encoded(small, "TIFF"),
        encoded(small, "TIFF", compression="tiff_lzw", exif=exif),
        encoded(small, "TIFF", compression="jpeg"),
        encoded(small, "TIFF", save_all=True, append_images=[small]),
    ]
    return tuple(files)


def case(seed: int, index: int) -> bytes:
    """The file of one case."""
    rng = random.Random(f"{seed}:{index}")
    data = bytearray(rng.choice(seeds()))
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if not data:
            break
        rng.choice(_MUTATIONS)(data, rng)
    return bytes(data)


def _somewhere(data: bytearray, rng: random.Random) -> int:
    # Half of all damage goes to the beginning, where the structure is.
    return rng.randrange(min(len(data), 200)) if rng.random() < 0.5 else rng.randrange(len(data))


def _flip(data: bytearray, rng: random.Random) -> None:
    data[_somewhere(data, rng)] ^= 1 << rng.randrange(8)


def _overwrite(data: bytearray, rng: random.Random) -> None:
    at = _somewhere(data, rng)
    data[at : at + 4] = rng.choice(_EXTREMES)


def _size(data: bytearray, rng: random.Random) -> None:
    at = _somewhere(data, rng)
    value = rng.choice((0, 1, 65535, 65536, 2**31 - 1, len(data), len(data) * 2, 100_001))
    data[at : at + 4] = struct.pack(rng.choice((">I", "<I")), value)


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[_somewhere(data, rng) :]


def _remove(data: bytearray, rng: random.Random) -> None:
    at = _somewhere(data, rng)
    del data[at : at + rng.randrange(1, 64)]


def _insert(data: bytearray, rng: random.Random) -> None:
    at = _somewhere(data, rng)
    data[at:at] = rng.randbytes(rng.randrange(1, 64))


def _repeat(data: bytearray, rng: random.Random) -> None:
    at = _somewhere(data, rng)
    data[at:at] = bytes(data[at : at + rng.randrange(1, 256)]) * rng.randrange(1, 50)


def _splice(data: bytearray, rng: random.Random) -> None:
    other = rng.choice(seeds())
    at, start = _somewhere(data, rng), rng.randrange(len(other))
    data[at : at + rng.randrange(256)] = other[start : start + rng.randrange(1, 256)]


_MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip, _flip, _overwrite, _size, _cut, _remove, _insert, _repeat, _splice,
)  # fmt: skip
