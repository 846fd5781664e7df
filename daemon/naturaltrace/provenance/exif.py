"""EXIF (CIPA DC-008): the few tags that say who or what made an image."""

from naturaltrace.provenance import limits
from naturaltrace.provenance.ifd import Tag, Tiff
from naturaltrace.provenance.parts import Parts

_TEXTS = {
    0x010D: "DocumentName",
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x0132: "DateTime",
    0x013B: "Artist",
    0x013C: "HostComputer",
    0x8298: "Copyright",
    0x9003: "DateTimeOriginal",
    0x9286: "UserComment",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9D: "XPAuthor",
    0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject",
    0xA420: "ImageUniqueID",
    0xA433: "LensMake",
    0xA434: "LensModel",
    0xA436: "ImageTitle",
    0xA437: "Photographer",
    0xA438: "ImageEditor",
    0xA43A: "ImageEditingSoftware",
    0xA43B: "MetadataEditingSoftware",
}
_NUMBERS = {
    0x829A: "ExposureTime",
    0x829D: "FNumber",
    0x8827: "ISO",
    0x920A: "FocalLength",
    0xA300: "FileSource",
    0xA301: "SceneType",
}
_EXIF_IFD, _GPS_IFD, _MAKER_NOTE = 0x8769, 0x8825, 0x927C


def read(raw: bytes | memoryview, parts: Parts) -> None:
    """Adds "exif:NAME" entries; "exif:MakerNote" and "exif:GPS" hold no content, only a size or a presence."""
    tiff = Tiff.open(raw)
    if tiff is None:
        parts.problem("the EXIF block does not begin as one")
        return
    waiting, seen = [tiff.first], set[int]()
    while waiting and len(seen) < limits.MAX_IFDS:
        offset = waiting.pop()
        if offset in seen:  # a directory that leads back to itself
            continue
        seen.add(offset)
        for tag in tiff.directory(offset):
            if tag.number == _EXIF_IFD:
                waiting.append(tiff.integer(tag))
            elif tag.number == _GPS_IFD:
                if any(True for _ in tiff.directory(tiff.integer(tag))):
                    parts.add("exif:GPS", "present")
            elif tag.number == _MAKER_NOTE:
                parts.add("exif:MakerNote", f"{tag.byte_count} bytes")
            elif name := _TEXTS.get(tag.number):
                parts.add(f"exif:{name}", _text(tiff, tag, parts))
            elif name := _NUMBERS.get(tag.number):
                value = tiff.rational(tag)
                number = value if value is not None else tiff.integer(tag)
                parts.add(f"exif:{name}", f"{number:.6g}")


def _text(tiff: Tiff, tag: Tag, parts: Parts) -> str:
    raw = tiff.raw(tag, parts.take(tag.byte_count))
    if 0x9C9B <= tag.number <= 0x9C9F:
        return raw.decode("utf-16-le", "replace").rstrip("\x00")
    if tag.number == 0x9286:
        return _user_comment(raw, tiff.order)
    return raw.rstrip(b"\x00").decode("utf-8", "replace")


def _user_comment(raw: bytes, order: str) -> str:
    """UserComment names its character code in its first eight bytes; many writers get the byte order wrong."""
    code, text = raw[:8], raw[8:]
    if code.startswith(b"UNICODE"):
        # Whichever byte order puts the zero bytes of Latin text in the high half is the one that was meant.
        high_first = text[0:512:2].count(0) >= text[1:512:2].count(0) if any(text[:512]) else order == "big"
        return text.decode("utf-16-be" if high_first else "utf-16-le", "replace")
    if code.startswith((b"ASCII", b"JIS")) or not any(code):
        return text.decode("utf-8", "replace")
    return raw.decode("utf-8", "replace")
