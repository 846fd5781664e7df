"""The types that leave this room."""

from dataclasses import dataclass, field
from enum import StrEnum


class Claim(StrEnum):
    """What a finding says about how the image came to be."""

    GENERATED = "generated"  # made whole by a generative model
    COMPOSITE = "composite"  # a part was made or changed by a generative model
    CAPTURE = "capture"  # taken by a camera
    HUMAN_EDIT = "human_edit"  # edited, drawn or scanned without a generative model
    TAMPERED = "tampered"  # a signature that no longer fits the file
    NOTHING = "nothing"  # read, but it claims neither


class Standing(StrEnum):
    """How far a finding can be believed."""

    TRUSTED = "trusted"  # a valid signature by a signer on the trust list
    UNKNOWN_SIGNER = "unknown_signer"  # a valid signature, but anyone could have made this certificate
    INVALID = "invalid"  # the signature does not fit the file
    UNSIGNED = "unsigned"  # plain metadata: anyone can write it
    WATERMARK = "watermark"  # decoded from the pixels with a known payload


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the file says.

    `kind` names the reader and the mark, dotted: "c2pa", "xmp.digital_source_type", "png.parameters", "exif.camera".
    `generator` is the generator's own name where the mark gives one. `fields` holds what was read, as JSON values,
    short enough to show (no field over 500 characters).
    """

    kind: str
    claim: Claim
    standing: Standing
    generator: str | None = None
    fields: dict[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Provenance:
    """All that one file says of itself, strongest first. `problems` are readers' complaints, in words."""

    findings: tuple[Finding, ...] = ()
    problems: tuple[str, ...] = ()
