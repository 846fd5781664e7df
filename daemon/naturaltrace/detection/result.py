"""The one type that leaves this room."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.heatmap import HeatGrid
from naturaltrace.detection.regions import Region


class PixelLevel(StrEnum):
    """What the pixels alone allow one to say; the names match the verdict's levels."""

    AI = "ai"
    LIKELY_AI = "likely_ai"
    UNCLEAR = "unclear"
    NO_SIGN = "no_sign"


class UnclearReason(StrEnum):
    """Why the detector declines to answer."""

    BETWEEN = "between"  # the score lies between the thresholds
    TOO_SMALL = "too_small"  # fewer pixels than one crop, or a short side under the card's minimum
    TOO_DEGRADED = "too_degraded"  # compressed or scaled beyond what calibration covered
    FLAT = "flat"  # no texture at all: a plain colour or a gradient
    NOISE = "noise"  # nothing but noise
    UNLIKE_CALIBRATION = "unlike_calibration"  # far from everything the detector was calibrated on


@dataclass(frozen=True, slots=True)
class ModelInfo:
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class CropScore:
    """One crop's own verdict, in the decoded image's pixel coordinates."""

    x: int
    y: int
    size: int
    logit: float  # linear logit; > 0 leans to generated
    proximity: float  # nearness to the natural traces, cosine-like, about -1..1; higher is more natural


@dataclass(frozen=True, slots=True)
class Traits:
    """What the image has in common with others, for attribution: `view` (E,) unit length, the global branch's; `crop`
    (E,) the mean natural-trace embedding of its crops; `family` (F,) the global branch's log-odds of generator
    families. `texture` (2 S,) is `detection.texture`'s, None where the graph hands none out."""

    view: NDArray[np.float32]
    crop: NDArray[np.float32]
    family: NDArray[np.float32]
    texture: NDArray[np.int8] | None = None


@dataclass(frozen=True, slots=True)
class Detection:
    """What the detector found in one image's pixels.

    `probability` (0..1, calibrated) is None when `reason` says that no number would mean anything (too small, flat,
    noise). `real_rate` is the share of calibration's real images that score at least this high (a conformal p-value,
    0..1); `generated_rate` the share of its generated images that score at most this low.
    """

    level: PixelLevel
    probability: float | None
    model: ModelInfo
    reason: UnclearReason | None = None
    real_rate: float | None = None
    generated_rate: float | None = None
    proximity: float | None = None  # mean over the crops
    jpeg_quality: float | None = None  # estimated from the pixels, 0..100
    crops: tuple[CropScore, ...] = ()
    timing_ms: dict[str, float] = field(default_factory=dict[str, float])
    # Where, and whose. `regions` lists the places that are hot beside the rest of the image, the most striking first.
    heat: HeatGrid | None = field(default=None, compare=False, repr=False)
    regions: tuple[Region, ...] = ()
    traits: Traits | None = field(default=None, compare=False, repr=False)  # None where the graph gives none
    # What each branch adds to the score's log-odds, against calibration's mean: `fine` the crops, `whole` the views.
    cues: dict[str, float] = field(default_factory=dict[str, float])
    statistics: dict[str, float] = field(default_factory=dict[str, float])  # detection.statistics, side information
