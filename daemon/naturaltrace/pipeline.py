"""The one way an image travels: bytes → DecodedImage → (Provenance, Detection) → Verdict. No stage reaches back."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Protocol

from naturaltrace.detection.result import Detection, ModelInfo
from naturaltrace.imaging.decode import DEFAULT_LIMITS, DecodeLimits, decode
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.thumbnail import make_thumbnail
from naturaltrace.provenance.findings import Provenance
from naturaltrace.verdicts.verdict import ImageFacts, Verdict


class DetectorLike(Protocol):
    @property
    def model(self) -> ModelInfo: ...

    def detect(self, image: DecodedImage) -> Detection: ...


class Judge(Protocol):
    def __call__(
        self,
        image: DecodedImage | ImageFacts,
        provenance: Provenance | None,
        detection: Detection | None,
        *,
        language: str = "en",
    ) -> Verdict: ...


class Abandoned(Exception):  # noqa: N818 (nothing went wrong)
    """Nobody waits for this verdict any more."""


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
    """All that turns bytes into a verdict. Synchronous; one caller at a time."""

    detector: DetectorLike
    read_provenance: Callable[[bytes, DecodedImage], Provenance]
    judge: Judge
    limits: DecodeLimits = DEFAULT_LIMITS

    @classmethod
    def released(cls, data_dir: Path | None = None) -> "Pipeline":
        """The pipeline around the detector that is shipped with this version.

        `data_dir` is where the user may have put a trust list of their own; without it the bundled one counts.
        """
        # Imported here: onnxruntime and c2pa take a moment, and `naturaltrace pair` needs neither.
        from naturaltrace.detection.detector import Detector
        from naturaltrace.provenance import trust
        from naturaltrace.provenance.reader import read_provenance
        from naturaltrace.verdicts.fusion import judge

        believed = trust.Believed(data_dir)

        def read(data: bytes, image: DecodedImage) -> Provenance:
            return read_provenance(data, image.format, trust=believed.now(), pixels=image.pixels)

        return cls(Detector.released(), read, judge)

    @property
    def model(self) -> ModelInfo:
        return self.detector.model

    def check(self, data: bytes, *, pixels_only: bool = False, language: str = "en") -> Verdict:
        """Judge one image file: `examine`, then `tell`. Raises ImagingError."""
        return self.tell(self.examine(data, pixels_only=pixels_only), language=language)

    def examine(
        self,
        data: bytes,
        *,
        pixels_only: bool = False,
        thumbnail: bool = False,
        abandoned: threading.Event | None = None,
    ) -> Findings:
        """Find out all about one image file: the slow part.

        `pixels_only` leaves provenance out, which is how the detector itself is measured. `abandoned` is looked at
        between the stages.

        Raises:
            ImagingError: the bytes are no image that can be judged.
            Abandoned: `abandoned` was set.
        """
        clock = _Clock(abandoned)
        image = decode(data, limits=self.limits)
        clock.lap("decode")
        provenance = None
        if not pixels_only:
            provenance = self._provenance(data, image)
            clock.lap("provenance")
        detection = self.detector.detect(image)
        clock.lap("detect")
        small = make_thumbnail(image) if thumbnail else None
        facts = ImageFacts(image.width, image.height, image.format, image.byte_count, image.sha256)
        return Findings(facts, provenance, detection, {**detection.timing_ms, **clock.done()}, small)

    def tell(self, found: Findings, *, language: str = "en", cached: bool = False) -> Verdict:
        """Put findings into a verdict's words: the quick part. `language` is a language tag."""
        start = perf_counter()
        verdict = self.judge(found.image, found.provenance, found.detection, language=language)
        timing = {} if cached else found.timing_ms
        judging = (perf_counter() - start) * 1000.0
        total = timing.get("total", 0.0) + judging
        return replace(verdict, timing_ms={**timing, "judge": judging, "total": total}, cached=cached)

    def _provenance(self, data: bytes, image: DecodedImage) -> Provenance:
        try:
            return self.read_provenance(data, image)
        except Exception as error:
            # Metadata is written by anyone. Whatever it does to a reader, the pixels can still be judged.
            return Provenance(problems=(f"The file's metadata could not be read ({type(error).__name__}).",))


class _Clock:
    """Milliseconds per stage."""

    def __init__(self, abandoned: threading.Event | None) -> None:
        self._abandoned = abandoned
        self._start = self._last = perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = perf_counter()
        self._laps[stage] = (now - self._last) * 1000.0
        self._last = now
        if self._abandoned is not None and self._abandoned.is_set():
            raise Abandoned

    def done(self) -> dict[str, float]:
        return {**self._laps, "total": (perf_counter() - self._start) * 1000.0}
