"""What looks like a camera's own metadata. It is easily copied, so it only ever nudges a verdict."""

from naturaltrace.provenance.findings import Claim, Finding, Standing
from naturaltrace.provenance.parts import Parts, shown

# A capture records how the light was taken in; a program that only names a camera seldom fills these too.
_CAPTURE_PLACES = ("exif:ExposureTime", "exif:FNumber", "exif:ISO", "exif:FocalLength", "exif:DateTimeOriginal")


def findings(parts: Parts) -> list[Finding]:
    """At most one finding, "exif.camera": a make and model together with at least three facts of an exposure."""
    make, model = parts.first("exif:Make"), parts.first("exif:Model")
    present = [place.removeprefix("exif:") for place in _CAPTURE_PLACES if parts.first(place)]
    if not (make and model) or len(present) < 3:
        return []
    fields: dict[str, object] = {"make": shown(make), "model": shown(model), "facts": present}
    if parts.first("exif:MakerNote"):
        fields["maker_note"] = True
    if lens := parts.first("exif:LensModel"):
        fields["lens"] = shown(lens)
    return [Finding("exif.camera", Claim.CAPTURE, Standing.UNSIGNED, None, fields)]
