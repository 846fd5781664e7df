"""What the released graph's figures look like on known images, so that one image's can be put into proportion.

`evidence.json` lies beside the card and names the graph that it was measured with; for another graph it says nothing.
"""

import base64
import json
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.card import RELEASED_PACKAGE, Card
from naturaltrace.detection.part import Part
from naturaltrace.evidence.reading import Reading

SCHEMA = 1
FILE = "evidence.json"
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class NearnessBin:
    """Real images of estimated quality `low` <= quality < `high` (0..1): evenly spaced quantiles of their proximity."""

    low: float
    high: float
    proximity: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """One natural trace: its direction (E,) and the kind of real images that most often lie nearest to it."""

    direction: Floats
    kind: str


@dataclass(frozen=True, slots=True)
class KnownGenerator:
    name: str
    family: str
    prototypes: Floats  # (P, D) unit length, in the attribution's own space


@dataclass(frozen=True, slots=True)
class AttributionReference:
    """`mean` (E,) and `projection` (E, D) lead from the graph's embedding to the space of the prototypes.
    `temperature` turns cosines into chances; `unknown` is the cosine that stands for all generators not listed.

    Prototypes serve what is taught. Where there are readings, `groups` says which group of generators and `models`
    which single one, both learned so that a source is told apart from a generator."""

    mean: Floats
    projection: Floats
    temperature: float
    unknown: float
    generators: tuple[KnownGenerator, ...]
    families: dict[str, str] = field(default_factory=dict[str, str])  # name of a family for people
    groups: Reading | None = None
    models: Reading | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """Empty parts are None: the graph, or whoever measured, did not give them."""

    nearness: tuple[NearnessBin, ...] = ()
    traces: tuple[Trace, ...] = ()
    statistics: dict[str, dict[str, tuple[float, ...]]] = field(
        default_factory=dict[str, dict[str, tuple[float, ...]]]
    )  # by name, then "real" or "generated": evenly spaced quantiles
    attribution: AttributionReference | None = None
    part: Part | None = None


def for_card(card: Card) -> Reference:
    """The reference that lies beside the card's graph; an empty one where there is none or it is another graph's."""
    place: Traversable = card.graph.parent if isinstance(card.graph, Path) else files(RELEASED_PACKAGE)
    return read(place / FILE, card.sha256)


def read(path: Traversable | Path, graph_sha256: str) -> Reference:
    """The reference in a file. Damaged or missing ones are empty: evidence is an extra, and no verdict waits for it."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if raw.get("schema") != SCHEMA or raw.get("graph_sha256") != graph_sha256:
            return Reference()
        return _reference(raw)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Reference()


def _reference(raw: dict[str, Any]) -> Reference:
    known = raw.get("attribution")
    part = raw.get("part")
    return Reference(
        nearness=tuple(NearnessBin(b["low"], b["high"], tuple(b["proximity"])) for b in raw.get("nearness", ())),
        traces=tuple(Trace(unpack(t["direction"])[0], str(t["kind"])) for t in raw.get("traces", ())),
        statistics={
            name: {of: tuple(quantiles) for of, quantiles in both.items()}
            for name, both in raw.get("statistics", {}).items()
        },
        attribution=None if known is None else _attribution(known),
        part=None if part is None else Part(part["contrast"], part["chance"], part["rate"]),
    )


def _attribution(raw: dict[str, Any]) -> AttributionReference:
    return AttributionReference(
        mean=unpack(raw["mean"])[0],
        projection=unpack(raw["projection"]),
        temperature=float(raw["temperature"]),
        unknown=float(raw["unknown"]),
        generators=tuple(KnownGenerator(g["name"], g["family"], unpack(g["prototypes"])) for g in raw["generators"]),
        families=dict(raw.get("families", {})),
        groups=_reading(raw.get("groups")),
        models=_reading(raw.get("models")),
    )


def _reading(raw: dict[str, Any] | None) -> Reading | None:
    if raw is None:
        return None
    names, weights, bias = tuple(map(str, raw["names"])), unpack(raw["weights"]), unpack(raw["bias"])[0]
    if weights.shape[1] != len(names) or len(bias) != len(names) or not raw["temperature"] > 0:
        raise ValueError("a reading has another number of names than of lines")
    of_texture = bool(raw.get("of_texture", False))
    return Reading(names, weights, bias, float(raw["temperature"]), float(raw["unknown"]), of_texture)


def pack(matrix: Floats) -> dict[str, Any]:
    """A matrix (or a vector, as one row) as JSON: little-endian fp16 in base64 with its number of columns."""
    rows = np.atleast_2d(matrix)
    data = base64.b64encode(rows.astype("<f2").tobytes()).decode("ascii")
    return {"columns": int(rows.shape[1]), "fp16": data}


def unpack(packed: dict[str, Any]) -> Floats:
    """(R, C) of what `pack` wrote. Raises ValueError or KeyError for anything else."""
    columns = int(packed["columns"])
    values = np.frombuffer(base64.b64decode(packed["fp16"], validate=True), dtype="<f2").astype(np.float32)
    if columns < 1 or not np.isfinite(values).all():
        raise ValueError("a packed matrix holds no numbers")
    return values.reshape(-1, columns)
