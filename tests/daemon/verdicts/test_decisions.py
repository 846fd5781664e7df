"""The decision table, a test for each row and for what must never happen."""

from itertools import product

import numpy as np
import pytest

from naturaltrace.detection.result import Detection, ModelInfo, PixelLevel, UnclearReason
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.provenance.findings import Claim, Finding, Provenance, Standing
from naturaltrace.verdicts import decisions
from naturaltrace.verdicts.fusion import judge
from naturaltrace.verdicts.situation import Situation
from naturaltrace.verdicts.verdict import Basis, Level, Verdict

IMAGE = DecodedImage(np.zeros((40, 60, 3), np.uint8), "PNG", "ab" * 32, 1234)
MODEL = ModelInfo("tests", "1")
CREDENTIALS = [
    "trusted_generated",
    "trusted_composite",
    "trusted_capture",
    "trusted_edit",
    "trusted_nothing",
    "unknown_generated",
    "unknown_composite",
    "unknown_other",
    "tampered",
    "none",
]
MARKS = ["generated", "composite", "none"]
PIXELS = ["ai", "likely_ai", "unclear", "no_sign", "none"]
ALL = [Situation(*values) for values in product(CREDENTIALS, MARKS, PIXELS)]


def credential(claim: Claim, standing: Standing = Standing.TRUSTED) -> Finding:
    generator = "Some Model" if claim in (Claim.GENERATED, Claim.COMPOSITE) else None
    return Finding("c2pa", claim, standing, generator, {"signer": "Somebody"})


def mark(claim: Claim = Claim.GENERATED, standing: Standing = Standing.UNSIGNED) -> Finding:
    return Finding("png.some", claim, standing, "Some Tool", {"mark": "some mark"})


CAMERA_EXIF = Finding("exif.camera", Claim.CAPTURE, Standing.UNSIGNED, None, {"make": "Canon", "model": "Canon EOS R6"})
SCREENSHOT = Finding("screenshot.comment", Claim.NOTHING, Standing.UNSIGNED, None, {"mark": "screenshot"})
TAMPERED = credential(Claim.TAMPERED, Standing.INVALID)


def pixels(level: str) -> Detection | None:
    if level == "none":
        return None
    reason = UnclearReason.BETWEEN if level == "unclear" else None
    return Detection(PixelLevel(level), 0.7, MODEL, reason, real_rate=0.002, generated_rate=0.04)


def decided(findings: list[Finding], level: str) -> Verdict:
    return judge(IMAGE, Provenance(tuple(findings)), pixels(level))


