"""What looks like a camera's own metadata. It is easily copied, so it only ever nudges a verdict."""

import hashlib
import tomllib
from functools import cache
from importlib import resources

from naturaltrace.provenance.findings import Claim, Finding, Standing
from naturaltrace.provenance.parts import Parts, shown

# A capture records how the light was taken in; a program that only names a camera seldom fills these too.
_CAPTURE_PLACES = ("exif:ExposureTime", "exif:FNumber", "exif:ISO", "exif:FocalLength", "exif:DateTimeOriginal")


def findings(parts: Parts) -> list[Finding]:
    """At most one finding, "exif.camera": a make and model together with at least three facts of an exposure.

    Its field "tables" is there when the JPEG is compressed by tables that this maker's cameras are known to use.
    """
    known = tables()
    if not is_capture(parts):
        return []
    make, model = parts.first("exif:Make") or "", parts.first("exif:Model") or ""
    present = [place.removeprefix("exif:") for place in _CAPTURE_PLACES if parts.first(place)]
    fields: dict[str, object] = {"make": shown(make), "model": shown(model), "facts": present}
    if parts.first("exif:MakerNote"):
        fields["maker_note"] = True
    if lens := parts.first("exif:LensModel"):
        fields["lens"] = shown(lens)
    if maker(make) in known.get(fingerprint(parts), ()):
        fields["tables"] = maker(make)
    return [Finding("exif.camera", Claim.CAPTURE, Standing.UNSIGNED, None, fields)]


def is_capture(parts: Parts) -> bool:
    """Whether the EXIF is that of a capture: who made the camera, which one, and at least three facts."""
    named = parts.first("exif:Make") and parts.first("exif:Model")
    return bool(named) and sum(parts.first(place) is not None for place in _CAPTURE_PLACES) >= 3


def maker(make: str) -> str:
    """The first word of EXIF's Make in small letters: "NIKON CORPORATION" and "NIKON" are one maker."""
    return (make.split() or [""])[0].strip(" ,.\x00").lower()


def fingerprint(parts: Parts) -> str:
    """Sixteen hexadecimal digits for a JPEG's quantisation tables; "" for a file without any."""
    if not parts.quantisation:
        return ""
    joined = b"".join(parts.quantisation[number] for number in sorted(parts.quantisation))
    return hashlib.sha256(joined).hexdigest()[:16]


@cache
def tables() -> dict[str, frozenset[str]]:
    """The makers that use each fingerprint (camera_tables.toml)."""
    read = tomllib.loads(resources.files("naturaltrace.provenance").joinpath("camera_tables.toml").read_text("utf-8"))
    makers: dict[str, set[str]] = {}
    for row in read["table"]:
        makers.setdefault(row["fingerprint"], set()).add(row["maker"])
    return {fingerprint: frozenset(names) for fingerprint, names in makers.items()}
