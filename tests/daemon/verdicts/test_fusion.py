"""The verdict itself: its evidence, words and JSON."""

import json

import pytest

from naturaltrace.detection.result import Detection, PixelLevel, UnclearReason
from naturaltrace.provenance.findings import Claim, Finding, Provenance, Standing
from naturaltrace.verdicts import wording
from naturaltrace.verdicts.fusion import judge
from naturaltrace.verdicts.verdict import ImageFacts
from tests.daemon.verdicts.test_decisions import (
    CAMERA_EXIF,
    IMAGE,
    MODEL,
    ROWS,
    SCREENSHOT,
    TAMPERED,
    credential,
    mark,
    pixels,
)


@pytest.mark.parametrize("language", wording.LANGUAGES)
@pytest.mark.parametrize(("findings", "level"), [row[1:3] for row in ROWS], ids=[row[0] for row in ROWS])
def test_every_case_has_a_whole_verdict_in_every_language(findings: list[Finding], level: str, language: str) -> None:
    verdict = judge(IMAGE, Provenance(tuple(findings)), pixels(level), language=language)
    assert len(verdict.evidence) == len(findings) + (level != "none")
    for text in (verdict.label, verdict.summary, *(e.text for e in verdict.evidence)):
        assert text
        assert "{" not in text
    strengths = [e.strength for e in verdict.evidence]
    assert strengths == sorted(strengths, reverse=True)
    assert all(-1 <= e.direction <= 1 and 0 <= e.strength <= 1 for e in verdict.evidence)
    json.dumps(verdict.to_json())


@pytest.mark.parametrize("claim", Claim)
@pytest.mark.parametrize("standing", [Standing.TRUSTED, Standing.UNKNOWN_SIGNER])
def test_every_valid_credential_has_a_sentence(claim: Claim, standing: Standing) -> None:
    if claim is Claim.TAMPERED:
        return  # comes with the standing INVALID alone
    (line,) = judge(IMAGE, Provenance((credential(claim, standing),)), None).evidence
    assert "Somebody" in line.text
    assert ("not on the trust list" in line.text) == (standing is Standing.UNKNOWN_SIGNER)
    assert "on the trust list" in line.text


@pytest.mark.parametrize("claim", [Claim.GENERATED, Claim.COMPOSITE, Claim.CAPTURE, Claim.HUMAN_EDIT, Claim.NOTHING])
def test_every_mark_has_a_sentence(claim: Claim) -> None:
    (line,) = judge(IMAGE, Provenance((mark(claim),)), None).evidence
    assert "some mark" in line.text


def test_a_credential_without_names_is_worded_too() -> None:
    (line,) = judge(IMAGE, Provenance((Finding("c2pa", Claim.GENERATED, Standing.TRUSTED),)), None).evidence
    assert "a signer without a name" in line.text


@pytest.mark.parametrize("reason", UnclearReason)
def test_every_reason_to_decline_is_said(reason: UnclearReason) -> None:
    detection = Detection(PixelLevel.UNCLEAR, None, MODEL, reason)
    verdict = judge(IMAGE, None, detection)
    assert verdict.evidence[0].text == wording.load("en").say(f"reason.{reason.value}")
    assert verdict.probability is None


def test_rates_are_said_as_one_in_n() -> None:
    said = {
        level: judge(IMAGE, None, Detection(PixelLevel(level), 0.9, MODEL, None, 0.004, 0.02)).summary
        for level in ("ai", "likely_ai", "no_sign")
    }
    assert "about 1 in 250 real images would be marked like this" in said["ai"]
    assert "about 1 in 250 real images" in said["likely_ai"]
    assert "about 1 in 50 generated images" in said["no_sign"]


def test_without_measured_rates_the_levels_promise_is_said() -> None:
    said = {
        level: judge(IMAGE, None, Detection(PixelLevel(level), 0.9, MODEL)).summary
        for level in ("ai", "likely_ai", "no_sign")
    }
    assert "1 in 200 real" in said["ai"]
    assert "1 in 33 real" in said["likely_ai"]
    assert "1 in 20 generated" in said["no_sign"]


def test_generators_are_named_once_and_only_where_something_was_generated() -> None:
    findings = (credential(Claim.GENERATED), mark(), mark(), CAMERA_EXIF, SCREENSHOT)
    verdict = judge(IMAGE, Provenance(findings), None)
    assert [g.name for g in verdict.generators] == ["Some Model", "Some Tool"]
    assert all(g.probability is None for g in verdict.generators)
    assert judge(IMAGE, Provenance((CAMERA_EXIF,)), None).to_json()["generator"] == "unknown"


def test_the_probability_is_the_pixels_own_even_when_the_file_speaks() -> None:
    assert judge(IMAGE, Provenance((mark(),)), pixels("no_sign")).probability == 0.7
    assert judge(IMAGE, Provenance((mark(),)), None).probability is None


def test_tampering_stands_at_the_top_and_leans_neither_way() -> None:
    verdict = judge(IMAGE, Provenance((TAMPERED,)), pixels("no_sign"))
    assert verdict.evidence[0].kind == "c2pa"
    assert verdict.evidence[0].direction == 0
    assert "changed after" in verdict.summary


def test_a_camera_is_named_without_saying_its_maker_twice() -> None:
    (line,) = judge(IMAGE, Provenance((CAMERA_EXIF,)), None).evidence
    assert "taken with Canon EOS R6;" in line.text


def test_a_smeared_photo_says_so_and_stays_honest() -> None:
    verdict = judge(IMAGE, Provenance((mark(), CAMERA_EXIF)), pixels("no_sign"))
    assert verdict.label == "Marked as AI"
    assert "anyone can write such a mark" in verdict.summary
    assert {e.kind for e in verdict.evidence} == {"png.some", "exif.camera", "pixels"}


def test_a_visible_mark_is_shown_and_decides_nothing() -> None:
    visible = Finding("visible.some", Claim.GENERATED, Standing.WATERMARK, "Some Service", {})
    verdict = judge(IMAGE, Provenance((visible,)), pixels("no_sign"))
    assert verdict.level.value == "no_sign"
    assert "Some Service" in next(e.text for e in verdict.evidence if e.kind == "visible.some")


def test_facts_alone_serve_as_the_image() -> None:
    facts = ImageFacts(60, 40, "PNG", 1234, "ab" * 32)
    assert judge(facts, None, pixels("ai")) == judge(IMAGE, None, pixels("ai"))


def test_times_and_model_are_passed_on() -> None:
    verdict = judge(IMAGE, None, pixels("ai"), timing_ms={"decode": 1.5})
    assert verdict.timing_ms == {"decode": 1.5}
    assert verdict.model == MODEL
    assert judge(IMAGE, None, None).model.name == "none"
