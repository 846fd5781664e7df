"""GIF89a blocks up to the trailer: comment and application extensions (XMP, C2PA)."""

from naturaltrace.provenance import limits
from naturaltrace.provenance.parts import Parts


def walk(data: memoryview, parts: Parts) -> None:
    if bytes(data[:6]) not in (b"GIF87a", b"GIF89a") or len(data) < 13:
        parts.problem("the file does not begin as a GIF")
        return
    at = 13 + _palette(data[10])
    for _ in range(limits.MAX_CHUNKS):
        kind = data[at] if at < len(data) else -1
        if kind == 0x3B:  # trailer
            return
        if kind == 0x2C and at + 10 < len(data):  # an image: skip its palette, code size and data
            at = _skip(data, at + 11 + _palette(data[at + 9]))
        elif kind == 0x21 and at + 2 < len(data):
            at = _extension(data, at + 1, parts)
        else:
            parts.problem("the GIF ends without its trailer")
            return
    parts.problem("more GIF blocks than are read")


def _palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip(data: memoryview, at: int) -> int:
    """Past a chain of sub-blocks."""
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def _gather(data: memoryview, at: int, parts: Parts) -> bytes:
    """The sub-blocks' contents put together, as much as is allowed."""
    out = bytearray()
    while at < len(data) and data[at] and len(out) < limits.MAX_TEXT_BYTES:
        out += data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]
    return bytes(out[: parts.take(len(out))])


def _extension(data: memoryview, at: int, parts: Parts) -> int:
    label = data[at]
    body = at + 1
    if label == 0xFE:
        parts.comment("gif.comment", _gather(data, body, parts))
    elif label == 0xFF and body < len(data) and data[body] == 11:
        name = bytes(data[body + 1 : body + 12])
        start = body + 12
        if name == b"XMP DataXMP":
            return _xmp(data, start, parts)
        if name.startswith(b"C2PA_GIF"):
            parts.manifest_bytes += max(0, _skip(data, start) - start)
    return _skip(data, body)


def _xmp(data: memoryview, at: int, parts: Parts) -> int:
    """XMP lies raw in a GIF, then a 258-byte ramp that leads a reader of sub-blocks out of it (XMP part 3, 1.1.2)."""
    window = bytes(data[at : at + parts.take(limits.MAX_TEXT_BYTES)])
    end = window.find(b"\x01\xff\xfe\xfd")
    parts.xmp.append(window[: max(end, 0)])
    return at + end + 258 if end >= 0 else _skip(data, at)
