"""Reads files for an added detector, which is shown the whole image and not the bundled detector's crops.

It decodes in this process: the processes that are shut off prepare only what the bundled detector needs.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from naturaltrace.detectors.card import Input
from naturaltrace.detectors.picture import picture
from naturaltrace.imaging.decode import DEFAULT_LIMITS, decode
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.prepared import Prepared
from naturaltrace.imaging.thumbnail import make_thumbnail
from naturaltrace.imaging.views import square_views
from naturaltrace.provenance import trust
from naturaltrace.provenance.findings import Provenance
from naturaltrace.provenance.reader import read_provenance
from naturaltrace.sandbox.reading import Reading


@dataclass(frozen=True, slots=True)
class Whole(Prepared):
    """`picture` is the graph's input, as the detector's card describes it."""

    picture: NDArray[Any]


class WholeReader:
    """Stands where the pool of reading processes does. Safe for several threads."""

    def __init__(self, wanted: Input, data_dir: Path | None) -> None:
        self._wanted = wanted
        self._trust = trust.bundled() if data_dir is None else trust.current(data_dir)

    def start(self) -> None:
        pass

    def read(self, data: bytes, *, pixels_only: bool = False, thumbnail: bool = False) -> Reading:
        """Raises ImagingError."""
        image = decode(data, limits=DEFAULT_LIMITS)
        provenance = None if pixels_only else self._provenance(data, image)
        small = make_thumbnail(image) if thumbnail else None
        return Reading(whole(image, self._wanted), provenance, small)

    def end_idle(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _provenance(self, data: bytes, image: DecodedImage) -> Provenance:
        try:
            return read_provenance(data, image.format, trust=self._trust, pixels=image.pixels)
        except Exception as error:
            # Metadata is written by anyone. Whatever it does to a reader, the pixels can still be judged.
            return Provenance(problems=(f"The file's metadata could not be read ({type(error).__name__}).",))


def whole(image: DecodedImage, wanted: Input) -> Whole:
    """One decoded image as an added detector is shown it."""
    return Whole(
        width=image.width,
        height=image.height,
        format=image.format,
        sha256=image.sha256,
        byte_count=image.byte_count,
        crops=None,
        views=square_views(image.pixels),
        page=image.pixels[:1, :1],  # an added detector brings no heat map
        picture=picture(image.pixels, wanted),
    )
