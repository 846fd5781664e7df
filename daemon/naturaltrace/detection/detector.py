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


@dataclass(frozen=True, slots=True)
class _Prepared:
    crops: Crops | None
    reason: UnclearReason | None


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
        chosen = [p.crops.pixels for p in prepared if p.crops is not None and p.reason is None]
        outputs = self._session.run(np.concatenate(chosen)) if chosen else None
        timing = {"crops": (cropped - started) * 1000, "inference": (time.perf_counter() - cropped) * 1000}
        found: list[Detection] = []
        offset = 0
        for image, each in zip(images, prepared, strict=True):
            if each.crops is None or each.reason is not None or outputs is None:
                found.append(Detection(PixelLevel.UNCLEAR, None, self.model, each.reason, timing_ms=timing))
                continue
            count = len(each.crops.pixels)
            rows = outputs.rows(offset, offset + count)
            found.append(self._conclude(image, each.crops, rows, timing))
            offset += count
        return found

    def _prepare(self, image: DecodedImage) -> _Prepared:
        if min(image.width, image.height) < max(CROP, self.card.limits.short_side):
            return _Prepared(None, UnclearReason.TOO_SMALL)
        try:
            crops = choose_crops(image.pixels)
        except ValueError:  # a strip so long that its working view is thinner than a crop
            return _Prepared(None, UnclearReason.TOO_SMALL)
        if gates.texture(crops.pixels) < self.card.limits.texture:
            return _Prepared(crops, UnclearReason.FLAT)
        if gates.is_noise(crops.pixels):
            return _Prepared(crops, UnclearReason.NOISE)
        return _Prepared(crops, None)

    def _conclude(self, image: DecodedImage, crops: Crops, rows: CropOutputs, timing: dict[str, float]) -> Detection:
        values = aggregate.features(rows)
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
