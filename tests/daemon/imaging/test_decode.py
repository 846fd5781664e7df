"""What the one door lets in, and as what."""

import hashlib
import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from naturaltrace.imaging.decode import DecodeLimits, decode
from naturaltrace.imaging.errors import (
    DamagedImage,
    EmptyBody,
    ImagingError,
    TooLarge,
    TooManyPixels,
    UnsupportedFormat,
)
from naturaltrace.imaging.sniff import FORMATS
from tests.daemon.images import (
    BLUE,
    RED,
    WHITE,
    chunk,
    corner,
    encoded,
    icc_with_swapped_primaries,
    photo,
    png_bomb,
    png_header,
    srgb_icc,
)


def near(pixel: Any, colour: tuple[int, int, int], tolerance: int = 6) -> bool:
    return bool((np.abs(np.asarray(pixel, dtype=int) - np.asarray(colour)) <= tolerance).all())


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_read(name: str) -> None:
    data = encoded(corner(), name)
    image = decode(data)
    assert (image.width, image.height, image.format) == (60, 40, name)
    assert image.pixels.dtype == np.uint8
    assert near(image.pixels[35, 50], RED)
    assert near(image.pixels[8, 8], BLUE)
    assert image.sha256 == hashlib.sha256(data).hexdigest()
    assert image.byte_count == len(data)
    assert image.frame_count == 1
    assert not image.has_alpha


def test_a_jpeg_gives_libjpegs_own_pixels() -> None:
    data = encoded(photo(), "JPEG", quality=70, subsampling=2)
    with Image.open(io.BytesIO(data)) as plain:
        expected = np.asarray(plain.convert("RGB"))
    assert np.array_equal(decode(data).pixels, expected)


def test_a_jpeg_that_holds_several_pictures_counts_as_jpeg() -> None:
    data = encoded(corner(), "MPO", save_all=True, append_images=[corner()])
    image = decode(data)
    assert (image.format, image.frame_count) == ("JPEG", 2)


# --- orientation -----------------------------------------------------------------------------------------------------

# Where the blue corner lies once the picture is upright, for a stored picture with blue in its upper left.
UPRIGHT = {1: (0, 0), 2: (0, 1), 3: (1, 1), 4: (1, 0), 5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0)}


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_pictures_are_turned_upright(name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(encoded(corner(), name, exif=exif if name == "TIFF" else exif.tobytes()))
    assert (image.width, image.height) == ((40, 60) if orientation >= 5 else (60, 40))
    corners = {(r, c): image.pixels[-5 if r else 5, -5 if c else 5] for r in (0, 1) for c in (0, 1)}
    assert [where for where, pixel in corners.items() if near(pixel, BLUE)] == [UPRIGHT[orientation]]


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0MM\0*",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01" * 200,
        b"Exif\0\0" + bytes(range(256)) * 8,
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x04abc\0\0\0\0\0",
    ],
)
def test_broken_exif_does_not_cost_the_picture(exif: bytes) -> None:
    image = decode(encoded(corner(), "JPEG", exif=exif))
    assert (image.width, image.height) == (60, 40)


# --- colour ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "RGBA", "LA", "I;16", "I", "F", "LAB"])
def test_each_mode_becomes_rgb(mode: str) -> None:
    grey = Image.new("L", (16, 16), 128)
    image: Image.Image
    if mode == "I;16":
        image = Image.fromarray(np.full((16, 16), 128 * 257, dtype=np.uint16))
    elif mode == "I":
        image = Image.fromarray(np.full((16, 16), 128 * 257, dtype=np.int32))
    elif mode == "F":
        image = Image.fromarray(np.full((16, 16), 128 / 255, dtype=np.float32))
    elif mode == "LAB":
        image = Image.merge("LAB", [Image.new("L", (16, 16), v) for v in (137, 128, 128)])
    elif mode == "1":
        image = Image.new("1", (16, 16), 1)
    elif mode == "P":
        image = grey.quantize(4)
    else:
        image = grey.convert("RGB").convert(mode)
    name = "PNG" if mode in ("1", "L", "P", "RGBA", "LA", "I;16") else "TIFF"
    pixel = decode(encoded(image, name)).pixels[8, 8]
    assert near(pixel, WHITE if mode == "1" else (128, 128, 128), 3), pixel


def test_sixteen_bits_keep_their_upper_eight() -> None:
    ramp = np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)
    pixels = decode(encoded(Image.fromarray(ramp), "PNG")).pixels
    assert np.array_equal(pixels[..., 0].ravel(), np.arange(256))


