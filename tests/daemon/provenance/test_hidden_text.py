"""Text in the pixels' lowest bits: read from alpha and from colours, bounded, and gone with any lossy saving."""

import gzip
import io
import json
import struct

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from naturaltrace.imaging.decode import decode
from naturaltrace.provenance import limits
from naturaltrace.provenance.findings import Provenance
from naturaltrace.provenance.reader import read_provenance

FIELDS = {
    "Software": "NovelAI",
    "Source": "NovelAI Diffusion V4.5 4BDE2A90",
    "Comment": json.dumps({"prompt": "a lighthouse", "sampler": "k_euler", "uc": ""}),
}
PARAMETERS = "a lighthouse\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1"


def message(text: bytes, signature: bytes, *, bits: int | None = None) -> bytes:
    return signature + struct.pack(">I", len(text) * 8 if bits is None else bits) + text


def hidden(message: bytes, *, in_alpha: bool, size: tuple[int, int] = (96, 80)) -> NDArray[np.uint8]:
    """Noise with the message in its lowest bits, column by column; RGBA or RGB."""
    height, width = size
    noise = np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)
    bits = np.unpackbits(np.frombuffer(message, np.uint8))
    if in_alpha:
        alpha = np.full(width * height, 255, np.uint8)
        alpha[: len(bits)] = 254 | bits
        return np.dstack([noise, alpha.reshape(width, height).T])
    turned = noise.transpose(1, 0, 2).copy()
    flat = turned.reshape(-1)
    flat[: len(bits)] = flat[: len(bits)] & 254 | bits
    return np.ascontiguousarray(turned.transpose(1, 0, 2))


def saved(pixels: NDArray[np.uint8], format_name: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format_name, **options)  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def read(data: bytes) -> Provenance:
    image = decode(data)
    return read_provenance(data, image.format, pixels=image.pixels)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("in_alpha", [True, False])
def test_novelais_hidden_fields_are_read(in_alpha: bool, packed: bool) -> None:
    text = json.dumps(FIELDS).encode()
    signature = f"stealth_{'png' if in_alpha else 'rgb'}{'comp' if packed else 'info'}".encode()
    pixels = hidden(message(gzip.compress(text) if packed else text, signature), in_alpha=in_alpha)
    (finding,) = read(saved(pixels)).findings
    assert (finding.kind, finding.generator) == ("novelai.software", "NovelAI")
    assert finding.fields["place"] == "alpha.text:Software"


def test_a_web_uis_hidden_parameters_are_read() -> None:
    pixels = hidden(message(gzip.compress(PARAMETERS.encode()), b"stealth_pngcomp"), in_alpha=True)
    assert [f.kind for f in read(saved(pixels)).findings] == ["a1111.parameters"]
    for options in (
        {"lossless": True, "exact": True},
        {"quality": 80},
    ):
        assert [f.kind for f in read(saved(pixels, "WEBP", **options)).findings] == ["a1111.parameters"]


def test_it_is_looked_for_only_where_it_can_stand() -> None:
    pixels = hidden(message(PARAMETERS.encode(), b"stealth_pnginfo"), in_alpha=True)
    assert read(saved(pixels[..., :3])).findings == ()  # without its alpha
    assert read(saved(np.asarray(Image.fromarray(pixels).resize((90, 90))))).findings == ()
    assert read(saved(pixels[..., :3], "JPEG", quality=95)).findings == ()
    assert read(saved(pixels[::-1])).findings == ()
    assert read_provenance(saved(pixels), "PNG").findings == ()  # nobody asked for the pixels
    # An alpha signature in the colours, and the other way round, is none.
    assert read(saved(hidden(message(PARAMETERS.encode(), b"stealth_pnginfo"), in_alpha=False))).findings == ()
    assert read(saved(hidden(message(PARAMETERS.encode(), b"stealth_rgbinfo"), in_alpha=True))).findings == ()


def test_a_broken_text_is_read_as_far_as_it_is_sound() -> None:
    random = bytes(np.random.default_rng(1).integers(32, 127, 4000, dtype=np.uint8))
    packed = gzip.compress(PARAMETERS.encode() + b"\n" + random)
    whole = hidden(message(packed, b"stealth_pngcomp"), in_alpha=True, size=(240, 200))
    assert [f.kind for f in read(saved(whole)).findings] == ["a1111.parameters"]
    cut = hidden(message(packed[:2000], b"stealth_pngcomp"), in_alpha=True, size=(240, 200))
    assert [f.kind for f in read(saved(cut)).findings] == ["a1111.parameters"]
    long = read(saved(hidden(message(PARAMETERS.encode(), b"stealth_pnginfo", bits=1 << 31), in_alpha=True)))
    assert any("cut short" in problem for problem in long.problems)


def test_a_bomb_in_the_pixels_stops_at_the_limit() -> None:
    bomb = gzip.compress(b"Steps: 1, Sampler: x " + b" " * 40_000_000)
    pixels = hidden(message(bomb, b"stealth_pngcomp"), in_alpha=True, size=(800, 600))
    (finding,) = read(saved(pixels)).findings
    assert finding.kind == "a1111.parameters"
    assert limits.MAX_TEXT_BYTES < 40_000_000


@pytest.mark.parametrize("size", [(1, 1), (1, 151), (152, 1), (12, 13), (3, 700)])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "RGB", "L", "P"])
def test_images_of_any_size_and_mode_are_read_without_complaint(size: tuple[int, int], mode: str) -> None:
    noise = np.random.default_rng(2).integers(0, 256, (*size, 4), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise, "RGBA").convert(mode).save(buffer, "PNG")
    provenance = read_provenance(buffer.getvalue(), "PNG", pixels=noise[..., :3])
    assert provenance == Provenance()
