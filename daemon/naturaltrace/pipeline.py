"""The one way an image travels: bytes → DecodedImage → (Provenance, Detection) → Verdict. No stage reaches back."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Protocol

from naturaltrace.detection.result import Detection, ModelInfo
from naturaltrace.imaging.decode import DEFAULT_LIMITS, DecodeLimits
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.prepared import Prepared
from naturaltrace.provenance.findings import Provenance
from naturaltrace.sandbox.reading import Reading
from naturaltrace.verdicts.verdict import ImageFacts, Verdict


class DetectorLike(Protocol):
    @property
    def model(self) -> ModelInfo: ...

    def detect_prepared(self, images: Sequence[Prepared]) -> list[Detection]: ...


class Reader(Protocol):
    """Turns a file's bytes into what a detector needs. Safe for several threads. `read` raises ImagingError."""

    def read(self, data: bytes, *, pixels_only: bool = False, thumbnail: bool = False) -> Reading: ...

    def start(self) -> None: ...

    def end_idle(self) -> None: ...

    def close(self, *, now: bool = True) -> None: ...


class Judge(Protocol):
    def __call__(
        self,
        image: DecodedImage | ImageFacts,
        provenance: Provenance | None,
        detection: Detection | None,
        *,
        language: str = "en",
    ) -> Verdict: ...


class Enrich(Protocol):
    """Adds reasons, regions and resemblances to a verdict (`evidence.adviser`)."""

    def __call__(
        self, verdict: Verdict, provenance: Provenance | None, detection: Detection | None, *, language: str = "en"
    ) -> Verdict: ...


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found out about one image, before it is put into words; small enough to keep."""

    image: ImageFacts
    provenance: Provenance | None
    detection: Detection
    timing_ms: dict[str, float]
    thumbnail: bytes | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All that turns bytes into a verdict. `read` is safe for several threads; of the rest one call at a time."""

    detector: DetectorLike
    reader: Reader
    judge: Judge
    limits: DecodeLimits = DEFAULT_LIMITS
    enrich: Enrich | None = None

    @classmethod
    def released(
        cls, data_dir: Path | None = None, *, device: str = "auto", precision: str | None = None, serve: bool = False
    ) -> "Pipeline":
        """The pipeline around the detector that is shipped with this version.

        `data_dir` is where the user may have put a trust list of their own (without it the bundled one counts), and
        where what was measured about this machine is kept. `device` is one of `detection.devices.available()` or
        "auto"; `precision` one of `runtime.wanted.PRECISIONS`, of which "auto" takes the graph in eight bits only where
        a companion with this data folder measured that it is quicker; None is the profile's setting. `serve` is for a
        program that stays: it has a process ready to read files.

        Raises CardError when the detector is missing or damaged.
        """
        # Imported here: onnxruntime takes a moment, and `naturaltrace pair` doesn't need it.
        from naturaltrace.detection.detector import Detector
        from naturaltrace.evidence.adviser import Adviser
        from naturaltrace.sandbox.pool import ReaderPool
        from naturaltrace.storage.paths import DataFolder
        from naturaltrace.storage.settings import DEFAULTS, peek
        from naturaltrace.verdicts.fusion import judge

        # Files are read elsewhere: in a process that can do no harm, which is only started when there is one to read.
        pool = ReaderPool(data_dir)
        if serve:
            threading.Thread(target=_start, args=[pool], name="start a reader", daemon=True).start()
        if precision is None:
            precision = (DEFAULTS if data_dir is None else peek(DataFolder.at(data_dir).settings)).precision
        detector = Detector.released(device=device, kept=data_dir, precision=precision)
        part = None if detector.localiser is None else detector.localiser.card.part
        return cls(detector, pool, judge, enrich=Adviser.for_profile(detector.card, data_dir, part))

    @property
    def model(self) -> ModelInfo:
        return self.detector.model

    def check(self, data: bytes, *, pixels_only: bool = False, language: str = "en") -> Verdict:
        """Judge one image file: `examine`, then `tell`. Raises ImagingError."""
        return self.tell(self.examine(data, pixels_only=pixels_only), language=language)

    def examine(self, data: bytes, *, pixels_only: bool = False, thumbnail: bool = False) -> Findings:
        """Find out all about one image file: `read`, then `detect`.

        `pixels_only` leaves provenance out, which is how the detector itself is measured. Raises ImagingError.
        """
        return self.detect([self.read(data, pixels_only=pixels_only, thumbnail=thumbnail)])[0]

    def read(self, data: bytes, *, pixels_only: bool = False, thumbnail: bool = False) -> Reading:
        """The first half, which other images may go through at the same time. Raises ImagingError."""
        start = perf_counter()
        reading = self.reader.read(data, pixels_only=pixels_only, thumbnail=thumbnail)
        return replace(reading, timing_ms={**reading.timing_ms, "read": (perf_counter() - start) * 1000.0})

    def detect(self, readings: Sequence[Reading]) -> list[Findings]:
        """The second half, for several images in one run of the detector; one answer each, in order."""
        start = perf_counter()
        detections = self.detector.detect_prepared([r.prepared for r in readings])
        took = (perf_counter() - start) * 1000.0
        return [
            Findings(
                _facts(r.prepared),
                r.provenance,
                detection,
                _with_total({**r.timing_ms, **detection.timing_ms, "detect": took}),
                r.thumbnail,
            )
            for r, detection in zip(readings, detections, strict=True)
        ]

    def tell(self, found: Findings, *, language: str = "en", cached: bool = False) -> Verdict:
        """Put findings into a verdict's words: the quick part. `language` is a language tag."""
        start = perf_counter()
        verdict = self.judge(found.image, found.provenance, found.detection, language=language)
        if self.enrich is not None:
            verdict = self.enrich(verdict, found.provenance, found.detection, language=language)
        timing = {} if cached else found.timing_ms
        judging = (perf_counter() - start) * 1000.0
        total = timing.get("total", 0.0) + judging
        return replace(verdict, timing_ms={**timing, "judge": judging, "total": total}, cached=cached)


def _facts(image: Prepared) -> ImageFacts:
    return ImageFacts(image.width, image.height, image.format, image.byte_count, image.sha256)


def _start(reader: Reader) -> None:
    with suppress(Exception):  # the first file will meet the same, and say so
        reader.start()


def _with_total(timing_ms: dict[str, float]) -> dict[str, float]:
    """`read` holds decode, provenance and prepare; `detect` holds inference and heatmap."""
    return {**timing_ms, "total": timing_ms.get("read", 0.0) + timing_ms.get("detect", 0.0)}
