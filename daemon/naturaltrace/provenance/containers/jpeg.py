"""JPEG segments up to the first scan (ITU-T T.81 annex B). After the pixels only Samsung's trailer is metadata."""

from naturaltrace.provenance import limits
from naturaltrace.provenance.containers import photoshop, samsung
from naturaltrace.provenance.parts import Parts

_EXIF = b"Exif\x00"
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\x00"
_PHOTOSHOP = b"Photoshop 3.0\x00"


def walk(data: memoryview, parts: Parts) -> None:
    if bytes(data[:2]) != b"\xff\xd8":
        parts.problem("the file does not begin as a JPEG")
        return
    at = 2
    for _ in range(limits.MAX_CHUNKS):
        # Fill bytes (0xFF) may stand before a marker.
        while at + 1 < len(data) and data[at] == 0xFF and data[at + 1] == 0xFF:
            at += 1
        if at + 4 > len(data) or data[at] != 0xFF:
            parts.problem("the JPEG's segments end before its pixels begin")
            return
        marker = data[at + 1]
        if marker in (0xD9, 0xDA):  # end of image, start of scan
            samsung.trailer(data[at:], parts)
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # markers without a length
            at += 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        payload = data[at + 4 : at + 2 + length]
        cut = length < 2 or len(payload) < length - 2
        if cut:
            parts.problem("a JPEG segment is cut short")
        _segment(marker, payload, parts, damaged=cut)
        if cut:
            return
        at += 2 + length
    parts.problem("more JPEG segments than are read")


def _segment(marker: int, payload: memoryview, parts: Parts, *, damaged: bool) -> None:
    head = bytes(payload[:32])
    if marker == 0xE1 and head.startswith(_EXIF):
        parts.exif.append(bytes(payload[len(_EXIF) + 1 : parts.take(len(payload))]))
    elif marker == 0xE1 and head.startswith(_XMP):
        parts.xmp.append(bytes(payload[len(_XMP) : parts.take(len(payload))]))
    elif marker == 0xE1 and bytes(payload[:35]) == _XMP_EXTENSION:
        parts.xmp_extensions.append(bytes(payload[35 : 35 + parts.take(max(0, len(payload) - 35))]))
    elif marker == 0xDB:
        _tables(payload, parts)
    elif marker == 0xED and head.startswith(_PHOTOSHOP):
        photoshop.resources(payload[len(_PHOTOSHOP) : parts.take(len(payload))], parts)
    elif marker == 0xEB and head.startswith(b"JP") and b"jum" in head:
        parts.manifest_bytes += len(payload)
    elif marker == 0xFE:
        parts.comment("jpeg.comment", bytes(payload[: parts.take(len(payload))]), damaged=damaged)


def _tables(payload: memoryview, parts: Parts) -> None:
    """Quantisation tables: a byte that tells precision and number, then 64 values of one or two bytes."""
    at = 0
    while at < len(payload):
        size = 64 * (1 + (payload[at] >> 4 != 0))
        table = bytes(payload[at + 1 : at + 1 + size])
        if len(table) == size:
            parts.quantisation[payload[at] & 15] = table
        at += 1 + size
