"""One plain sentence for each thing that was found."""

from naturaltrace.detection.result import Detection, PixelLevel
from naturaltrace.provenance.findings import Finding, Provenance, Standing
from naturaltrace.verdicts import decisions
from naturaltrace.verdicts.situation import is_credential, is_visible
from naturaltrace.verdicts.verdict import Evidence
from naturaltrace.verdicts.wording import Wording, one_in

# What the levels promise (docs: the table of levels), for a detector that gives no rate of its own.
_PROMISED = {PixelLevel.AI: 0.005, PixelLevel.LIKELY_AI: 0.03, PixelLevel.NO_SIGN: 0.05}


def gather(provenance: Provenance | None, detection: Detection | None, wording: Wording) -> tuple[Evidence, ...]:
    """All evidence, the strongest first."""
    found = [_from_finding(finding, wording) for finding in (provenance.findings if provenance else ())]
    if detection is not None:
        found.append(_from_detection(detection, wording))
    return tuple(sorted(found, key=lambda e: -e.strength))


def rate_of(detection: Detection) -> float:
    """The share of images that would mislead: real ones for the AI levels, generated ones for "no sign"; 0..1."""
    measured = detection.generated_rate if detection.level is PixelLevel.NO_SIGN else detection.real_rate
    return _PROMISED.get(detection.level, 1.0) if measured is None else measured


def _from_finding(finding: Finding, wording: Wording) -> Evidence:
    key = _key(finding)
    weight = decisions.table().weights[key]
    sentence = f"evidence.{key}"
    if finding.generator and f"{sentence}.named" in wording:
        sentence += ".named"
    text = wording.say(
        sentence,
        signer=finding.fields.get("signer") or wording.say("name.no_signer"),
        generator=finding.generator or "",
        mark=finding.fields.get("mark") or finding.kind,
        camera=_camera(finding),
    )
    fields = {"claim": finding.claim.value, "standing": finding.standing.value, **finding.fields}
    if finding.generator:
        fields["generator"] = finding.generator
    return Evidence(finding.kind, weight.direction, weight.strength, text, fields)


def _key(finding: Finding) -> str:
    if is_credential(finding):
        return f"c2pa.{finding.standing.value}.{finding.claim.value}"
    if finding.kind == "exif.camera":
        return "camera.tables" if "tables" in finding.fields else "camera"
    if finding.kind.startswith("screenshot."):
        return "screenshot"
    if is_visible(finding):
        return "visible.generated"
    if finding.standing is Standing.WATERMARK:
        return f"watermark.{finding.claim.value}"
    return f"mark.{finding.claim.value}"


def _camera(finding: Finding) -> str:
    make, model = str(finding.fields.get("make", "")), str(finding.fields.get("model", ""))
    return model if model.lower().startswith(make.lower()) else f"{make} {model}"


def _from_detection(detection: Detection, wording: Wording) -> Evidence:
    weight = decisions.table().weights[f"pixels.{detection.level.value}"]
    if detection.level is PixelLevel.UNCLEAR:
        text = wording.say(f"reason.{detection.reason.value if detection.reason else 'between'}")
    else:
        text = wording.say(f"evidence.pixels.{detection.level.value}", n=one_in(rate_of(detection)))
    fields: dict[str, object] = {
        "level": detection.level.value,
        "reason": detection.reason.value if detection.reason else None,
        "probability": _rounded(detection.probability),
        "real_rate": _rounded(detection.real_rate),
        "generated_rate": _rounded(detection.generated_rate),
        "crops": len(detection.crops),
    }
    return Evidence(
        "pixels", weight.direction, weight.strength, text, {k: v for k, v in fields.items() if v is not None}
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")
