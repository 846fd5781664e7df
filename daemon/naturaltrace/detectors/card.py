"""The card of an added detector: what its graph is shown, what its output means, and where its thresholds come from.

A detector of this kind looks at the whole image, scaled to one size, and gives one number or one per class.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from naturaltrace.detection.card import CardError, QualityBin, Rates

SCHEMA = 1
KIND = "whole-image"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_FITS = ("stretch", "shorter-side", "centre-crop")
_KERNELS = ("nearest", "bilinear", "bicubic", "lanczos")
_LAYOUTS = ("NCHW", "NHWC")
_MEANINGS = ("logit", "probability", "logits", "probabilities")


@dataclass(frozen=True, slots=True)
class Input:
    """How an image becomes the graph's input: scaled, then (value * `scale` - `mean`) / `deviation` per channel.

    `fit`: "stretch" to the size; "shorter-side" scales to `resize` and cuts the centre out; "centre-crop" cuts it out
    unscaled, and scales only images that are too small.
    """

    name: str
    width: int
    height: int
    layout: str = "NCHW"
    type: str = "float32"
    order: str = "RGB"
    fit: str = "shorter-side"
    resize: int | None = None
    kernel: str = "bicubic"
    scale: float = 1 / 255
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Output:
    """`generated` is the class that means generated, where there is one number per class; with one number, 1 says that
    a high one means generated and 0 that a low one does."""

    name: str
    meaning: str
    generated: int = 1


@dataclass(frozen=True, slots=True)
class Expected:
    """The score (log-odds) that the graph gave for a test picture when its card was written."""

    picture: str
    score: float
    tolerance: float = 0.05


@dataclass(frozen=True, slots=True)
class ForeignCard:
    """`calibration` speaks of scores: log-odds that the image is generated, before calibration."""

    name: str
    version: str
    licence: str
    source: str
    graph: str
    sha256: str
    input: Input
    output: Output
    calibration: QualityBin
    rates: Rates
    expected: tuple[Expected, ...]
    raw: dict[str, Any]

    @property
    def measured(self) -> bool:
        """Whether the card holds calibration's own scores, and not only thresholds."""
        return bool(self.calibration.real_scores and self.calibration.generated_scores)


def read(path: Path) -> ForeignCard:
    """A card from its JSON file. Raises CardError with a sentence on what is wrong."""
    try:
        raw: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CardError(f"the card can't be read: {error}") from error
    return parse(raw)


def parse(raw: Any) -> ForeignCard:
    """Raises CardError."""
    if not isinstance(raw, dict):
        raise CardError("the card is no JSON object")
    document = cast(dict[str, Any], raw)
    if document.get("schema") != SCHEMA or document.get("kind") != KIND:
        raise CardError(f'the card must say "schema": {SCHEMA} and "kind": "{KIND}"')
    try:
        card = ForeignCard(
            name=_text(document, "name"),
            version=_text(document, "version"),
            licence=_text(document, "licence"),
            source=_text(document, "source"),
            graph=_text(document["graph"], "file"),
            sha256=_text(document["graph"], "sha256").lower(),
            input=_input(document["input"]),
            output=Output(**document["output"]),
            calibration=_calibration(document.get("calibration")),
            rates=_rates(document.get("calibration")),
            expected=tuple(Expected(**e) for e in document.get("self_test", [])),
            raw=document,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CardError(f"the card lacks or misnames a field: {error}") from error
    _check(card)
    return card


def _check(card: ForeignCard) -> None:
    wanted = card.input
    problems = [
        (not _NAME.fullmatch(card.name), "`name` must be small letters, digits, dots and hyphens"),
        ("/" in card.graph or "\\" in card.graph, "`graph.file` must be a plain file name"),
        (not re.fullmatch("[0-9a-f]{64}", card.sha256), "`graph.sha256` must be 64 hex digits"),
        (wanted.layout not in _LAYOUTS, f"`input.layout` must be one of {', '.join(_LAYOUTS)}"),
        (wanted.type not in ("float32", "float16", "uint8"), "`input.type` must be float32, float16 or uint8"),
        (wanted.order not in ("RGB", "BGR"), "`input.order` must be RGB or BGR"),
        (wanted.fit not in _FITS, f"`input.fit` must be one of {', '.join(_FITS)}"),
        (wanted.kernel not in _KERNELS, f"`input.kernel` must be one of {', '.join(_KERNELS)}"),
        (not (16 <= wanted.width <= 4096 and 16 <= wanted.height <= 4096), "`input` sizes must be 16 to 4096"),
        (any(d <= 0 for d in wanted.deviation), "`input.deviation` must be above 0"),
        (card.output.meaning not in _MEANINGS, f"`output.meaning` must be one of {', '.join(_MEANINGS)}"),
        (card.output.generated < 0, "`output.generated` must be 0 or more"),
    ]
    for wrong, detail in problems:
        if wrong:
            raise CardError(f"in the card, {detail}")


def _input(found: Mapping[str, Any]) -> Input:
    fields = dict(found)
    for name in ("mean", "deviation"):
        if name in fields:
            fields[name] = tuple(float(v) for v in fields[name])
            if len(fields[name]) != 3:
                raise ValueError(f"input.{name} needs three values")
    return Input(**fields)


def _calibration(found: Any) -> QualityBin:
    """Thresholds with the rates that they were measured at, and, where they are known, calibration's own scores."""
    if not isinstance(found, dict):
        raise CardError(
            "the card has no calibration: give `thresholds` with `rates`, or let them be measured with --calibrate DIR"
        )
    own = cast(dict[str, Any], found)
    thresholds = own["thresholds"]
    real, generated = own.get("real_scores", []), own.get("generated_scores", [])
    return QualityBin(
        low=-1e9,
        high=1e9,
        slope=float(own.get("slope", 1.0)),
        intercept=float(own.get("intercept", 0.0)),
        real_count=int(own.get("real_count", len(real))),
        generated_count=int(own.get("generated_count", len(generated))),
        real_scores=tuple(float(s) for s in real),
        generated_scores=tuple(float(s) for s in generated),
        ai=_number(thresholds.get("ai")),
        likely_ai=_number(thresholds.get("likely_ai")),
        no_sign=_number(thresholds.get("no_sign")),
    )


def _rates(found: Any) -> Rates:
    rates = cast(dict[str, Any], found)["rates"]
    return Rates(float(rates["ai"]), float(rates["likely_ai"]), float(rates["no_sign"]))


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document[name]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} must be text")
    return value.strip()
