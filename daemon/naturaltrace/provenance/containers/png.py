"""PNG chunks up to IEND (W3C PNG, third edition): tEXt, zTXt, iTXt, eXIf, caBX."""

import zlib
from collections.abc import Callable

from naturaltrace.provenance import limits
from naturaltrace.provenance.containers import photoshop
from naturaltrace.provenance.parts import Parts

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP_KEYWORD = "XML:com.adobe.xmp"


def walk(data: memoryview, parts: Parts) -> None:
    if bytes(data[:8]) != SIGNATURE:
        parts.problem("the file does not begin as a PNG")
        return
    at = 8
    for _ in range(limits.MAX_CHUNKS):
        if at + 8 > len(data):
            parts.problem("the PNG ends without its end chunk")
            return
        length = int.from_bytes(data[at : at + 4], "big")
        kind = bytes(data[at + 4 : at + 8])
        if kind == b"IEND":
            return
        body = data[at + 8 : at + 8 + length]
        if kind in _CHUNKS:
            damaged = not _sound(data, at, length)
            if damaged:
                parts.problem(f"a PNG {kind.decode()} chunk fails its checksum or is cut short")
            _CHUNKS[kind](body, parts, damaged)
        at += 12 + length
    parts.problem("more PNG chunks than are read")


def _sound(data: memoryview, at: int, length: int) -> bool:
    if at + 12 + length > len(data):
        return False
    if length > limits.MAX_TEXT_BYTES:
        return True  # only the front of it is read; summing hundreds of megabytes would tell nothing more
    stored = int.from_bytes(data[at + 8 + length : at + 12 + length], "big")
    return zlib.crc32(data[at + 4 : at + 8 + length]) == stored


def _keyword(body: memoryview) -> tuple[str, int] | None:
    """The chunk's keyword (1 to 79 bytes of Latin-1) and where what follows its zero byte begins."""
    end = bytes(body[:80]).find(b"\x00")
    return (bytes(body[:end]).decode("latin-1"), end + 1) if end > 0 else None


def _inflate(body: memoryview, parts: Parts) -> bytes:
    """As much of a zlib stream as is sound and allowed."""
    inflater = zlib.decompressobj()
    # The limit holds on the way out, so a bomb costs no more than an honest text.
    allowed = parts.take(limits.MAX_TEXT_BYTES)
    out = bytearray()
    try:
        # In pieces, so that what stands before a broken byte is kept.
        for start in range(0, len(body), 4096):
            out += inflater.decompress(bytes(body[start : start + 4096]), allowed - len(out) or 1)
            if inflater.eof or len(out) >= allowed:
                break
    except zlib.error:
        parts.problem("a compressed PNG text is damaged; what stands before the damage was read")
    if len(out) >= allowed and not inflater.eof:
        parts.problem("a compressed PNG text is longer than is read")
    parts.give_back(allowed - min(len(out), allowed))
    return bytes(out[:allowed])


def _plain(body: memoryview, parts: Parts) -> bytes:
    allowed = parts.take(len(body))
    if allowed < len(body):
        parts.problem("a PNG text is longer than is read")
    return bytes(body[:allowed])


def _decode(raw: bytes, encoding: str) -> str:
    # The standard says Latin-1 for tEXt and zTXt; most generators write UTF-8 there all the same.
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(encoding, "replace")


def _text(body: memoryview, parts: Parts, damaged: bool) -> None:
    if found := _keyword(body):
        keyword, at = found
        _store(keyword, _decode(_plain(body[at:], parts), "latin-1"), parts, damaged)


def _ztxt(body: memoryview, parts: Parts, damaged: bool) -> None:
    if (found := _keyword(body)) and len(body) > found[1] and body[found[1]] == 0:
        keyword, at = found
        _store(keyword, _decode(_inflate(body[at + 1 :], parts), "latin-1"), parts, damaged)


def _itxt(body: memoryview, parts: Parts, damaged: bool) -> None:
    found = _keyword(body)
    if not found or len(body) < found[1] + 2:
        return
    keyword, at = found
    compressed = body[at] == 1
    at += 2
    for _ in range(2):  # language tag, translated keyword
        end = bytes(body[at : at + 1024]).find(b"\x00")
        if end < 0:
            return
        at += end + 1
    raw = _inflate(body[at:], parts) if compressed else _plain(body[at:], parts)
    if keyword == _XMP_KEYWORD:
        parts.xmp.append(raw)
    else:
        _store(keyword, raw.decode("utf-8", "replace"), parts, damaged)


def _store(keyword: str, text: str, parts: Parts, damaged: bool) -> None:
    if keyword.startswith("Raw profile type "):
        _raw_profile(keyword.removeprefix("Raw profile type ").strip(), text, parts)
    elif keyword == _XMP_KEYWORD:
        parts.xmp.append(text.encode())
    else:
        parts.add(f"png.text:{keyword}", text, damaged=damaged)


def _raw_profile(kind: str, text: str, parts: Parts) -> None:
    """ImageMagick's way to keep EXIF, IPTC and XMP in a PNG: a name, a length, then hexadecimal digits."""
    lines = text.strip().split("\n", 2)
    if len(lines) < 3:
        return
    digits = "".join(lines[2].split())
    try:
        raw = bytes.fromhex(digits[: len(digits) // 2 * 2])
    except ValueError:
        parts.problem("a raw profile in the PNG is damaged")
        return
    if raw.startswith(b"Exif\x00\x00"):
        parts.exif.append(raw[6:])
    elif raw.startswith(b"http://ns.adobe.com/xap/1.0/\x00"):
        parts.xmp.append(raw[29:])
    elif kind == "exif":
        parts.exif.append(raw)
    elif kind == "xmp":
        parts.xmp.append(raw)
    elif kind in ("iptc", "8bim"):
        photoshop.resources(memoryview(raw), parts)


def _exif(body: memoryview, parts: Parts, damaged: bool) -> None:
    raw = bytes(body[: parts.take(len(body))])
    parts.exif.append(raw.removeprefix(b"Exif\x00\x00"))


def _manifest(body: memoryview, parts: Parts, damaged: bool) -> None:
    parts.manifest_bytes += len(body)


_CHUNKS: dict[bytes, Callable[[memoryview, Parts, bool], None]] = {
    b"tEXt": _text,
    b"zTXt": _ztxt,
    b"iTXt": _itxt,
    b"eXIf": _exif,
    b"caBX": _manifest,
}
