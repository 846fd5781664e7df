"""The tray's words, in the user's language: one JSON file per language, all with the same keys."""

import json
import locale
import os
from functools import cache
from importlib import resources

LANGUAGES = ("en", "es", "fr", "de", "pt_BR", "ja", "zh_CN")


@cache
def load(language: str) -> dict[str, str]:
    """The words of one of LANGUAGES. Raises FileNotFoundError for another."""
    text = resources.files("naturaltrace.desktop").joinpath("words", f"{language}.json").read_text("utf-8")
    return json.loads(text)


def choose(tag: str) -> str:
    """The best of LANGUAGES for a tag such as "pt-BR", "fr_CA.UTF-8" or "zh-Hans"; English where there is none."""
    name = tag.partition(".")[0].replace("-", "_").lower()
    base = name.partition("_")[0]
    exact = [known for known in LANGUAGES if known.lower() == name]
    return next(iter([*exact, *(known for known in LANGUAGES if known.partition("_")[0].lower() == base), "en"]))


def of_the_system() -> str:
    """The language that this desktop speaks, as one of LANGUAGES."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANGUAGE", "LANG"):
        if tag := os.environ.get(name, "").partition(":")[0]:
            return choose(tag)
    return choose(locale.getlocale()[0] or "en")
