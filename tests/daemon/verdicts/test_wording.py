"""Every language says the same, and none of them says too much."""

from string import Formatter

import pytest

from naturaltrace.detection.result import UnclearReason
from naturaltrace.verdicts import decisions, wording

ENGLISH = wording.load("en").templates
OTHERS = [language for language in wording.LANGUAGES if language != "en"]


def braces(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_the_same_keys_and_braces_as_english(language: str) -> None:
    templates = wording.load(language).templates
    assert set(templates) == set(ENGLISH)
    for key, template in templates.items():
        assert braces(template) == braces(ENGLISH[key]), key
        assert template.strip() == template != "", key


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_is_translated(language: str) -> None:
    templates = wording.load(language).templates
    same = [key for key, template in templates.items() if template == ENGLISH[key]]
    assert same == []


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_every_row_every_weight_and_every_reason_has_its_words(language: str) -> None:
    words = wording.load(language)
    table = decisions.table()
    for row in table.rows:
        assert f"verdict.{row.words}.label" in words
        assert f"verdict.{row.words}.summary" in words
    for reason in UnclearReason:
        assert f"reason.{reason.value}" in words
    for key in table.weights:
        assert key == "pixels.unclear" or f"evidence.{key}" in words


def test_every_verdict_in_the_wording_is_used_by_a_row() -> None:
    used = {row.words for row in decisions.table().rows}
    assert {key.split(".")[1] for key in ENGLISH if key.startswith("verdict.")} == used


def test_what_anyone_can_write_is_said_to_be_so() -> None:
    for key, template in ENGLISH.items():
        if key.startswith(
            ("verdict.declared", "evidence.mark.generated", "evidence.mark.composite", "evidence.watermark")
        ):
            if key.endswith("label"):
                continue
            assert "anyone" in template, key


def test_no_sign_is_never_worded_as_real() -> None:
    for key in ENGLISH:
        if "no_sign" in key:
            text = ENGLISH[key].lower()
            assert "authentic" not in text
            assert "genuine" not in text
            assert "real" not in text


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_a_label_fits_a_badge(language: str) -> None:
    for key, template in wording.load(language).templates.items():
        if key.endswith(".label"):
            assert len(template) <= 30, key


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ("en", "en"),
        ("de-AT", "de"),
        ("pt-BR", "pt_BR"),
        ("pt", "pt_BR"),
        ("zh-Hans", "zh_CN"),
        ("zh_CN", "zh_CN"),
        ("FR_ca", "fr"),
        ("tlh", "en"),
        ("", "en"),
        ("../etc", "en"),
    ],
)
def test_a_language_is_chosen_by_its_tag(asked: str, chosen: str) -> None:
    assert wording.choose(asked) == chosen


@pytest.mark.parametrize(
    ("rate", "n"),
    [
        (1, 1),
        (0.5, 2),
        (0.05, 20),
        (0.03, 33),
        (0.005, 200),
        (0.0051, 190),
        (0.001, 1000),
        (1 / 1234, 1200),
        (0, 1_000_000),
        (7, 1),
    ],
)
def test_one_in_n_never_sounds_rarer_than_it_is(rate: float, n: int) -> None:
    assert wording.one_in(rate) == n


def test_values_from_files_are_not_read_as_templates() -> None:
    said = wording.load("en").say("evidence.mark.generated.named", generator="{mark.__class__}", mark="{0}")
    assert "{mark.__class__}" in said