ROWS: list[tuple[str, list[Finding], str, Level, Basis, str]] = [
    ("signed AI", [credential(Claim.GENERATED)], "no_sign", Level.AI, Basis.SIGNED, "signed_generated"),
    (
        "signed camera, then a generative edit",
        [credential(Claim.COMPOSITE)],
        "no_sign",
        Level.AI,
        Basis.SIGNED,
        "signed_composite",
    ),
    (
        "signed camera with a generator's mark",
        [credential(Claim.CAPTURE), mark()],
        "no_sign",
        Level.UNCLEAR,
        Basis.SIGNED,
        "capture_contradicted",
    ),
    (
        "signed camera, pixels look generated",
        [credential(Claim.CAPTURE)],
        "ai",
        Level.CAMERA,
        Basis.SIGNED,
        "signed_capture_pixels_disagree",
    ),
    ("signed camera", [credential(Claim.CAPTURE)], "no_sign", Level.CAMERA, Basis.SIGNED, "signed_capture"),
    (
        "signed camera, pixels not looked at",
        [credential(Claim.CAPTURE)],
        "none",
        Level.CAMERA,
        Basis.SIGNED,
        "signed_capture",
    ),
    (
        "unknown signer says AI, pixels say otherwise",
        [credential(Claim.GENERATED, Standing.UNKNOWN_SIGNER)],
        "no_sign",
        Level.AI,
        Basis.DECLARED,
        "declared_generated_pixels_disagree",
    ),
    (
        "AI mark on an image whose pixels say otherwise: a smeared photo",
        [mark(), CAMERA_EXIF],
        "no_sign",
        Level.AI,
        Basis.DECLARED,
        "declared_generated_pixels_disagree",
    ),
    (
        "unknown signer says AI",
        [credential(Claim.GENERATED, Standing.UNKNOWN_SIGNER)],
        "unclear",
        Level.AI,
        Basis.DECLARED,
        "declared_generated",
    ),
    ("unsigned AI mark", [mark()], "ai", Level.AI, Basis.DECLARED, "declared_generated"),
    ("a watermark", [mark(standing=Standing.WATERMARK)], "unclear", Level.AI, Basis.DECLARED, "declared_generated"),
    (
        "unknown signer says partly AI",
        [credential(Claim.COMPOSITE, Standing.UNKNOWN_SIGNER)],
        "no_sign",
        Level.AI,
        Basis.DECLARED,
        "declared_composite",
    ),
    (
        "unsigned mark says partly AI",
        [mark(Claim.COMPOSITE), CAMERA_EXIF],
        "no_sign",
        Level.AI,
        Basis.DECLARED,
        "declared_composite",
    ),
    ("stripped, pixels generated", [], "ai", Level.AI, Basis.PIXELS, "pixels_ai"),
    ("stripped, pixels probably generated", [], "likely_ai", Level.LIKELY_AI, Basis.PIXELS, "pixels_likely_ai"),
    ("tampered, pixels without a sign", [TAMPERED], "no_sign", Level.NO_SIGN, Basis.PIXELS, "pixels_no_sign_tampered"),
    ("stripped, no sign", [], "no_sign", Level.NO_SIGN, Basis.PIXELS, "pixels_no_sign"),
    ("screenshot, cannot tell", [SCREENSHOT], "unclear", Level.UNCLEAR, Basis.PIXELS, "pixels_unclear"),
    ("nothing at all", [], "none", Level.UNCLEAR, Basis.DECLARED, "nothing"),
    ("tampered, pixels generated", [TAMPERED], "ai", Level.AI, Basis.PIXELS, "pixels_ai"),
    ("tampered, pixels unclear", [TAMPERED], "unclear", Level.UNCLEAR, Basis.PIXELS, "pixels_unclear"),
    ("tampered with a mark beside it", [TAMPERED, mark()], "unclear", Level.AI, Basis.DECLARED, "declared_generated"),
    (
        "unknown signer says camera: the pixels decide",
        [credential(Claim.CAPTURE, Standing.UNKNOWN_SIGNER)],
        "likely_ai",
        Level.LIKELY_AI,
        Basis.PIXELS,
        "pixels_likely_ai",
    ),
    ("unsigned camera metadata never decides", [CAMERA_EXIF], "ai", Level.AI, Basis.PIXELS, "pixels_ai"),
    (
        "a trusted editor says nothing of the origin",
        [credential(Claim.HUMAN_EDIT)],
        "likely_ai",
        Level.LIKELY_AI,
        Basis.PIXELS,
        "pixels_likely_ai",
    ),
]


@pytest.mark.parametrize(
    ("findings", "level", "verdict", "basis", "words"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_the_table_decides(findings: list[Finding], level: str, verdict: Level, basis: Basis, words: str) -> None:
    situation = Situation.of(Provenance(tuple(findings)), pixels(level))
    assert decisions.table().decide(situation).words == words
    judged = decided(findings, level)
    assert (judged.level, judged.basis) == (verdict, basis)


def test_every_row_is_reached_by_a_case_above() -> None:
    reached = {decisions.table().decide(Situation.of(Provenance(tuple(row[1])), pixels(row[2]))).name for row in ROWS}
    assert reached == {row.name for row in decisions.table().rows}


def test_every_situation_is_decided() -> None:
    for situation in ALL:
        assert decisions.table().decide(situation)


def test_the_table_uses_only_words_that_exist() -> None:
    for row in decisions.table().rows:
        assert (row.credential or set()) <= set(CREDENTIALS)
        assert (row.mark or set()) <= set(MARKS)
        assert (row.pixels or set()) <= set(PIXELS)


def test_only_a_trusted_capture_is_a_camera() -> None:
    for situation in ALL:
        if decisions.table().decide(situation).level is Level.CAMERA:
            assert situation.credential == "trusted_capture"
            assert situation.mark == "none"


def test_only_a_trusted_signer_gives_the_basis_signed() -> None:
    for situation in ALL:
        if decisions.table().decide(situation).basis is Basis.SIGNED:
            assert situation.credential.startswith("trusted_")


def test_a_tampered_credential_changes_no_level() -> None:
    for marked, seen in product(MARKS, PIXELS):
        without = decisions.table().decide(Situation("none", marked, seen))
        with_it = decisions.table().decide(Situation("tampered", marked, seen))
        assert (with_it.level, with_it.basis) == (without.level, without.basis)


def test_no_sign_needs_pixels_without_a_sign_and_no_word_against() -> None:
    for situation in ALL:
        if decisions.table().decide(situation).level is Level.NO_SIGN:
            assert situation.pixels == "no_sign"
            assert situation.mark == "none"


def test_the_mapping_of_findings_covers_every_claim_and_standing() -> None:
    for claim, standing in product(Claim, Standing):
        found = Situation.of(Provenance((Finding("c2pa", claim, standing),)), None)
        assert found.credential in CREDENTIALS
