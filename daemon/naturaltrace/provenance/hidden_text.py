"""Text in the lowest bits of the pixels, as NovelAI and "stealth PNG info" write it: a copy that outlives the file's
own texts, but no scaling, no editing, and no lossy saving (save WebP's, which keeps alpha as it is).

The bits run down the columns, from the left; in the alpha channel, or, of images without one, in red, green, blue of
each pixel in turn. They spell a signature, the text's length in bits, and the text, which may be packed by gzip.
"""

import io
import json
import zlib
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from naturaltrace.provenance import limits
from naturaltrace.provenance.parts import Parts

_SIGNATURES = {  # whether in alpha, whether packed
    b"stealth_pnginfo": (True, False),
    b"stealth_pngcomp": (True, True),
    b"stealth_rgbinfo": (False, False),
    b"stealth_rgbcomp": (False, True),
}
_SIGNATURE_BYTES = 15
_MAX_PIXELS = 1 << 24  # generators that write this make images of a few megapixels
_FORMATS = ("PNG", "WEBP")


def read(data: bytes, format: str, pixels: NDArray[np.uint8], parts: Parts) -> None:
    """Adds "alpha.text:NAME" entries; a text that is no JSON object is called "parameters", as in a PNG.

    `pixels` is the decoded image (uint8, height × width × 3). Only PNG and WebP are looked at.
    """
    if format not in _FORMATS or pixels.size == 0:
        return
    _spell(pixels.transpose(1, 0, 2).reshape(-1), parts, in_alpha=False)
    if _has_alpha(data, format) and pixels.shape[0] * pixels.shape[1] <= _MAX_PIXELS:
        with Image.open(io.BytesIO(data), formats=(format,)) as image:
            if image.mode in ("RGBA", "LA") and image.width * image.height <= _MAX_PIXELS:
                _spell(np.asarray(image.getchannel("A")).T.reshape(-1), parts, in_alpha=True)


def _has_alpha(data: bytes, format: str) -> bool:
    """By the header alone: most files need not be decoded a second time."""
    if format == "PNG":
        return data[24:26] in (b"\x08\x04", b"\x08\x06")  # 8 bits, grey or colour with alpha
    return data[12:16] == b"VP8L" or (data[12:16] == b"VP8X" and bool(data[20] & 0x10))


def _spell(channel: NDArray[np.uint8], parts: Parts, *, in_alpha: bool) -> None:
    """`channel` holds the bits in reading order, as its lowest ones."""
    head = 8 * (_SIGNATURE_BYTES + 4)
    if len(channel) < head:
        return
    start = np.packbits(channel[:head] & 1).tobytes()
    told = _SIGNATURES.get(start[:_SIGNATURE_BYTES])
    if told is None or told[0] is not in_alpha:
        return
    bits = int.from_bytes(start[_SIGNATURE_BYTES:], "big")
    if bits > len(channel) - head:
        parts.problem("a text hidden in the pixels is cut short")
    raw = np.packbits(channel[head : head + min(bits, 8 * limits.MAX_TEXT_BYTES)] & 1).tobytes()
    text = _unpack(raw, parts) if told[1] else raw[: parts.take(len(raw))]
    _store(text.decode("utf-8", "replace"), parts)


def _unpack(raw: bytes, parts: Parts) -> bytes:
    """As much of the packed text as is sound and allowed."""
    inflater = zlib.decompressobj(wbits=31)
    allowed = parts.take(limits.MAX_TEXT_BYTES)
    out = bytearray()
    try:
        for start in range(0, len(raw), 4096):
            out += inflater.decompress(raw[start : start + 4096], allowed - len(out) or 1)
            if inflater.eof or len(out) >= allowed:
                break
    except zlib.error:
        parts.problem("a text hidden in the pixels is damaged; what stands before the damage was read")
    parts.give_back(allowed - min(len(out), allowed))
    return bytes(out[:allowed])


def _store(text: str, parts: Parts) -> None:
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        parts.add("alpha.text:parameters", text)
        return
    for name, value in cast(dict[str, Any], document).items():
        parts.add(f"alpha.text:{name[:80]}", value if isinstance(value, str) else json.dumps(value))
