"""One image's pixels in, one Detection out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection import aggregate, gates
from naturaltrace.detection import localiser as localisers
from naturaltrace.detection.card import Card, released
from naturaltrace.detection.heatmap import grid_of, heat_grid
from naturaltrace.detection.localiser import Localiser
from naturaltrace.detection.regions import find_regions
from naturaltrace.detection.result import CropScore, Detection, ModelInfo, PixelLevel, Traits, UnclearReason
from naturaltrace.detection.runtime.choice import Chosen
from naturaltrace.detection.runtime.devices import CPU
from naturaltrace.detection.runtime.wanted import FP32
from naturaltrace.detection.session import CropOutputs, CropSession, ViewOutputs
from naturaltrace.detection.statistics import statistics
from naturaltrace.detection.texture import texture
from naturaltrace.imaging.crops import CROP, Crops
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.prepared import Prepared, prepare


@dataclass(frozen=True, slots=True)
class _Ready:
    """An image that may be judged, and what the graph is shown of it."""

    crops: Crops
    views: NDArray[np.uint8]
    page: NDArray[np.uint8]
    shape: tuple[int, int]  # height, width of the image
    statistics: dict[str, float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the graph and the map say of one image."""

    crops: CropOutputs
    views: ViewOutputs
    detection: Detection


class Detector:
    """The natural-trace detector of one card. Not for two threads at once."""

    def __init__(
        self,
        card: Card,
        threads: int | None = None,
        *,
        device: str = CPU,
        kept: Path | None = None,
        precision: str = FP32,
        localiser: Localiser | None = None,
        session: CropSession | None = None,
    ) -> None:
        """`device`: "auto", "gpu" or one of `runtime.devices.available()`. For the rest see CropSession. Without a
        `localiser` the heat map is made of the detector's own maps; a `session` of another kind runs the network
        elsewhere."""
        self.card = card
        self.localiser = localiser
        self._session = session or CropSession(card, threads, device=device, kept=kept, precision=precision)

    @staticmethod
    def released(
        threads: int | None = None, *, device: str = CPU, kept: Path | None = None, precision: str = FP32
    ) -> "Detector":
        """The bundled detector with the bundled localiser, where there is one. Raises CardError when the detector is
        missing or damaged."""
        found = localisers.released(threads)
        return Detector(released(), threads, device=device, kept=kept, precision=precision, localiser=found)

    def tune(self) -> None:
        """Measure what serves best here, unless that is known (`CropSession.tune`)."""
        self._session.tune()

    def rest(self) -> None:
        """Give back the memory that runs took, where the runtime keeps any; the next one takes it anew."""
        rest = getattr(self.chosen.runtime, "rest", None)
        if rest is not None:
            rest()

    @property
    def chosen(self) -> Chosen:
        """Which graph runs, on what, how many crops are best judged at once, and which devices were tried in vain."""
        return self._session.chosen

    @property
    def model(self) -> ModelInfo:
        return ModelInfo(self.card.name, self.card.version)

    def detect(self, image: DecodedImage) -> Detection:
        return self.detect_many([image])[0]

    def detect_many(self, images: Sequence[DecodedImage]) -> list[Detection]:
        """One Detection per image, in order; all their crops go through the graph together."""
        return self.detect_prepared([prepare(image) for image in images])

    def detect_prepared(self, images: Sequence[Prepared]) -> list[Detection]:
        """The same for images whose crops and views were chosen elsewhere."""
        started = time.perf_counter()
        prepared = [self._prepare(image) for image in images]
        ready = [p for p in prepared if isinstance(p, _Ready)]
        judged = iter(self._run(ready))
        timing = {"inference": (time.perf_counter() - started) * 1000}
        return [
            self._conclude(each, *next(judged), timing)
            if isinstance(each, _Ready)
            else Detection(PixelLevel.UNCLEAR, None, self.model, each, timing_ms=timing)
            for each in prepared
        ]

    def measure(self, image: DecodedImage) -> "tuple[CropOutputs, NDArray[np.float32]] | None":
        """The graph's own outputs for one image, which calibration is fitted to; None where the gates decline."""
        ready = self._prepare(prepare(image))
        if not isinstance(ready, _Ready):
            return None
        rows, views = self._run([ready])[0]
        return rows, views.logit

    def explain(self, image: DecodedImage) -> Evidence | None:
        """The same with all evidence and the verdict of the pixels, which evidence is fitted to."""
        ready = self._prepare(prepare(image))
        if not isinstance(ready, _Ready):
            return None
        rows, views = self._run([ready])[0]
        return Evidence(rows, views, self._conclude(ready, rows, views, {}))

    def _prepare(self, image: Prepared) -> _Ready | UnclearReason:
        if min(image.width, image.height) < self.card.limits.short_side or image.crops is None:
            return UnclearReason.TOO_SMALL
        crops = image.crops
        if reason := gates.declined(crops.pixels, self.card.limits.texture):
            return reason
        return _Ready(crops, image.views, image.page, (image.height, image.width), statistics(image.views))

    def _run(self, ready: Sequence[_Ready]) -> list[tuple[CropOutputs, ViewOutputs]]:
        """One run of the graph for all images; each image's own rows."""
        if not ready:
            return []
        outputs, seen = self._session.run(_joined([r.crops.pixels for r in ready]), _joined([r.views for r in ready]))
        found: list[tuple[CropOutputs, ViewOutputs]] = []
        crop = view = 0
        for each in ready:
            crops, views = len(each.crops.pixels), len(each.views)
            found.append((outputs.rows(crop, crop + crops), seen.rows(view, view + views)))
            crop, view = crop + crops, view + views
        return found

    def _conclude(self, ready: _Ready, rows: CropOutputs, views: ViewOutputs, timing: dict[str, float]) -> Detection:
        started = time.perf_counter()
        if self.localiser is None:
            heat = heat_grid(ready.crops, rows, views, ready.shape)
        else:
            heat = grid_of(self.localiser.log_odds(ready.page))
        regions = find_regions(heat)
        timing = {**timing, "heatmap": (time.perf_counter() - started) * 1000}
        values = aggregate.features(rows, views.logit)
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
            crops=_scores(ready.crops, rows),
            timing_ms=timing,
            heat=heat,
            regions=regions,
            traits=_traits(rows, views),
            cues=aggregate.cues(values, self.card.aggregation),
            statistics=ready.statistics,
        )


def _joined(parts: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _scores(crops: Crops, rows: CropOutputs) -> tuple[CropScore, ...]:
    boxes: NDArray[np.int64] = np.round(crops.boxes / crops.scale).astype(np.int64)
    size = round(CROP / crops.scale)
    return tuple(
        CropScore(int(x), int(y), size, float(logit), float(near))
        for (x, y), logit, near in zip(boxes, rows.logit, rows.proximity, strict=True)
    )


def _traits(rows: CropOutputs, views: ViewOutputs) -> Traits | None:
    if views.embedding is None or views.family is None:
        return None
    return Traits(
        _unit(views.embedding.mean(0)), _unit(rows.embedding.mean(0)), views.family.mean(0), texture(rows, views)
    )


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return (vector / max(1e-6, float(np.linalg.norm(vector)))).astype(np.float32)
