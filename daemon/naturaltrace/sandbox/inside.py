"""Reading one file: what the process that is shut off does, and, for files of one's own making, any other.

The daemon itself never imports this: decoders and the C2PA library stay out of its process.
"""

from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from naturaltrace.imaging.decode import DEFAULT_LIMITS, DecodeLimits, decode
from naturaltrace.imaging.errors import TooManyPixels
from naturaltrace.imaging.prepared import prepare
from naturaltrace.imaging.thumbnail import make_thumbnail
from naturaltrace.provenance.findings import Provenance
from naturaltrace.provenance.reader import read_provenance
from naturaltrace.provenance.trust import TrustList
from naturaltrace.sandbox.reading import Reading


def read(
    data: bytes,
    *,
    trust: TrustList | None = None,
    limits: DecodeLimits = DEFAULT_LIMITS,
    pixels_only: bool = False,
    thumbnail: bool = False,
) -> Reading:
    """Decode, read what the file says of itself, choose crops. Raises ImagingError."""
    laps = _Laps()
    image = decode(data, limits=limits)
    laps.end("decode")
    try:
        provenance = None
        if not pixels_only:
            provenance = _provenance(data, image.format, trust, image.pixels)
            laps.end("provenance")
        prepared = prepare(image)
        small = make_thumbnail(image) if thumbnail else None
    except MemoryError:
        raise TooManyPixels("The image needs more memory than one image is given.") from None
    laps.end("prepare")
    return Reading(prepared, provenance, small, laps.ms)


def _provenance(data: bytes, format_name: str, trust: TrustList | None, pixels: NDArray[np.uint8]) -> Provenance:
    try:
        return read_provenance(data, format_name, trust=trust, pixels=pixels)
    except Exception as error:
        # Metadata is written by anyone. Whatever it does to a reader, the pixels can still be judged.
        return Provenance(problems=(f"The file's metadata could not be read ({type(error).__name__}).",))


class _Laps:
    """Milliseconds per stage."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self._last = perf_counter()

    def end(self, stage: str) -> None:
        now = perf_counter()
        self.ms[stage] = (now - self._last) * 1000.0
        self._last = now
