"""ISO base media files (ISO/IEC 14496-12, 23008-12): the Exif and XMP items of AVIF and HEIF, and C2PA's uuid box."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from naturaltrace.provenance import limits
from naturaltrace.provenance.parts import Parts

_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


@dataclass(slots=True)
class _Item:
    kind: str = ""  # the item's type and, for "mime", its content type
    extents: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])  # method, offset, length


def walk(data: memoryview, parts: Parts) -> None:
    if bytes(data[4:8]) != b"ftyp":
        parts.problem("the file does not begin as an AVIF or HEIF")
        return
    for kind, body in _boxes(data, parts):
        if kind == b"meta":
            _meta(data, body[4:], parts)
        elif kind == b"uuid":
            name = bytes(body[:16])
            if name == _C2PA_UUID:
                parts.manifest_bytes += len(body)
            elif name == _XMP_UUID:
                parts.xmp.append(bytes(body[16 : 16 + parts.take(len(body))]))


def _boxes(data: memoryview, parts: Parts) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    for _ in range(limits.MAX_CHUNKS):
        if at + 8 > len(data):
            return
        size = int.from_bytes(data[at : at + 4], "big")
        kind = bytes(data[at + 4 : at + 8])
        head = 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        if size < head:
            parts.problem("a box has a size that cannot be")
            return
        if at + size > len(data):
            parts.problem("a box is cut short")
        yield kind, data[at + head : at + size]
        at += size


def _meta(data: memoryview, body: memoryview, parts: Parts) -> None:
    items: dict[int, _Item] = {}
    idat = memoryview(b"")
    for kind, box in _boxes(body, parts):
        if kind == b"iinf":
            _item_kinds(box, items, parts)
        elif kind == b"iloc":
            _item_places(box, items)
        elif kind == b"idat":
            idat = box
    for item in items.values():
        is_exif = item.kind == "Exif"
        is_xmp = item.kind == "mime application/rdf+xml"
        if not (is_exif or is_xmp):
            continue
        raw = bytearray()
        for method, offset, length in item.extents[:64]:
            source = {0: data, 1: idat}.get(method)
            if source is not None:
                raw += source[offset : offset + parts.take(length)]
        if is_xmp:
            parts.xmp.append(bytes(raw))
        elif len(raw) > 4:  # a four-byte offset leads to the TIFF header
            skip = 4 + int.from_bytes(raw[:4], "big")
            parts.exif.append(bytes(raw[skip:]).removeprefix(b"Exif\x00\x00"))


def _item_kinds(box: memoryview, items: dict[int, _Item], parts: Parts) -> None:
    version = box[0] if len(box) else 0
    for kind, entry in _boxes(box[6 if version == 0 else 8 :], parts):
        if kind != b"infe" or len(entry) < 12 or entry[0] < 2 or len(items) >= 4096:
            continue
        wide = 4 if entry[0] == 3 else 2
        number = int.from_bytes(entry[4 : 4 + wide], "big")
        at = 4 + wide + 2
        name = bytes(entry[at : at + 4]).decode("latin-1")
        if name == "mime":
            strings = bytes(entry[at + 4 : at + 260]).split(b"\x00")
            name += " " + (strings[1].decode("latin-1") if len(strings) > 1 else "")
        items.setdefault(number, _Item()).kind = name


def _item_places(box: memoryview, items: dict[int, _Item]) -> None:
    if len(box) < 8:
        return
    version = box[0]
    offset_size, length_size = box[4] >> 4, box[4] & 15
    base_size, index_size = box[5] >> 4, (box[5] & 15) if version in (1, 2) else 0
    at = 6

    def number(size: int) -> int:
        nonlocal at
        value = int.from_bytes(box[at : at + size], "big")
        at += size
        return value

    count = number(4 if version == 2 else 2)
    for _ in range(min(count, 4096)):
        if at >= len(box):
            return
        item = items.setdefault(number(4 if version == 2 else 2), _Item())
        method = number(2) & 15 if version in (1, 2) else 0
        number(2)  # data reference
        base = number(base_size)
        for _ in range(min(number(2), 4096)):
            if at >= len(box):
                return
            number(index_size)
            offset, length = number(offset_size), number(length_size)
            item.extents.append((method, base + offset, length))
