"""Adds to a verdict what a person can use: regions, resemblances, reasons, and figures for the full report."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from naturaltrace.detection.card import Card
from naturaltrace.detection.heatmap import legend
from naturaltrace.detection.part import Part
from naturaltrace.detection.regions import Region
from naturaltrace.detection.result import Detection, PixelLevel, Traits
from naturaltrace.evidence import explain, proportion, words
from naturaltrace.evidence.attribution import Attribution, Guess, attribute, describe, project
from naturaltrace.evidence.reference import Floats, KnownGenerator, Reference, for_card
from naturaltrace.evidence.store import EvidenceStore, Kind
from naturaltrace.imaging.page_view import PAGE_EDGE
from naturaltrace.provenance.findings import Provenance
from naturaltrace.verdicts import decisions, wording
from naturaltrace.verdicts.situation import Situation
from naturaltrace.verdicts.verdict import Basis, Evidence, GeneratorGuess, Level, Verdict

_LEANING = (PixelLevel.AI, PixelLevel.LIKELY_AI)
_GENERATED_BY_WORD = ("signed_generated", "declared_generated", "declared_generated_pixels_disagree")
_ROUNDING = 2e-3  # prototypes are kept in half precision
_LEAST_PART, _MOST_PART = 0.005, 0.6  # share of the image that a part can be


@dataclass(frozen=True, slots=True)
class Adviser:
    """For one graph and one profile. `store` is None where nothing can be taught (tests, measuring)."""

    graph: str
    reference: Reference
    store: EvidenceStore | None = None

    @staticmethod
    def for_profile(card: Card, folder: Path | None, part: Part | None = None) -> "Adviser":
        """What belongs to a card's graph, and what was taught in the data folder. `part` says when a region stands out
        on a localiser's map, where one makes the maps."""
        reference = for_card(card)
        if part is not None:
            reference = replace(reference, part=part)
        return Adviser(card.sha256, reference, None if folder is None else EvidenceStore(folder))

    def __call__(
        self,
        verdict: Verdict,
        provenance: Provenance | None,
        detection: Detection | None,
        *,
        language: str = "en",
    ) -> Verdict:
        """The verdict with all that is known beside it. The level stays, but for one case: what only the pixels call
        generated, and what resembles images that the user called their own, is "can't tell"."""
        row = decisions.table().decide(Situation.of(provenance, detection))
        chosen = wording.choose(language)
        own = words.load(chosen)
        camera = self.own_camera(detection)
        if camera is not None and verdict.basis is Basis.PIXELS and verdict.level in (Level.AI, Level.LIKELY_AI):
            said = wording.load(chosen)
            verdict = replace(
                verdict,
                level=Level.UNCLEAR,
                label=said.say("verdict.pixels_unclear.label"),
                summary=said.say("verdict.pixels_unclear.summary"),
            )
        elif camera is not None and row.words not in ("pixels_unclear", "pixels_no_sign"):
            camera = None  # it changed nothing, and what decided is something else
        part = standing_out(self.reference.part, detection, max(verdict.image.width, verdict.image.height))
        found = self._attribution(verdict, row.words, detection)
        case = explain.Case(
            row=row.words if camera is None else "pixels_unclear",
            basis=verdict.basis,
            image=verdict.image,
            detection=detection,
            reference=self.reference,
            attribution=found,
            part=part,
            camera=camera,
        )
        if detection is None:
            return replace(verdict, explanation=explain.sentences(case, own), changes=explain.changes(case, own))
        shown = _shown(verdict, detection, part)
        return replace(
            verdict,
            generators=_generators(verdict, found),
            evidence=(*verdict.evidence, *_evidence(case, found, part, own)),
            regions=tuple(_region(r, r is part) for r in shown),
            explanation=explain.sentences(case, own),
            changes=explain.changes(case, own),
            report=self._report(detection, found),
        )

    def own_camera(self, detection: Detection | None) -> str | None:
        """The name of the own images that this one resembles as much as nine in ten of them resemble each other."""
        if self.store is None or detection is None or detection.traits is None:
            return None
        own = camera_traits(detection.traits)
        for taught in self.store.of(Kind.CAMERA, self.graph):
            same = taught.prototypes.shape[1] == len(own)
            if same and float((taught.prototypes @ own).max()) >= taught.spread - _ROUNDING:
                return taught.name
        return None

    def space(self) -> str:
        """What prototypes of generators belong to: the graph and the space that it was fitted with."""
        known = self.reference.attribution
        return self.graph if known is None else f"{self.graph}:{known.projection.shape[1]}:{known.unknown:.4f}"

    def generator_traits(self, traits: Traits) -> Floats:
        """What a generator's prototypes are made of: the image's place in the attribution's space."""
        known = self.reference.attribution
        return describe(traits.view, traits.family) if known is None else project(known, traits)

    def _attribution(self, verdict: Verdict, row: str, detection: Detection | None) -> Attribution | None:
        known = self.reference.attribution
        if known is None or detection is None or detection.traits is None:
            return None
        by_pixels = verdict.level in (Level.AI, Level.LIKELY_AI) and detection.level in _LEANING
        by_word = row in _GENERATED_BY_WORD and not verdict.generators
        if not by_pixels and not by_word:
            return None
        taught = self.store.of(Kind.GENERATOR, self.space()) if self.store else ()
        return attribute(known, detection.traits, [KnownGenerator(t.name, t.name, t.prototypes) for t in taught])

    def _report(self, detection: Detection, found: Attribution | None) -> dict[str, object]:
        """Side information for the full report: none of it decided the level."""
        report: dict[str, object] = {
            "quality": {"jpeg_quality": _rounded(detection.jpeg_quality)},
            "statistics": proportion.statistics_report(self.reference, detection),
        }
        n = proportion.more_natural(self.reference, detection)
        if n is not None:
            report["nearness"] = {
                "proximity": _rounded(detection.proximity),
                "real_images_more_natural_of_100": n,
                "nearest_natural_trace": proportion.nearest_kind(self.reference, detection),
            }
        if detection.heat is not None:
            seen = float(detection.heat.seen.mean())
            report["heatmap"] = {"legend": legend(), "looked_at": round(seen, 3)}
        if found is not None:
            report["attribution"] = _listed(found)
        return report


