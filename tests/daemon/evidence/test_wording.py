"""The sentences: every language has them all, with the same braces, and none claims what cannot be known."""

import re
import tomllib
from importlib import resources

import pytest

from naturaltrace.detection.result import UnclearReason
from naturaltrace.evidence import words
from naturaltrace.verdicts import decisions
from naturaltrace.verdicts.wording import LANGUAGES

_BRACES = re.compile(r"{(\w+)}")
# Words of certainty, by language; "real" alone is fine ("of 100 real images"), a claim that this image is real is not.
_CERTAIN = re.compile(
    r"\b(certainly|definitely|proves?|proven|guarantee\w*|undoubtedly|surely|is real|is fake|fake|genuine|authentic)\b"
    r"|\b(sicher|zweifellos|beweist|garantiert|gefälscht|Fälschung)\b"
    r"|\b(certainement|sans aucun doute|prouve|garantit|faux|authentique)\b"
    r"|\b(seguramente|sin duda|demuestra|garantiza|falsa|auténtica)\b"
    r"|\b(com certeza|sem dúvida|prova que|garante|falsa|autêntica)\b"
    r"|間違いなく|確実に|証明しています|偽物|本物|肯定是|无疑|证明了|保证|伪造|真品",
    re.IGNORECASE,
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_sentence_with_the_same_braces(language: str) -> None:
    english, own = words.load("en").templates, words.load(language).templates
    assert own.keys() == english.keys()
    for key, text in own.items():
        assert sorted(_BRACES.findall(text)) == sorted(_BRACES.findall(english[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_claims_certainty(language: str) -> None:
    for key, text in words.load(language).templates.items():
        assert not _CERTAIN.search(text), (key, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_sentences_and_names_of_places_are_not(language: str) -> None:
    for key, text in words.load(language).templates.items():
        table = key.split(".")[0]
        assert text == text.strip()
        assert (text[-1] in ".。") is (table not in ("place", "kind")), key
        assert len(text) <= 180, key


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_nothing_was_left_in_english(language: str) -> None:
    english, own = words.load("en").templates, words.load(language).templates
    assert [key for key in own if own[key] == english[key]] == []


def test_there_is_advice_for_every_verdict_and_reason() -> None:
    advice = words.advice()
    assert set(advice["verdict"]) == {row.words for row in decisions.table().rows}
    assert set(advice["reason"]) == {reason.value for reason in UnclearReason}
    for own in advice.values():
        for keys in own.values():
            assert 1 <= len(keys) <= 3
            assert all(f"change.{key}" in words.load("en") for key in keys)


def test_names_are_names() -> None:
    text = resources.files("naturaltrace.evidence").joinpath("names.toml").read_text("utf-8")
    for own in tomllib.loads(text).values():
        assert all(name and name == name.strip() for name in own.values())
    assert words.generator_name("sdxl") == "Stable Diffusion XL"
    assert words.generator_name("something-new") == "something-new"
