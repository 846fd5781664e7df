"""What is added to a verdict, for each row of the decision table; and what never is."""

import json
from pathlib import Path

import numpy as np
import pytest

from naturaltrace.detection.part import Part
from naturaltrace.detection.regions import Region
from naturaltrace.detection.result import Detection, PixelLevel, UnclearReason
from naturaltrace.evidence import proportion
from naturaltrace.evidence.adviser import Adviser, camera_traits, standing_out
from naturaltrace.evidence.reference import Reference
from naturaltrace.evidence.store import EvidenceStore, Kind
from naturaltrace.provenance.findings import Claim, Provenance, Standing
from naturaltrace.verdicts import decisions
from naturaltrace.verdicts.fusion import judge
from naturaltrace.verdicts.situation import Situation
from naturaltrace.verdicts.verdict import Level, Verdict
from naturaltrace.verdicts.wording import LANGUAGES
from tests.daemon.evidence.cases import FACTS, GRAPH, axis, detection, marked, reference, region, traits

_C2PA = "c2pa"


def _credential(claim: Claim, standing: Standing) -> Provenance:
    return marked(claim, standing, _C2PA)


# One case per row of decisions.toml, by the row's words; several rows may share their words.
ROWS: dict[str, tuple[Provenance | None, Detection | None]] = {
    "signed_generated": (_credential(Claim.GENERATED, Standing.TRUSTED), detection()),
    "signed_composite": (_credential(Claim.COMPOSITE, Standing.TRUSTED), detection()),
    "capture_contradicted": (
        Provenance((*_credential(Claim.CAPTURE, Standing.TRUSTED).findings, *marked().findings)),
        detection(PixelLevel.NO_SIGN),
    ),
    "signed_capture_pixels_disagree": (_credential(Claim.CAPTURE, Standing.TRUSTED), detection()),
    "signed_capture": (_credential(Claim.CAPTURE, Standing.TRUSTED), detection(PixelLevel.NO_SIGN)),
    "declared_generated_pixels_disagree": (marked(), detection(PixelLevel.NO_SIGN)),
    "declared_generated": (marked(), detection(PixelLevel.UNCLEAR)),
    "declared_composite": (marked(Claim.COMPOSITE), detection(PixelLevel.NO_SIGN)),
    "pixels_ai": (Provenance(), detection()),
    "pixels_likely_ai": (Provenance(), detection(PixelLevel.LIKELY_AI)),
    "pixels_no_sign_tampered": (
        _credential(Claim.TAMPERED, Standing.INVALID),
        detection(PixelLevel.NO_SIGN, cues={"fine": -1.0, "whole": -0.5}),
    ),
    "pixels_no_sign": (Provenance(), detection(PixelLevel.NO_SIGN, cues={"fine": -1.0, "whole": -0.5})),
    "pixels_unclear": (Provenance(), detection(PixelLevel.UNCLEAR)),
    "nothing": (Provenance(), None),
}


def _advised(
    provenance: Provenance | None,
    found: Detection | None,
    *,
    language: str = "en",
    known: Reference | None = None,
    store: EvidenceStore | None = None,
) -> Verdict:
    verdict = judge(FACTS, provenance, found, language=language)
    adviser = Adviser(GRAPH, reference() if known is None else known, store)
    return adviser(verdict, provenance, found, language=language)


def test_the_cases_are_the_rows() -> None:
    assert set(ROWS) == {row.words for row in decisions.table().rows}
    for words, (provenance, found) in ROWS.items():
        assert decisions.table().decide(Situation.of(provenance, found)).words == words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("row", ROWS)
def test_each_row_gets_one_to_five_whole_sentences_and_what_would_change_it(row: str, language: str) -> None:
    verdict = _advised(*ROWS[row], language=language)
    assert 1 <= len(verdict.explanation) <= 5
    assert 1 <= len(verdict.changes) <= 3
    for sentence in (*verdict.explanation, *verdict.changes):
        assert sentence[-1] in ".。"
        assert "{" not in sentence
    assert len(set(verdict.explanation)) == len(verdict.explanation)
    json.dumps(verdict.to_json())


@pytest.mark.parametrize("row", ROWS)
def test_the_level_is_never_changed_by_an_explanation(row: str) -> None:
    provenance, found = ROWS[row]
    before = judge(FACTS, provenance, found)
    after = _advised(provenance, found)
    assert (after.level, after.basis, after.summary) == (before.level, before.basis, before.summary)
    assert after.evidence[: len(before.evidence)] == before.evidence


@pytest.mark.parametrize("reason", UnclearReason)
def test_where_the_pixels_were_not_judged_nothing_is_said_of_them(reason: UnclearReason) -> None:
    verdict = _advised(Provenance(), detection(PixelLevel.UNCLEAR, reason))
    text = " ".join(verdict.explanation)
    assert "lean" not in text
    assert "resembles" not in text
    assert "most generated" not in text
    if reason is not UnclearReason.BETWEEN:
        assert "could not be judged" in text
        assert "of similar quality" not in text


def test_no_sign_is_never_worded_as_real() -> None:
    text = " ".join(_advised(*ROWS["pixels_no_sign"]).explanation).lower()
    for word in ("is real", "authentic", "genuine", "a real image", "camera took"):
        assert word not in text


