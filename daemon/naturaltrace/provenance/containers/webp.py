"""RIFF chunks of a WebP file (RFC 9649): "EXIF", "XMP " and "C2PA"."""

from naturaltrace.provenance import limits
from naturaltrace.provenance.parts import Parts


def walk(data: memoryview, parts: Parts) -> None:
    if bytes(data[:4]) != b"RIFF" or bytes(data[8:12]) != b"WEBP":
        parts.problem("the file does not begin as a WebP")
        return
    # What lies beyond the size that RIFF declares is not part of the image.
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        parts.problem("the WebP is cut short")
        end = len(data)
    at = 12
    for _ in range(limits.MAX_CHUNKS):
        if at + 8 > end:
            return
        kind = bytes(data[at : at + 4])
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : min(at + 8 + length, end)]
        if len(body) < length:
            parts.problem("a WebP chunk is cut short")
        if kind == b"EXIF":
            parts.exif.append(bytes(body[: parts.take(len(body))]).removeprefix(b"Exif\x00\x00"))
        elif kind == b"XMP ":
            parts.xmp.append(bytes(body[: parts.take(len(body))]))
        elif kind == b"C2PA":
            parts.manifest_bytes += length
        at += 8 + length + length % 2
    parts.problem("more WebP chunks than are read")
