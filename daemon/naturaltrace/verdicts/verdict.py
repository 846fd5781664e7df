"""The verdict and its JSON, as docs/api describes it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from naturaltrace.detection.result import ModelInfo


class Level(StrEnum):
    AI = "ai"
    LIKELY_AI = "likely_ai"
    UNCLEAR = "unclear"
    NO_SIGN = "no_sign"
    CAMERA = "camera"


class Basis(StrEnum):
    SIGNED = "signed"
    DECLARED = "declared"
    PIXELS = "pixels"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason. `direction` -1 (against generated) .. 1 (for it); `strength` 0..1; `text` one plain sentence."""

    kind: str
    direction: float
    strength: float
    text: str
    fields: dict[str, Any] = field(default_factory=dict[str, Any])

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "direction": self.direction,
            "strength": self.strength,
            "text": self.text,
            **({"fields": self.fields} if self.fields else {}),
        }


@dataclass(frozen=True, slots=True)
class GeneratorGuess:
    name: str
    probability: float | None  # None: the file names it, no likelihood was estimated


@dataclass(frozen=True, slots=True)
class ImageFacts:
    width: int
    height: int
    format: str
    byte_count: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`probability` is the calibrated chance (0..1) that the pixels were generated; None when only metadata speaks."""

    level: Level
    label: str  # the badge's words, e.g. "Likely AI"
    summary: str  # one sentence on what the level means for this image
    probability: float | None
    basis: Basis
    evidence: tuple[Evidence, ...]
    generators: tuple[GeneratorGuess, ...]
    image: ImageFacts
    model: ModelInfo
    heatmap: str | None = None
    timing_ms: dict[str, float] = field(default_factory=dict[str, float])
    cached: bool = False
    # From here on: naturaltrace.evidence. `explanation` one to five sentences; `changes` what would change the verdict;
    # `regions` boxes in shares of width and height; `report` figures beside it, which decided nothing.
    explanation: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    regions: tuple[dict[str, Any], ...] = ()
    report: dict[str, Any] = field(default_factory=dict[str, Any])

    def to_json(self) -> dict[str, Any]:
        """The verdict as the API and `--json` print it; floats rounded to what they can carry."""
        return {
            "level": self.level.value,
            "label": self.label,
            "summary": self.summary,
            "probability": None if self.probability is None else round(self.probability, 4),
            "basis": self.basis.value,
            "evidence": [e.to_json() for e in self.evidence],
            "generator": [
                {"name": g.name, "probability": None if g.probability is None else round(g.probability, 4)}
                for g in self.generators
            ]
            or "unknown",
            "heatmap": self.heatmap,
            "image": {
                "width": self.image.width,
                "height": self.image.height,
                "format": self.image.format,
                "bytes": self.image.byte_count,
                "sha256": self.image.sha256,
            },
            "model": {"name": self.model.name, "version": self.model.version},
            "timing_ms": {k: round(v, 2) for k, v in self.timing_ms.items()},
            "cached": self.cached,
            "explanation": list(self.explanation),
            "changes": list(self.changes),
            "regions": list(self.regions),
            "report": self.report,
        }
