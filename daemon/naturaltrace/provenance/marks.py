"""The table of marks (marks.toml), and what of it a file carries."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from naturaltrace.provenance import limits
from naturaltrace.provenance.findings import Claim, Finding, Standing
from naturaltrace.provenance.parts import Entry, Parts, shown


@dataclass(frozen=True, slots=True)
class Mark:
    """One row of the table: a value that a generator, or a standard, writes at a place of its own."""

    kind: str
    name: str
    where: frozenset[str]  # places, exactly as `Entry.place` gives them
    all: tuple[re.Pattern[str], ...]  # each must be found in the value
    none: tuple[re.Pattern[str], ...]  # and none of these
    also: dict[str, re.Pattern[str]]  # and each of these places holds a value that fits
    claim: Claim
    generator: str | None
    generator_pattern: re.Pattern[str] | None  # or a pattern whose first group is the generator's name
    details: dict[str, re.Pattern[str]]  # field name to a pattern whose first group is shown
    source: str
    example: str
    example_place: str
    example_also: dict[str, str]

    def found_in(self, entry: Entry, parts: Parts) -> bool:
        """Whether `entry`, one of those of `parts`, carries the mark."""
        if entry.place not in self.where:
            return False
        text = entry.text[: limits.MATCH_CHARACTERS]
        return (
            all(p.search(text) for p in self.all)
            and not any(p.search(text) for p in self.none)
            and all(_holds(parts, place, pattern) for place, pattern in self.also.items())
        )

    def generator_in(self, text: str) -> str | None:
        if self.generator_pattern and (hit := self.generator_pattern.search(text)):
            return shown(hit.group(1))
        return self.generator


def _holds(parts: Parts, place: str, pattern: re.Pattern[str]) -> bool:
    return any(e.place == place and pattern.search(e.text[: limits.MATCH_CHARACTERS]) for e in parts.entries)


def _mark(row: dict[str, Any]) -> Mark:
    where = [str(place) for place in row["where"]]
    return Mark(
        kind=row["kind"],
        name=row["name"],
        where=frozenset(where),
        all=tuple(re.compile(p) for p in row["all"]),
        none=tuple(re.compile(p) for p in row.get("none", ())),
        also={place: re.compile(p) for place, p in row.get("also", {}).items()},
        claim=Claim(row["claim"]),
        generator=row.get("generator"),
        generator_pattern=re.compile(row["generator_pattern"]) if "generator_pattern" in row else None,
        details={name: re.compile(p) for name, p in row.get("details", {}).items()},
        source=row["source"],
        example=row["example"],
        example_place=where[0],
        example_also=dict(row.get("example_also", {})),
    )


def parse(text: str) -> tuple[Mark, ...]:
    """The marks of a table in TOML. Raises KeyError, ValueError or re.error where a row is not well formed."""
    return tuple(_mark(row) for row in tomllib.loads(text)["mark"])


@cache
def table() -> tuple[Mark, ...]:
    """The table that is shipped."""
    return parse(resources.files("naturaltrace.provenance").joinpath("marks.toml").read_text("utf-8"))


@cache
def _by_place() -> dict[str, tuple[Mark, ...]]:
    places = {place for mark in table() for place in mark.where}
    return {place: tuple(mark for mark in table() if place in mark.where) for place in places}


def findings(parts: Parts) -> list[Finding]:
    """One finding for each mark that the file carries; a mark carried twice counts once."""
    found: dict[str, Finding] = {}
    by_place = _by_place()
    for entry in parts.entries:
        for mark in by_place.get(entry.place, ()):
            if mark.kind not in found and mark.found_in(entry, parts):
                found[mark.kind] = _finding(mark, entry)
    return list(found.values())


def _finding(mark: Mark, entry: Entry) -> Finding:
    text = entry.text[: limits.MATCH_CHARACTERS]
    fields: dict[str, object] = {"mark": mark.name, "place": entry.place}
    for name, pattern in mark.details.items():
        if hit := pattern.search(text):
            fields[name] = shown(hit.group(1))
    if entry.damaged:
        fields["damaged"] = True
    fields["text"] = shown(text)
    return Finding(mark.kind, mark.claim, Standing.UNSIGNED, mark.generator_in(text), fields)
