"""The released detector's card: everything that is needed to run it and to reproduce its figures, as typed values."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

SCHEMA = 1
SELF_TEST = "selftest.npz"
SELF_TEST_INT8 = "selftest-int8.npz"
RELEASED_PACKAGE = "naturaltrace_model.released"


class CardError(Exception):
    """The card is missing, of another schema, or does not fit its graph."""


@dataclass(frozen=True, slots=True)
class Aggregation:
    """The logistic that turns an image's crop features into one score (log-odds); one weight per named feature."""

    features: tuple[str, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float


@dataclass(frozen=True, slots=True)
class QualityBin:
    """Calibration of one range of estimated quality, `low` <= quality < `high`.

    `slope` and `intercept` turn the score into calibrated log-odds (Platt). `real_scores` and `generated_scores` are
    evenly spaced quantiles, ascending, of calibration's scores, and `real_count` and `generated_count` how many images
    they stand for. The thresholds are scores; None where calibration is too small to promise that rate.
    """

    low: float
    high: float
    slope: float
    intercept: float
    real_count: int
    generated_count: int
    real_scores: tuple[float, ...]
    generated_scores: tuple[float, ...]
    ai: float | None
    likely_ai: float | None
    no_sign: float | None


@dataclass(frozen=True, slots=True)
class Rates:
    """The promised error rates: the share of real images that reach `ai` and `likely_ai`, of generated ones that fall
    under `no_sign`."""

    ai: float
    likely_ai: float
    no_sign: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the detector declines: sides in pixels, texture in grey levels, quality 0..1, proximity as trained."""

    short_side: int
    texture: float
    quality: float
    proximity: float


@dataclass(frozen=True, slots=True)
class EightBits:
    """The release's int8 graph. `reference` holds what it computes when every sum is exact; `tolerance` how far (root
    mean square) each output may be off from that on a machine that is to be believed."""

    graph: Traversable
    sha256: str
    reference: Traversable | Path
    tolerance: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Card:
    """One release. `raw` is the whole JSON, for those who show it; `small` its int8 graph, where one holds."""

    name: str
    version: str
    graph: Traversable
    sha256: str
    aggregation: Aggregation
    bins: tuple[QualityBin, ...]
    rates: Rates
    limits: Limits
    raw: dict[str, Any]
    small: EightBits | None = None

    @property
    def reference(self) -> Traversable | Path:
        """Where the release keeps what its graph computes for the self-test; there may be no such file."""
        return _beside(self.graph, SELF_TEST)


def graph_bytes(graph: Traversable, sha256: str) -> bytes:
    """A graph as its card describes it. Raises CardError when it is missing or another one."""
    try:
        content = graph.read_bytes()
    except OSError as error:
        raise CardError(f"cannot read the detector's graph: {error}") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise CardError("the detector's graph is not the one its card describes (another sha256)")
    return content


def released() -> Card:
    """The bundled release. Raises CardError when none is installed."""
    return read(files(RELEASED_PACKAGE) / "card.json")


@cache
def has_int8() -> bool:
    """Whether the bundled release has a graph in eight bits; False where none is installed."""
    try:
        return released().small is not None
    except CardError:
        return False


def read(path: Traversable | Path) -> Card:
    """A card from its JSON file; its graph lies beside it. Raises CardError with a sentence on what is wrong."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CardError(f"cannot read the detector's card: {error}") from error
    if raw.get("schema") != SCHEMA:
        raise CardError(f"the detector's card has schema {raw.get('schema')!r}, this program reads {SCHEMA}")
    try:
        return Card(
            name=raw["name"],
            version=raw["version"],
            graph=_beside(path, raw["graph"]["file"]),
            sha256=raw["graph"]["sha256"],
            aggregation=Aggregation(**_tuples(raw["aggregation"])),
            bins=tuple(QualityBin(**_tuples(b)) for b in raw["calibration"]["bins"]),
            rates=Rates(**raw["calibration"]["rates"]),
            limits=Limits(**raw["limits"]),
            raw=raw,
            small=_small(path, raw.get("int8")),
        )
    except (KeyError, TypeError) as error:
        raise CardError(f"the detector's card lacks or misnames a field: {error}") from error


def _small(path: Traversable | Path, said: dict[str, Any] | None) -> EightBits | None:
    if said is None or not said.get("ships") or "graph" not in said:
        return None
    own = said["graph"]
    reference = _beside(path, SELF_TEST_INT8)
    return EightBits(_beside(path, own["file"]), own["sha256"], reference, dict(said["tolerance"]))


def _beside(path: Traversable | Path, name: str) -> Traversable:
    if "/" in name or "\\" in name:
        raise CardError("the graph's file must lie beside its card")
    return path.parent / name if isinstance(path, Path) else files(RELEASED_PACKAGE) / name


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
