"""The sentences of this room in every language, and the names of generators."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from naturaltrace.verdicts.wording import Wording


@cache
def load(language: str) -> Wording:
    """The sentences of one of verdicts.wording.LANGUAGES, by "table.key". Raises FileNotFoundError for another."""
    tables = _read("wording", f"{language}.toml")
    return Wording(language, {f"{table}.{key}": text for table, own in tables.items() for key, text in own.items()})


@cache
def advice() -> dict[str, dict[str, tuple[str, ...]]]:
    """`advice.toml`: by "verdict" and "reason", the keys of what would change it."""
    return {table: {key: tuple(keys) for key, keys in own.items()} for table, own in _read("advice.toml").items()}


def generator_name(name: str) -> str:
    """A generator as people know it."""
    return _names()["generator"].get(name, name)


def family_name(name: str) -> str:
    """A family as people know it."""
    return _names()["family"].get(name, name)


@cache
def _names() -> dict[str, dict[str, str]]:
    return _read("names.toml")


def _read(*path: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("naturaltrace.evidence").joinpath(*path).read_text("utf-8"))
