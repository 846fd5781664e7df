"""Why an image can't be judged, in words for a person and a slug for a program.

`type` is part of the API and of `check --json`: it never changes once released.
"""

# The names are the reasons, and read as such where they are raised.
# ruff: noqa: N818

from typing import ClassVar


class ImagingError(Exception):
    """The bytes can't be turned into pixels. `str(error)` is one plain sentence without file names or addresses.

    Raised as it is where the process that reads files had to be ended: it died, or would not come to an end.
    """

    type: ClassVar[str] = "undecodable"
    title: ClassVar[str] = "The image can't be read"


class EmptyBody(ImagingError):
    type = "empty"
    title = "There is nothing to check"


class TooLarge(ImagingError):
    type = "too-large"
    title = "The file is too large"


class TooManyPixels(ImagingError):
    type = "too-many-pixels"
    title = "The image has too many pixels"


class UnsupportedFormat(ImagingError):
    type = "unsupported-format"
    title = "The file is no image that can be checked"


class DamagedImage(ImagingError):
    type = "damaged-image"
    title = "The image file is damaged"
