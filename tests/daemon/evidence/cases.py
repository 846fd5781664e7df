"""Detections and references for tests of evidence, small enough to read."""

import numpy as np

from naturaltrace.detection.heatmap import HeatGrid
from naturaltrace.detection.part import Part
from naturaltrace.detection.regions import Region
from naturaltrace.detection.result import Detection, ModelInfo, PixelLevel, Traits, UnclearReason
from naturaltrace.evidence.reference import (
    AttributionReference,
    Floats,
    KnownGenerator,
    NearnessBin,
    Reference,
    Trace,
)
from naturaltrace.provenance.findings import Claim, Finding, Provenance, Standing
from naturaltrace.verdicts.verdict import ImageFacts

GRAPH = "a" * 64
FACTS = ImageFacts(1024, 768, "JPEG", 1000, "b" * 64)
E, F = 6, 2  # sizes of the embedding and of the families


def axis(i: int, size: int = E) -> Floats:
    return np.eye(size, dtype=np.float32)[i]


def traits(view: int = 0, crop: int = 0) -> Traits:
    return Traits(axis(view), axis(crop), np.zeros(F, dtype=np.float32))


def region(contrast: float = 4.0, chance: float = 0.9, share: float = 0.05) -> Region:
    return Region(0.7, 0.7, 0.2, 0.2, chance, contrast, share)


def reference() -> Reference:
    """Two generators of two families along the first two axes; "unknown" half-way."""
    size = E + F
    return Reference(
        nearness=(NearnessBin(0.0, 0.5, (-1.0, 0.0)), NearnessBin(0.5, 1.01, (0.0, 1.0))),
        traces=(Trace(axis(0), "photo"), Trace(axis(1), "art")),
        statistics={"contrast": {"real": (0.0, 10.0), "generated": (5.0, 15.0)}},
        attribution=AttributionReference(
            mean=np.zeros(size, dtype=np.float32),
            projection=np.eye(size, E, dtype=np.float32),
            temperature=0.1,
            unknown=0.5,
            generators=(
                KnownGenerator("sdxl", "stable-diffusion", axis(0)[None]),
                KnownGenerator("dalle3", "openai", axis(1)[None]),
            ),
        ),
        part=Part(contrast=2.0, chance=0.5, rate=0.02),
    )


def detection(level: PixelLevel = PixelLevel.AI, reason: UnclearReason | None = None, **more: object) -> Detection:
    if level is PixelLevel.UNCLEAR and reason is None:
        reason = UnclearReason.BETWEEN
    if reason not in (None, UnclearReason.BETWEEN, UnclearReason.TOO_DEGRADED, UnclearReason.UNLIKE_CALIBRATION):
        return Detection(level, None, ModelInfo("test", "1"), reason)
    fields: dict[str, object] = {
        "proximity": 0.25,
        "jpeg_quality": 80.0,
        "real_rate": 0.004,
        "generated_rate": 0.04,
        "heat": HeatGrid(np.zeros((4, 4), dtype=np.float32), np.ones((4, 4), dtype=np.float32)),
        "cues": {"fine": 1.0, "whole": 0.5},
        "statistics": {"contrast": 5.0},
        "traits": traits(),
        **more,
    }
    return Detection(level, 0.9, ModelInfo("test", "1"), reason, **fields)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def marked(
    claim: Claim = Claim.GENERATED, standing: Standing = Standing.UNSIGNED, kind: str = "png.parameters"
) -> Provenance:
    return Provenance(findings=(Finding(kind, claim, standing),))
