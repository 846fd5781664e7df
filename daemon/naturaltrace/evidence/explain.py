"""One to five sentences on why, and what would change it: templates filled with what was measured, nothing more."""

from dataclasses import dataclass

from naturaltrace.detection.regions import Region
from naturaltrace.detection.result import Detection, PixelLevel, UnclearReason
from naturaltrace.evidence import proportion, words
from naturaltrace.evidence.attribution import Attribution
from naturaltrace.evidence.reference import Reference
from naturaltrace.verdicts.verdict import Basis, ImageFacts
from naturaltrace.verdicts.wording import Wording

MOST_SENTENCES = 5
_SMALL = 400  # pixels of the short side
_COMPRESSED = 55.0  # estimated JPEG quality, 0..100
_LEANING = (PixelLevel.AI, PixelLevel.LIKELY_AI)
_UNJUDGED = {r for r in UnclearReason if r not in (UnclearReason.BETWEEN,)}


@dataclass(frozen=True, slots=True)
class Case:
    """All that an explanation may speak of. `row` is the verdict's entry in the wording; `part` the region that stands
    out; `camera` the own camera whose images it resembles."""

    row: str
    basis: Basis
    image: ImageFacts
    detection: Detection | None
    reference: Reference
    attribution: Attribution | None = None
    part: Region | None = None
    camera: str | None = None


def sentences(case: Case, wording: Wording) -> tuple[str, ...]:
    """The reasons, the most important first."""
    said = [_basis(case, wording)]
    detection = case.detection
    judged = detection is not None and detection.reason not in _UNJUDGED
    if judged and detection is not None:
        said += [_camera(case, wording), _nearness(case, detection, wording), _cue(detection, wording)]
        said += [_where(case, detection, wording), _whose(case, wording)]
    if detection is not None and case.basis is Basis.PIXELS:
        said.append(_limit(case, detection, wording))
    if judged and detection is not None:
        kind = proportion.nearest_kind(case.reference, detection)
        said.append(wording.say("nearness.cluster", kind=wording.say(f"kind.{kind}")) if kind else None)
    return tuple(s for s in said if s)[:MOST_SENTENCES]


def changes(case: Case, wording: Wording) -> tuple[str, ...]:
    """What would change this verdict, the most useful first."""
    advice = words.advice()
    keys = advice["verdict"][case.row]
    reason = case.detection.reason if case.detection else None
    if case.row == "pixels_unclear" and reason is not None:
        keys = advice["reason"][reason.value]
    return tuple(wording.say(f"change.{key}") for key in keys)


def place(region: Region) -> str:
    """The key in [place] of where a region's middle lies."""
    x, y = region.x + region.width / 2, region.y + region.height / 2
    row = "top" if y < 1 / 3 else "bottom" if y > 2 / 3 else ""
    column = "left" if x < 1 / 3 else "right" if x > 2 / 3 else ""
    return "_".join(p for p in (row, column) if p) or "centre"


def _basis(case: Case, wording: Wording) -> str | None:
    if case.basis is Basis.SIGNED:
        return wording.say("basis.signed")
    detection = case.detection
    if case.basis is Basis.DECLARED:
        return wording.say("basis.nothing" if case.row == "nothing" else "basis.declared")
    if detection is not None and detection.level is PixelLevel.UNCLEAR:
        return wording.say("basis.reason" if detection.reason in _UNJUDGED else "basis.between")
    return None


def _nearness(case: Case, detection: Detection, wording: Wording) -> str | None:
    n = proportion.more_natural(case.reference, detection)
    return None if n is None else wording.say("nearness.rank", n=n)


def _cue(detection: Detection, wording: Wording) -> str | None:
    """Which branch leans where; not said where the two together allow no statement."""
    if detection.level is PixelLevel.UNCLEAR or not {"fine", "whole"} <= detection.cues.keys():
        return None
    fine, whole = detection.cues["fine"] > 0, detection.cues["whole"] > 0
    return wording.say(f"cue.{'both' if fine and whole else 'fine' if fine else 'whole' if whole else 'neither'}")


def _where(case: Case, detection: Detection, wording: Wording) -> str | None:
    if case.part is not None:
        return wording.say("where.part", place=wording.say(f"place.{place(case.part)}"))
    if detection.level not in _LEANING:
        return None
    regions = [r for r in detection.regions if r.share < 0.5]
    if not regions:
        return wording.say("where.even")
    return wording.say("where.most", place=wording.say(f"place.{place(regions[0])}"))


def _whose(case: Case, wording: Wording) -> str | None:
    found = case.attribution
    if found is None:
        return None
    model, family = found.model, found.family
    if model is not None:
        n = min(99, max(1, round(100 * model.probability)))
        return wording.say(f"whose.{'taught' if model.taught else 'model'}", name=words.generator_name(model.name), n=n)
    if family is not None:
        return wording.say("whose.family", name=words.family_name(family.name))
    return wording.say("whose.unknown")


def _camera(case: Case, wording: Wording) -> str | None:
    return None if case.camera is None else wording.say("whose.camera", name=case.camera)


def _limit(case: Case, detection: Detection, wording: Wording) -> str | None:
    if min(case.image.width, case.image.height) < _SMALL:
        return wording.say("limit.small", width=case.image.width, height=case.image.height)
    degraded = detection.reason is UnclearReason.TOO_DEGRADED
    if degraded or (detection.jpeg_quality is not None and detection.jpeg_quality < _COMPRESSED):
        return wording.say("limit.compressed")
    return None
