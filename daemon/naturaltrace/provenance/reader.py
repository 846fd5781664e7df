"""The one way into this room: a file's bytes in, all that the file says of itself out."""

import numpy as np
from numpy.typing import NDArray

from naturaltrace.provenance import (
    camera,
    content_credentials,
    exif,
    hidden_text,
    iptc,
    marks,
    visible,
    xmp,
    xmp_extension,
)
from naturaltrace.provenance.containers import MIME_TYPES, WALKERS
from naturaltrace.provenance.findings import Claim, Finding, Provenance, Standing
from naturaltrace.provenance.parts import Parts
from naturaltrace.provenance.trust import TrustList, bundled
from naturaltrace.provenance.watermarks import reader as watermarks

_STANDING_ORDER = [Standing.TRUSTED, Standing.INVALID, Standing.WATERMARK, Standing.UNKNOWN_SIGNER, Standing.UNSIGNED]
_CLAIM_ORDER = [Claim.GENERATED, Claim.COMPOSITE, Claim.TAMPERED, Claim.CAPTURE, Claim.HUMAN_EDIT, Claim.NOTHING]


def read_provenance(
    data: bytes, format: str, *, trust: TrustList | None = None, pixels: NDArray[np.uint8] | None = None
) -> Provenance:
    """Reads everything that `data`, an image of Pillow's `format`, says of itself, strongest first.

    `trust` says whose signatures are believed; without it the bundled list counts. `pixels` is the decoded image
    (uint8, height × width × 3, sRGB), in which watermarks are looked for; without it they are not.

    Never raises: what cannot be read is left out and named in `problems`. Time and memory are bounded by `limits`.
    Nothing is fetched from anywhere.
    """
    parts = Parts()
    found: list[Finding] = []
    kind = format.upper()
    try:
        parts_of(data, kind, parts)
        if pixels is not None:
            hidden_text.read(data, kind, pixels, parts)
    except Exception as error:  # the walkers are strict, but no bug in one may cost the person a verdict
        parts.problem(f"reading the metadata failed ({type(error).__name__})")
    for read in (
        lambda: content_credentials.findings(data, MIME_TYPES.get(kind, ""), parts, trust or bundled()),
        lambda: marks.findings(parts),
        lambda: camera.findings(parts),
        lambda: watermarks.findings(pixels) if pixels is not None else [],
        lambda: visible.findings(pixels) if pixels is not None else [],
    ):
        try:
            found += read()
        except Exception as error:
            parts.problem(f"judging the metadata failed ({type(error).__name__})")
    found.sort(key=lambda f: (_STANDING_ORDER.index(f.standing), _CLAIM_ORDER.index(f.claim)))
    return Provenance(tuple(found), tuple(parts.problems))


def parts_of(data: bytes, format: str, parts: Parts) -> Parts:
    """Walks the container and the blocks inside it into `parts`, and returns it."""
    if walk := WALKERS.get(format):
        walk(memoryview(data), parts)
    for block in parts.exif[:4]:
        exif.read(block, parts)
    for packet in parts.xmp[:8]:
        xmp.read(packet, parts)
    xmp_extension.read(parts)
    for record in parts.iptc[:4]:
        iptc.read(record, parts)
    return parts
