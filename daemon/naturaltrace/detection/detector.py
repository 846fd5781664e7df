"""One image's pixels in, one Detection out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection import aggregate, gates
from naturaltrace.detection.card import Card, released
from naturaltrace.detection.result import CropScore, Detection, ModelInfo, PixelLevel, UnclearReason
from naturaltrace.detection.session import CropOutputs, CropSession
from naturaltrace.imaging.crops import CROP, Crops, choose_crops
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.views import square_views


@dataclass(frozen=True, slots=True)
class _Ready:
    """An image that may be judged, and what the graph is shown of it."""

    crops: Crops
    views: NDArray[np.uint8]


class Detector:
    """The natural-trace detector of one card. Not for two threads at once."""

    def __init__(self, card: Card, threads: int | None = None) -> None:
        self.card = card
        self._session = CropSession(card, threads)

    @staticmethod
    def released(threads: int | None = None) -> "Detector":
        """The bundled detector. Raises CardError when it is missing or damaged."""
        return Detector(released(), threads)

    @property
    def model(self) -> ModelInfo:
        return ModelInfo(self.card.name, self.card.version)

    def detect(self, image: DecodedImage) -> Detection:
        return self.detect_many([image])[0]

    def detect_many(self, images: Sequence[DecodedImage]) -> list[Detection]:
        """One Detection per image, in order; all their crops go through the graph together."""
        started = time.perf_counter()
        prepared = [self._prepare(image) for image in images]
        cropped = time.perf_counter()
        ready = [p for p in prepared if isinstance(p, _Ready)]
        judged = iter(self._run(ready))
        timing = {"crops": (cropped - started) * 1000, "inference": (time.perf_counter() - cropped) * 1000}
        return [
            self._conclude(each.crops, *next(judged), timing)
            if isinstance(each, _Ready)
            else Detection(PixelLevel.UNCLEAR, None, self.model, each, timing_ms=timing)
            for each in prepared
        ]

    def measure(self, image: DecodedImage) -> "tuple[CropOutputs, NDArray[np.float32]] | None":
        """The graph's own outputs for one image, which calibration is fitted to; None where the gates decline."""
        ready = self._prepare(image)
        return self._run([ready])[0] if isinstance(ready, _Ready) else None

    def _prepare(self, image: DecodedImage) -> _Ready | UnclearReason:
        if min(image.width, image.height) < max(CROP, self.card.limits.short_side):
            return UnclearReason.TOO_SMALL
        try:
            crops = choose_crops(image.pixels)
        except ValueError:  # a strip so long that its working view is thinner than a crop
            return UnclearReason.TOO_SMALL
        if gates.texture(crops.pixels) < self.card.limits.texture:
            return UnclearReason.FLAT
        if gates.is_noise(crops.pixels):
            return UnclearReason.NOISE
        return _Ready(crops, square_views(image.pixels))

    def _run(self, ready: Sequence[_Ready]) -> list[tuple[CropOutputs, NDArray[np.float32]]]:
        """One run of the graph for all images; each image's own rows."""
        if not ready:
            return []
        outputs, logits = self._session.run(
            np.concatenate([r.crops.pixels for r in ready]), np.concatenate([r.views for r in ready])
        )
        found: list[tuple[CropOutputs, NDArray[np.float32]]] = []
        crop = view = 0
        for each in ready:
            crops, views = len(each.crops.pixels), len(each.views)
            found.append((outputs.rows(crop, crop + crops), logits[view : view + views]))
            crop, view = crop + crops, view + views
        return found

    def _conclude(
        self, crops: Crops, rows: CropOutputs, views: NDArray[np.float32], timing: dict[str, float]
    ) -> Detection:
        values = aggregate.features(rows, views)
        quality = aggregate.quality(rows)
        proximity = float(rows.proximity.mean())
        result = aggregate.calibrate(
            aggregate.score(values, self.card.aggregation), aggregate.bin_of(self.card, quality)
        )
        level, reason = result.level, None
        if quality < self.card.limits.quality:
            level, reason = PixelLevel.UNCLEAR, UnclearReason.TOO_DEGRADED
        elif proximity < self.card.limits.proximity:
            level, reason = PixelLevel.UNCLEAR, UnclearReason.UNLIKE_CALIBRATION
        elif level is PixelLevel.UNCLEAR:
            reason = UnclearReason.BETWEEN
        return Detection(
            level=level,
            probability=result.probability,
            model=self.model,
            reason=reason,
            real_rate=result.real_rate,
            generated_rate=result.generated_rate,
            proximity=proximity,
            jpeg_quality=float(np.clip(quality * 100, 0, 100)),
            crops=_scores(crops, rows),
            timing_ms=timing,
        )


def _scores(crops: Crops, rows: CropOutputs) -> tuple[CropScore, ...]:
    boxes: NDArray[np.int64] = np.round(crops.boxes / crops.scale).astype(np.int64)
    size = round(CROP / crops.scale)
    return tuple(
        CropScore(int(x), int(y), size, float(logit), float(near))
        for (x, y), logit, near in zip(boxes, rows.logit, rows.proximity, strict=True)
    )
