"""Which decoder may see the bytes: decided by the bytes alone, never by a name or a Content-Type.

Only one decoder is tried per file, so that a file made for a rarely used one can't reach it by accident.
"""

from dataclasses import dataclass

# Pillow's names. MPO (several JPEGs in one file, as phones write) is opened by Pillow's JPEG reader.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "BMP", "TIFF")

# ISO base media brands, ISO/IEC 23008-12 and the AVIF specification; "mif1" and "msf1" alone say nothing of the codec.
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"}


@dataclass(frozen=True, slots=True)
class Sniffed:
    """`format` is one of FORMATS or None; `looks_like` names in words what a refused file seems to be."""

    format: str | None
    looks_like: str | None = None


def sniff(data: bytes) -> Sniffed:
    """Name the container of `data` from its first bytes."""
    head = data[:512]
    if head.startswith(b"\xff\xd8\xff"):
        return Sniffed("JPEG")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Sniffed("PNG")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Sniffed("WEBP")
    if head.startswith((b"GIF87a", b"GIF89a")):
        return Sniffed("GIF")
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return Sniffed("TIFF")
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    # "BM" alone is two letters that any text may begin with: ask for the header's own size field too.
    if head.startswith(b"BM") and len(head) >= 18 and int.from_bytes(head[14:18], "little") in range(12, 257):
        return Sniffed("BMP")
    return Sniffed(None, _refused(head))


def _iso_media(head: bytes) -> Sniffed:
    size = int.from_bytes(head[:4], "big")
    box = head[8 : max(12, min(size, len(head)))]
    brands = {box[0:4]} | {box[i : i + 4] for i in range(8, len(box) - 3, 4)}
    if brands & _AVIF_BRANDS:
        return Sniffed("AVIF")
    if brands & _HEIF_BRANDS:
        return Sniffed("HEIF")
    return Sniffed(None, "a video or sound file")


def _refused(head: bytes) -> str | None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"<svg" in text):
        return "an SVG drawing, which has no pixels of its own"
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<body", b"<?xml")):
        return "a web page"
    if text.startswith((b"{", b"[")):
        return "text"
    if head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        return "a JPEG XL image, a format that can't be read yet"
    if head.startswith((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")):
        return "a JPEG 2000 image, a format that isn't read"
    if head.startswith(b"%PDF"):
        return "a PDF document"
    if head.startswith(b"\0\0\1\0"):
        return "an icon file"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "a video file"
    if head.startswith((b"PK\x03\x04", b"\x1f\x8b")):
        return "an archive"
    return None