def camera_traits(traits: Traits) -> Floats:
    """What an own camera's prototypes are made of: fine traces and whole picture, half each, unit length."""
    return (np.concatenate([traits.crop, traits.view]) / np.sqrt(2.0)).astype(np.float32)


def standing_out(reference: Part | None, detection: Detection | None, longest: int) -> Region | None:
    """The region that looks generated while the rest of the image does so less, where one does; `longest` is the long
    edge of the image in pixels."""
    if reference is None or detection is None:
        return None
    needed = reference.needed(detection.jpeg_quality, longest > PAGE_EDGE)
    for region in detection.regions:
        if fits_a_part(region) and region.contrast >= needed and region.chance >= reference.chance:
            return region
    return None


def fits_a_part(region: Region) -> bool:
    """Whether a region has the size of a part: more than a speck, less than most of the image."""
    return _LEAST_PART <= region.share <= _MOST_PART


def _shown(verdict: Verdict, detection: Detection, part: Region | None) -> tuple[Region, ...]:
    if detection.level in _LEANING and verdict.level in (Level.AI, Level.LIKELY_AI):
        return detection.regions
    return () if part is None else (part,)


def _generators(verdict: Verdict, found: Attribution | None) -> tuple[GeneratorGuess, ...]:
    """What the file names, then, where one generator is likelier than all else together, the three likeliest."""
    if verdict.generators or found is None or found.model is None:
        return verdict.generators
    return tuple(GeneratorGuess(words.generator_name(g.name), g.probability) for g in found.models)


def _evidence(
    case: explain.Case, found: Attribution | None, part: Region | None, own: wording.Wording
) -> list[Evidence]:
    more: list[Evidence] = []
    if part is not None:
        text = own.say("where.part", place=own.say(f"place.{explain.place(part)}"))
        fields: dict[str, object] = _region(part, True)
        if case.reference.part is not None:
            fields["rate"] = case.reference.part.rate
        more.append(Evidence("part", 0.4, 0.45, text, fields))
    if found is not None and found.model is not None:
        model = found.model
        n = min(99, max(1, round(100 * model.probability)))
        text = own.say(f"whose.{'taught' if model.taught else 'model'}", name=words.generator_name(model.name), n=n)
        more.append(Evidence("attribution", 0.0, 0.2, text, _listed(found)))
    if case.camera is not None:
        more.append(Evidence("own_camera", -0.4, 0.5, own.say("whose.camera", name=case.camera)))
    return more


def _listed(found: Attribution) -> dict[str, object]:
    def rows(guesses: tuple[Guess, ...], name: Callable[[str], str]) -> list[dict[str, object]]:
        return [{"name": name(g.name), "probability": _rounded(g.probability)} for g in guesses]

    return {
        "models": rows(found.models, words.generator_name),
        "families": rows(found.families, words.family_name),
        "unknown": _rounded(found.unknown),
        "unknown_family": _rounded(found.unknown_family),
    }


def _region(region: Region, stands_out: bool) -> dict[str, object]:
    return {
        "x": round(region.x, 4),
        "y": round(region.y, 4),
        "width": round(region.width, 4),
        "height": round(region.height, 4),
        "chance": round(region.chance, 3),
        "stands_out": stands_out,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
