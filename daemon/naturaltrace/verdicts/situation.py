"""The three facts that the decision table asks about."""

from dataclasses import dataclass

from naturaltrace.detection.result import Detection
from naturaltrace.provenance.findings import Claim, Finding, Provenance, Standing

_MARKS = (Standing.UNSIGNED, Standing.WATERMARK)


@dataclass(frozen=True, slots=True)
class Situation:
    """The columns of decisions.toml, by the words used there."""

    credential: str
    mark: str
    pixels: str

    @classmethod
    def of(cls, provenance: Provenance | None, detection: Detection | None) -> "Situation":
        findings = provenance.findings if provenance else ()
        return cls(
            credential=_credential(findings),
            mark=_mark(findings),
            pixels=detection.level.value if detection else "none",
        )


def is_credential(finding: Finding) -> bool:
    return finding.kind == "c2pa"


def is_visible(finding: Finding) -> bool:
    return finding.kind.startswith("visible.")


def _credential(findings: tuple[Finding, ...]) -> str:
    credentials = [f for f in findings if is_credential(f)]
    if any(f.standing is Standing.INVALID for f in credentials):
        return "tampered"
    for finding in credentials:
        if finding.standing is Standing.TRUSTED:
            return {
                Claim.GENERATED: "trusted_generated",
                Claim.COMPOSITE: "trusted_composite",
                Claim.CAPTURE: "trusted_capture",
                Claim.HUMAN_EDIT: "trusted_edit",
            }.get(finding.claim, "trusted_nothing")
        if finding.standing is Standing.UNKNOWN_SIGNER:
            return {
                Claim.GENERATED: "unknown_generated",
                Claim.COMPOSITE: "unknown_composite",
            }.get(finding.claim, "unknown_other")
    return "none"


def _mark(findings: tuple[Finding, ...]) -> str:
    # A visible mark is too easily drawn, and too easily mistaken, to decide: it is only shown.
    claims = {f.claim for f in findings if f.standing in _MARKS and not is_credential(f) and not is_visible(f)}
    if Claim.GENERATED in claims:
        return "generated"
    return "composite" if Claim.COMPOSITE in claims else "none"
