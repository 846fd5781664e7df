"""A small picture for the history list."""

import io

from PIL import Image

from naturaltrace.imaging.decoded import DecodedImage

EDGE = 160


def make_thumbnail(image: DecodedImage) -> bytes:
    """A JPEG of a few kB, no side longer than EDGE."""
    small = Image.fromarray(image.pixels)
    # `reduce` averages whole blocks first: a hundred times cheaper than resampling a large photo at once.
    small = small.reduce(max(1, max(small.size) // (EDGE * 2)))
    small.thumbnail((EDGE, EDGE), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=70)
    return buffer.getvalue()
