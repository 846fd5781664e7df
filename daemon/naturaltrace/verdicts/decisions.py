"""The decision table (decisions.toml) and how it is looked up."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from naturaltrace.verdicts.situation import Situation
from naturaltrace.verdicts.verdict import Basis, Level


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    credential: frozenset[str] | None  # None fits all
    mark: frozenset[str] | None
    pixels: frozenset[str] | None
    level: Level
    basis: Basis
    words: str

    def fits(self, situation: Situation) -> bool:
        return all(
            wanted is None or value in wanted
            for wanted, value in (
                (self.credential, situation.credential),
                (self.mark, situation.mark),
                (self.pixels, situation.pixels),
            )
        )


@dataclass(frozen=True, slots=True)
class Weight:
    direction: float  # -1..1
    strength: float  # 0..1


@dataclass(frozen=True, slots=True)
class Decisions:
    rows: tuple[Row, ...]
    weights: dict[str, Weight]

    def decide(self, situation: Situation) -> Row:
        """The first row that fits; the last fits everything."""
        return next(row for row in self.rows if row.fits(situation))


@cache
def table() -> Decisions:
    """The table that is shipped."""
    read = tomllib.loads(resources.files("naturaltrace.verdicts").joinpath("decisions.toml").read_text("utf-8"))

    def column(row: dict[str, list[str]], name: str) -> frozenset[str] | None:
        return frozenset(row[name]) if name in row else None

    rows = tuple(
        Row(
            name=row["name"],
            credential=column(row, "credential"),
            mark=column(row, "mark"),
            pixels=column(row, "pixels"),
            level=Level(row["level"]),
            basis=Basis(row["basis"]),
            words=row["words"],
        )
        for row in read["row"]
    )
    return Decisions(rows, {key: Weight(**weight) for key, weight in read["evidence"].items()})
