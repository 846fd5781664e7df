"""The settings page's words: the same in every language, all used, and the levels as the badges name them."""

import json
import re
from pathlib import Path

import pytest

from naturaltrace.server.site import FILES, LANGUAGES
from naturaltrace.verdicts import wording

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "daemon/naturaltrace/server/page"
WORDS = {name: json.loads((PAGE / f"words/{name}.json").read_text(encoding="utf-8")) for name in LANGUAGES}
LEVELS = {
    "ai": "pixels_ai",
    "likely_ai": "pixels_likely_ai",
    "unclear": "pixels_unclear",
    "no_sign": "pixels_no_sign",
    "camera": "signed_capture",
}


def braces(text: str) -> set[str]:
    return set(re.findall(r"\{\w+\}", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_things(language: str) -> None:
    assert list(WORDS[language]) == list(WORDS["en"])
    for key, text in WORDS[language].items():
        assert text.strip(), key
        assert braces(text) == braces(WORDS["en"][key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_levels_are_called_what_the_badges_call_them(language: str) -> None:
    said = wording.load(language)
    for level, words in LEVELS.items():
        assert WORDS[language][f"level_{level}"] == said.say(f"verdict.{words}.label")


def test_every_word_is_used_and_every_used_word_is_there() -> None:
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in PAGE.glob("*.js"))
    used = set(re.findall(r'data-t(?:-label)?="(\w+)"', html))
    used |= set(re.findall(r'\bt\(\s*"(\w+)"', scripts)) | set(re.findall(r'"(col_\w+)"', scripts))
    made_up = ("basis_", "said_", "condition_", "promise_", "lean_")  # completed by what the daemon says
    choices = {"careful", "balanced", "eager", "careful_words", "balanced_words", "eager_words"}
    rest = (
        set(WORDS["en"]) - used - choices - {"for", "against", "neutral", "condition", "nothing_yet", "nothing_found"}
    )
    assert {key for key in rest if not key.startswith(made_up)} == set()
    assert {key for key in used if not key.endswith("_")} - set(WORDS["en"]) == set()


def test_every_file_of_the_page_is_served() -> None:
    there = {path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*") if path.is_file()}
    assert {name for name, _ in FILES.values()} == there


def test_the_page_looks_like_the_extension() -> None:
    extension = ROOT / "extension/shared"
    assert (PAGE / "tokens.css").read_bytes() == (extension / "tokens.css").read_bytes()
    own, theirs = (
        set(re.findall(r'\bd: "([^"]+)"', path.read_text(encoding="utf-8")))
        for path in (PAGE / "icons.js", extension / "level-icons.js")
    )
    assert own <= theirs