def test_sixteen_bit_colour_png() -> None:
    row = b"\0" + struct.pack(">HHH", 0xFFFF, 0x8000, 0) * 4
    data = png_header(4, 4, depth=16) + chunk(b"IDAT", zlib.compress(row * 4)) + chunk(b"IEND", b"")
    assert near(decode(data).pixels[2, 2], (255, 128, 0), 1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -5.0])
def test_odd_floating_point_values_stay_in_range(value: float) -> None:
    pixels = decode(encoded(Image.fromarray(np.full((8, 8), value, dtype=np.float32)), "TIFF")).pixels
    assert pixels.shape == (8, 8, 3)


@pytest.mark.parametrize("name", ["PNG", "WEBP", "AVIF", "TIFF", "HEIF"])
def test_alpha_is_laid_over_white(name: str) -> None:
    image = corner("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    seen = decode(encoded(image, name))
    assert seen.has_alpha
    assert near(seen.pixels[20, 30], WHITE)


def test_half_transparent_is_half_white() -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 128))
    assert near(decode(encoded(image, "PNG")).pixels[4, 4], (127, 127, 127), 1)


def test_a_palettes_transparent_colour_is_white() -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    for name in ("PNG", "GIF"):
        seen = decode(encoded(image, name, transparency=1))
        assert seen.has_alpha
        assert near(seen.pixels[4, 4], WHITE)


def test_a_profile_is_applied() -> None:
    image = Image.new("RGB", (8, 8), (200, 30, 30))
    seen = decode(encoded(image, "PNG", icc_profile=icc_with_swapped_primaries())).pixels[4, 4]
    assert int(seen[2]) > int(seen[0]) + 100


def test_srgbs_own_profile_leaves_every_pixel_alone() -> None:
    image = photo(64, 64)
    seen = decode(encoded(image, "PNG", icc_profile=srgb_icc())).pixels
    assert np.array_equal(seen, np.asarray(image))


@pytest.mark.parametrize(
    "profile",
    [b"x", b"\0" * 128, b"not a profile at all" * 20, srgb_icc()[:200], srgb_icc()[:-500], b"\xff" * 70_000],
    ids=["one byte", "zeros", "text", "cut early", "cut late", "long"],
)
@pytest.mark.parametrize("name", ["PNG", "JPEG"])
def test_a_broken_profile_is_left_out(name: str, profile: bytes) -> None:
    image = Image.new("RGB", (16, 16), (200, 30, 30))
    assert near(decode(encoded(image, name, icc_profile=profile)).pixels[8, 8], (200, 30, 30))


def test_a_profile_for_other_colours_is_left_out() -> None:
    cmyk = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    assert near(decode(encoded(cmyk, "JPEG", icc_profile=srgb_icc(), quality=95)).pixels[4, 4], RED)


# --- several frames --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_the_first_frame_is_the_one_that_is_seen(name: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in (RED, BLUE, WHITE)]
    image = decode(encoded(frames[0], name, save_all=True, append_images=frames[1:]))
    assert near(image.pixels[16, 16], RED)
    assert image.frame_count > 1


def test_an_animated_pngs_fallback_picture_is_not_shown() -> None:
    fallback, first, second = (Image.new("RGB", (32, 32), c) for c in (WHITE, RED, BLUE))
    data = encoded(fallback, "PNG", save_all=True, append_images=[first, second], default_image=True)
    assert near(decode(data).pixels[16, 16], RED)


def test_a_gif_without_end_costs_no_more_than_its_first_frame() -> None:
    data = encoded(
        Image.new("P", (16, 16), 1), "GIF", save_all=True, append_images=[Image.new("P", (16, 16), i) for i in (2, 3)]
    )
    block = b"\x2c\0\0\0\0\x10\0\x10\0\0\x02\x02\x84\x51\0"
    assert decode(data[:-1] + block * 100_000 + b";").frame_count == 2


# --- refused ---------------------------------------------------------------------------------------------------------


def test_nothing_is_refused() -> None:
    with pytest.raises(EmptyBody):
        decode(b"")


