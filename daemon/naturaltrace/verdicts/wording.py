"""What people read, in their language: templates in wording/*.toml, filled in."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import floor, log10
from typing import Any

LANGUAGES = ("en", "es", "fr", "de", "pt_BR", "ja", "zh_CN")


@dataclass(frozen=True, slots=True)
class Wording:
    """The templates of one language by dotted key: "verdict.pixels_ai.label", "reason.flat", "evidence.camera"."""

    language: str
    templates: dict[str, str]

    def say(self, key: str, **values: object) -> str:
        """The sentence `key` with its braces filled in. Raises KeyError for an unknown key or a missing value."""
        # Values come from files: they are put in as they are and never read as templates.
        return self.templates[key].format_map(values)

    def __contains__(self, key: str) -> bool:
        return key in self.templates


def choose(language: str) -> str:
    """The best of LANGUAGES for a tag such as "pt-BR", "fr_CA" or "zh-Hans"; English where there is none."""
    tag = language.replace("-", "_")
    for known in LANGUAGES:
        if known.lower() == tag.lower():
            return known
    base = tag.split("_")[0].lower()
    return next((known for known in LANGUAGES if known.split("_")[0] == base), "en")


@cache
def load(language: str) -> Wording:
    """The wording of one of LANGUAGES. Raises FileNotFoundError for another."""
    text = resources.files("naturaltrace.verdicts").joinpath("wording", f"{language}.toml").read_text("utf-8")
    return Wording(language, dict(_flat(tomllib.loads(text), "")))


def _flat(table: dict[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, str):
            yield before + key, value
        else:
            yield from _flat(value, f"{before}{key}.")


def one_in(rate: float) -> int:
    """The N of "1 in N" for a share 0..1, rounded down to two digits so that it never sounds rarer than it is."""
    n = 1 / min(max(rate, 1e-6), 1.0)
    step = 10 ** max(0, floor(log10(n)) - 1)
    return int(n / step + 1e-9) * step
