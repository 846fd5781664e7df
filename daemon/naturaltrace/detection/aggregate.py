"""From crops to one image: features, score, calibrated probability, conformal rates, level.

Serving and calibration both go through this file, so that a card's figures are those of the code that uses it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.card import Aggregation, Card, QualityBin
from naturaltrace.detection.quantiles import share_from, share_up_to
from naturaltrace.detection.result import PixelLevel
from naturaltrace.detection.session import CropOutputs

# Size and quality are no evidence: in any collection they tell the sources apart, and with them the classes. They only
# choose the calibration bin.
FEATURES = ("mean", "top", "bottom", "spread", "proximity", "view")


def features(outputs: CropOutputs, view_logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """One value per name in `FEATURES`: the crops' mean logit, the means of their highest and lowest third, their
    deviation and mean proximity; and the views' mean logit."""
    logits = np.sort(outputs.logit.astype(np.float64))
    third = max(1, len(logits) // 3)
    return np.array(
        [
            logits.mean(),
            logits[-third:].mean(),
            logits[:third].mean(),
            logits.std(),
            float(outputs.proximity.mean()),
            float(view_logits.mean()),
        ]
    )


def quality(outputs: CropOutputs) -> float:
    """The image's estimated JPEG quality / 100: the mean over its crops."""
    return float(outputs.quality[:, 0].mean())


def score(values: NDArray[np.float64], aggregation: Aggregation) -> float:
    """Uncalibrated log-odds that the image is generated."""
    means, deviations = np.array(aggregation.means), np.array(aggregation.deviations)
    # Beyond what calibration saw, a feature says no more than its most extreme seen value.
    standard = np.clip((values - means) / deviations, -4.0, 4.0)
    return float(standard @ np.array(aggregation.weights) + aggregation.bias)


def cues(values: NDArray[np.float64], aggregation: Aggregation) -> dict[str, float]:
    """The score in two parts, without its bias: what the crops (`fine`) and what the views (`whole`) add to it."""
    standard = np.clip((values - np.array(aggregation.means)) / np.array(aggregation.deviations), -4.0, 4.0)
    parts = standard * np.array(aggregation.weights)
    views = np.array([name.startswith("view") for name in aggregation.features])
    return {"fine": float(parts[~views].sum()), "whole": float(parts[views].sum())}


def bin_of(card: Card, estimate: float) -> QualityBin:
    """The calibration bin of an estimated quality; the first and the last also take what lies outside."""
    for each in card.bins:
        if estimate < each.high:
            return each
    return card.bins[-1]


@dataclass(frozen=True, slots=True)
class Calibrated:
    probability: float
    real_rate: float
    generated_rate: float
    level: PixelLevel


def calibrate(value: float, own: QualityBin) -> Calibrated:
    """What a score means among calibration's images of like quality."""
    return Calibrated(
        probability=1 / (1 + math.exp(-max(-30.0, min(30.0, own.slope * value + own.intercept)))),
        real_rate=_rate(1 - share_up_to(value, own.real_scores), own.real_count),
        generated_rate=_rate(1 - share_from(value, own.generated_scores), own.generated_count),
        level=_level(value, own),
    )


def _level(value: float, own: QualityBin) -> PixelLevel:
    if own.ai is not None and value >= own.ai:
        return PixelLevel.AI
    if own.likely_ai is not None and value >= own.likely_ai:
        return PixelLevel.LIKELY_AI
    if own.no_sign is not None and value <= own.no_sign:
        return PixelLevel.NO_SIGN
    return PixelLevel.UNCLEAR


def _rate(share: float, count: int) -> float:
    """The conformal p-value (1 + those beyond a score) / (1 + count), of their share by the stored quantiles."""
    return (1 + share * count) / (1 + count)