def test_too_many_bytes_are_refused() -> None:
    data = encoded(corner(), "PNG")
    with pytest.raises(TooLarge):
        decode(data, limits=DecodeLimits(max_bytes=len(data) - 1))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?><svg/>", "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\0\0\0\x20ftypisom\0\0\0\0isommp42", "video"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"PK\x03\x04" + bytes(40), "archive"),
        (b"BM is also how a text may begin", "no image"),
        (b"P6 1 1 255 abc", "no image"),  # Pillow could read it, but no browser shows it
        (b"8BPS\0\1" + bytes(40), "no image"),
        (b"\x0a\x05\x01\x08" + bytes(200), "no image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "no image"),  # Pillow would start another program for it
    ],
)
def test_what_is_no_image_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(UnsupportedFormat, match=words):
        decode(data)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_file_that_ends_early_is_refused(name: str, share: float) -> None:
    options = {"compression": "tiff_lzw"} if name == "TIFF" else {}
    data = encoded(photo(), name, **options)
    with pytest.raises((DamagedImage, UnsupportedFormat)) as caught:
        decode(data[: max(1, int(len(data) * share))])
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize("name", FORMATS)
def test_a_head_without_a_body_is_refused(name: str) -> None:
    with pytest.raises(ImagingError):
        decode(encoded(photo(), name)[:40] + b"\xff" * 4000)


def big_headers() -> dict[str, bytes]:
    side = 50_000
    bmp = bytearray(encoded(corner(), "BMP"))
    bmp[18:26] = struct.pack("<ii", side, side)
    gif = bytearray(encoded(corner().convert("P"), "GIF"))
    gif[6:10] = struct.pack("<HH", side, side)
    jpeg = bytearray(encoded(corner(), "JPEG"))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", side, side)
    webp = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + (side - 1).to_bytes(3, "little") * 2
    webp += b"VP8L" + struct.pack("<I", 8) + b"\x2f\0\0\0\0\0\0\0"
    tiff = bytearray(encoded(corner(), "TIFF"))
    start = struct.unpack("<I", tiff[4:8])[0]
    for entry in range(struct.unpack("<H", tiff[start : start + 2])[0]):
        where = start + 2 + entry * 12
        if struct.unpack("<H", tiff[where : where + 2])[0] in (256, 257):
            tiff[where + 2 : where + 12] = struct.pack("<HII", 4, 1, side)
    return {
        "PNG": png_bomb(side, side),
        "BMP": bytes(bmp),
        "GIF": bytes(gif),
        "JPEG": bytes(jpeg),
        "WEBP": b"RIFF" + struct.pack("<I", len(webp) + 4) + b"WEBP" + webp,
        "TIFF": bytes(tiff),
    }


@pytest.mark.parametrize("name", list(big_headers()))
def test_a_huge_declared_size_is_refused_before_memory_is_taken(name: str) -> None:
    with pytest.raises(TooManyPixels):
        decode(big_headers()[name])


def test_a_strip_of_millions_is_refused() -> None:
    with pytest.raises(TooManyPixels):
        decode(png_bomb(2_000_000, 10))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK"])
def test_large_images_are_the_same_as_small_ones(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = photo(200, 130).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    exif = Image.Exif()
    exif[0x0112] = 8
    data = encoded(image, "TIFF", icc_profile=icc_with_swapped_primaries(), exif=exif)
    whole = decode(data).pixels
    monkeypatch.setattr("naturaltrace.imaging.decode._STRIP_PIXELS", 200 * 7)
    assert np.array_equal(decode(data).pixels, whole)


def test_the_pixel_limit_is_the_one_that_is_given() -> None:
    data = encoded(corner(), "PNG")
    assert decode(data, limits=DecodeLimits(max_pixels=2400)).width == 60
    with pytest.raises(TooManyPixels):
        decode(data, limits=DecodeLimits(max_pixels=2399))


def test_a_png_that_declares_more_than_it_holds_is_refused() -> None:
    with pytest.raises(DamagedImage):
        decode(png_bomb(9_000, 9_000))


def test_packed_text_without_end_is_refused() -> None:
    text = b"Comment\0\0" + zlib.compress(b"\0" * (80 * 2**20), 9)
    data = png_header(4, 4) + chunk(b"zTXt", text) * 3 + chunk(b"IEND", b"")
    with pytest.raises(DamagedImage):
        decode(data)


def test_a_large_run_length_bitmap_is_refused() -> None:
    header = struct.pack("<IiiHHIIiiII", 40, 4000, 4000, 1, 8, 1, 0, 0, 0, 256, 0) + bytes(1024)
    data = b"BM" + struct.pack("<IHHI", 54 + 1024 + 4, 0, 0, 54 + 1024) + header + b"\0\1\0\1"
    with pytest.raises(TooManyPixels):
        decode(data)


def test_two_files_in_one_are_read_as_the_first() -> None:
    joined = encoded(corner(), "JPEG") + encoded(photo(), "PNG")
    assert decode(joined).format == "JPEG"