def test_what_was_measured_is_what_is_said() -> None:
    verdict = _advised(*ROWS["pixels_ai"])
    # Proximity 0.25 in the bin above 0.5, whose quantiles run from 0 to 1: three in four are higher.
    assert any("about 75 look more natural" in s for s in verdict.explanation)
    assert any(s.startswith("Both the fine structure") for s in verdict.explanation)
    assert any("most resembles Stable Diffusion XL" in s for s in verdict.explanation)
    assert verdict.report["nearness"]["real_images_more_natural_of_100"] == 75
    assert verdict.report["statistics"]["contrast"] == {
        "value": 5.0, "rank_among_real": 0.5, "rank_among_generated": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("x", "y", "words"), [(0.0, 0.0, "top left"), (0.45, 0.4, "in the middle"), (0.8, 0.5, "right")]
)
def test_the_place_is_named(x: float, y: float, words: str) -> None:
    own = Region(x, y, 0.1, 0.1, 0.9, 4.0, 0.01)
    verdict = _advised(Provenance(), detection(regions=(own,)))
    assert any(words in s for s in verdict.explanation)


def test_a_part_that_stands_out_is_evidence_of_its_own_and_changes_no_level() -> None:
    found = detection(PixelLevel.NO_SIGN, regions=(region(),), cues={"fine": -1.0, "whole": -1.0})
    verdict = _advised(Provenance(), found)
    assert verdict.level is Level.NO_SIGN
    (part,) = [e for e in verdict.evidence if e.kind == "part"]
    assert "at the bottom right" in part.text
    assert part.fields["rate"] == 0.02
    assert [r["stands_out"] for r in verdict.regions] == [True]


@pytest.mark.parametrize(
    "own", [region(contrast=1.0), region(chance=0.4), region(share=0.9)], ids=["weak", "unlikely", "nearly all of it"]
)
def test_what_does_not_stand_out_is_no_part(own: object) -> None:
    verdict = _advised(Provenance(), detection(PixelLevel.NO_SIGN, regions=(own,)))
    assert [e for e in verdict.evidence if e.kind == "part"] == []
    assert verdict.regions == ()


@pytest.mark.parametrize(("quality", "told"), [(60.0, True), (80.0, False), (None, False)])
def test_how_much_a_part_must_stand_out_hangs_on_compression(quality: float | None, told: bool) -> None:
    part = Part(contrast=5.0, chance=0.5, rate=0.02, by_quality=((70.0, 3.0), (101.0, 5.0)))
    seen = detection(PixelLevel.NO_SIGN, regions=(region(contrast=4.0),), jpeg_quality=quality)
    assert (standing_out(part, seen, 640) is not None) is told
    assert standing_out(part, seen, 641) is None  # a smaller copy is looked at, where compression shows no more


def test_generators_are_named_only_when_likelier_than_all_else() -> None:
    near = _advised(Provenance(), detection())
    assert [g.name for g in near.generators] == ["Stable Diffusion XL", "DALL·E 3"]
    assert near.generators[0].probability is not None
    assert near.generators[0].probability > 0.9
    far = _advised(Provenance(), detection(traits=traits(view=4)))
    assert far.generators == ()
    assert far.to_json()["generator"] == "unknown"
    assert any("none of the generators known here" in s for s in far.explanation)


@pytest.mark.parametrize("level", [PixelLevel.NO_SIGN, PixelLevel.UNCLEAR])
def test_nobody_is_named_for_an_image_that_was_not_called_generated(level: PixelLevel) -> None:
    verdict = _advised(Provenance(), detection(level))
    assert verdict.generators == ()
    assert "attribution" not in verdict.report
    assert not any("resemble" in s for s in verdict.explanation)


def test_without_a_reference_there_is_still_an_explanation(tmp_path: Path) -> None:
    verdict = _advised(Provenance(), detection(traits=None), known=Reference(), store=EvidenceStore(tmp_path))
    assert verdict.explanation
    assert verdict.generators == ()
    assert "nearness" not in verdict.report


def test_a_taught_generator_joins_the_others(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    adviser = Adviser(GRAPH, reference(), store)
    strange = traits(view=3)
    store.add("Our studio's model", Kind.GENERATOR, adviser.space(), np.stack([adviser.generator_traits(strange)] * 5))
    verdict = _advised(Provenance(), detection(traits=strange), store=store)
    assert verdict.generators[0].name == "Our studio's model"
    assert any("added on this computer" in s for s in verdict.explanation)


def test_ones_own_camera_takes_back_what_only_the_pixels_said(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    mine = traits(view=2, crop=2)
    store.add("My camera", Kind.CAMERA, GRAPH, np.stack([camera_traits(mine)] * 6))
    verdict = _advised(Provenance(), detection(PixelLevel.LIKELY_AI, traits=mine), store=store)
    assert verdict.level is Level.UNCLEAR
    assert any("My camera" in s for s in verdict.explanation)
    assert verdict.generators == ()
    other = _advised(Provenance(), detection(PixelLevel.LIKELY_AI), store=store)
    assert other.level is Level.LIKELY_AI
    declared = _advised(marked(), detection(PixelLevel.AI, traits=mine), store=store)
    assert declared.level is Level.AI, "what the file says of itself is no false alarm of the pixels"


def test_prototypes_of_another_graph_are_not_used(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    store.add("Old", Kind.CAMERA, "another graph", np.stack([camera_traits(traits())] * 5))
    assert _advised(Provenance(), detection(), store=store).level is Level.AI


def test_shares_are_read_off_quantiles() -> None:
    assert proportion.share_above(0.5, (0.0, 1.0)) == pytest.approx(0.5)
    assert proportion.share_above(-9, (0.0, 1.0)) == 1
    assert proportion.share_above(9, (0.0, 1.0)) == 0
    assert proportion.more_natural(reference(), detection(proximity=-5.0)) == 99
    assert proportion.more_natural(reference(), detection(proximity=5.0)) == 1
    assert proportion.nearest_kind(reference(), detection(traits=traits(crop=1))) == "art"
    assert axis(0).shape == (6,)
