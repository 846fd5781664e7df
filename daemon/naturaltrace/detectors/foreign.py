"""An added detector at work: graph and card together, in the place of the bundled one."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection import aggregate
from naturaltrace.detection.result import Detection, ModelInfo, PixelLevel, UnclearReason
from naturaltrace.detectors.card import ForeignCard
from naturaltrace.detectors.graph import Graph
from naturaltrace.detectors.reader import Whole, whole
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.prepared import Prepared

_SMALLEST = 32  # pixels of the shorter side, below which no whole-image detector has anything to go by


class ForeignDetector:
    """Not for two threads at once. Raises CardError where graph and card do not fit."""

    def __init__(self, folder: Path, card: ForeignCard, threads: int | None = None) -> None:
        self.card = card
        self._graph = Graph(folder / card.graph, card, threads)

    @property
    def model(self) -> ModelInfo:
        return ModelInfo(self.card.name, self.card.version)

    def detect_prepared(self, images: Sequence[Prepared]) -> list[Detection]:
        """One Detection per image, in order. The images must have been read by this detector's own reader."""
        started = time.perf_counter()
        pictures = [image.picture for image in images if isinstance(image, Whole)]
        if len(pictures) != len(images):
            raise TypeError("these images were prepared for another detector")
        scores = self._graph.scores(np.stack(pictures)) if pictures else np.zeros(0)
        timing = {"inference": (time.perf_counter() - started) * 1000}
        return [self._conclude(image, float(score), timing) for image, score in zip(images, scores, strict=True)]

    def scores(self, images: Sequence[DecodedImage]) -> NDArray[np.float64]:
        """Uncalibrated log-odds (N,)."""
        return self._graph.scores(np.stack([whole(image, self.card.input).picture for image in images]))

    def _conclude(self, image: Prepared, score: float, timing: dict[str, float]) -> Detection:
        if min(image.width, image.height) < _SMALLEST:
            return Detection(PixelLevel.UNCLEAR, None, self.model, UnclearReason.TOO_SMALL, timing_ms=timing)
        if self.card.measured:
            found = aggregate.calibrate(score, self.card.calibration)
            level, probability = found.level, found.probability
            real_rate, generated_rate = found.real_rate, found.generated_rate
        else:
            # The card's author gives thresholds alone: they allow a level, but no chance.
            level, probability = _level(score, self.card), None
            promised = {PixelLevel.AI: self.card.rates.ai, PixelLevel.LIKELY_AI: self.card.rates.likely_ai}
            real_rate = promised.get(level)
            generated_rate = self.card.rates.no_sign if level is PixelLevel.NO_SIGN else None
        return Detection(
            level=level,
            probability=probability,
            model=self.model,
            reason=UnclearReason.BETWEEN if level is PixelLevel.UNCLEAR else None,
            real_rate=real_rate,
            generated_rate=generated_rate,
            timing_ms=timing,
        )


def _level(score: float, card: ForeignCard) -> PixelLevel:
    own = card.calibration
    if own.ai is not None and score >= own.ai:
        return PixelLevel.AI
    if own.likely_ai is not None and score >= own.likely_ai:
        return PixelLevel.LIKELY_AI
    if own.no_sign is not None and score <= own.no_sign:
        return PixelLevel.NO_SIGN
    return PixelLevel.UNCLEAR
