"""One small strict walker per image container. Each reads metadata only where its container may keep it."""

from collections.abc import Callable

from naturaltrace.provenance.containers import bmff, gif, jpeg, png, tiff, webp
from naturaltrace.provenance.parts import Parts

Walker = Callable[[memoryview, Parts], None]

# By Pillow's names of formats. A file is read as the one format that it was decoded as, so that a polyglot's other
# half says nothing.
WALKERS: dict[str, Walker] = {
    "JPEG": jpeg.walk,
    "MPO": jpeg.walk,
    "PNG": png.walk,
    "APNG": png.walk,
    "WEBP": webp.walk,
    "AVIF": bmff.walk,
    "HEIF": bmff.walk,
    "HEIC": bmff.walk,
    "GIF": gif.walk,
    "TIFF": tiff.walk,
}

MIME_TYPES: dict[str, str] = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "APNG": "image/png",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "HEIF": "image/heif",
    "HEIC": "image/heic",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
}
