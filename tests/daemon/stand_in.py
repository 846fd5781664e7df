"""A pipeline whose detector is a few lines, for tests of what lies around it. Its score is the image's mean red."""

import threading
from collections.abc import Callable, Sequence

from naturaltrace.detection.result import Detection, ModelInfo, PixelLevel
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.prepared import Prepared, prepare
from naturaltrace.imaging.thumbnail import make_thumbnail
from naturaltrace.pipeline import Pipeline
from naturaltrace.provenance.findings import Provenance
from naturaltrace.provenance.trust import TrustList
from naturaltrace.sandbox.inside import read
from naturaltrace.sandbox.reading import Reading
from naturaltrace.verdicts.verdict import Basis, Evidence, ImageFacts, Level, Verdict


class StandInDetector:
    """`hold` keeps it inside `detect` until it is set; `entered` says that it is there."""

    def __init__(self) -> None:
        self.model = ModelInfo("stand-in", "1")
        self.hold = threading.Event()
        self.hold.set()
        self.entered = threading.Event()
        self.seen: list[str] = []
        self.runs: list[int] = []  # how many images each run judged

    def detect_prepared(self, images: Sequence[Prepared]) -> list[Detection]:
        self.seen += [image.sha256 for image in images]
        self.runs.append(len(images))
        self.entered.set()
        if not self.hold.wait(30):
            raise TimeoutError("the test never let go")
        return [self._one(image) for image in images]

    def _one(self, image: Prepared) -> Detection:
        red = float(image.views[..., 0].mean()) / 255.0
        level = PixelLevel.LIKELY_AI if red > 0.48 else PixelLevel.NO_SIGN
        return Detection(level=level, probability=red, model=self.model)


class StandInReader:
    """Reads files here and now, in this process; without `believed`, none says anything of itself."""

    def __init__(self, believed: Callable[[], TrustList] | None = None) -> None:
        self._believed = believed

    def read(self, data: bytes, *, pixels_only: bool = False, thumbnail: bool = False) -> Reading:
        if self._believed is not None:
            return read(data, trust=self._believed(), pixels_only=pixels_only, thumbnail=thumbnail)
        image = decode(data)
        small = make_thumbnail(image) if thumbnail else None
        nothing = None if pixels_only else Provenance()
        return Reading(prepare(image), nothing, small, {"decode": 0.1, "provenance": 0.1})

    def start(self) -> None:
        pass

    def end_idle(self) -> None:
        pass

    def close(self, *, now: bool = True) -> None:
        pass


def judge(
    image: DecodedImage | ImageFacts,
    provenance: Provenance | None,
    detection: Detection | None,
    *,
    language: str = "en",
) -> Verdict:
    assert detection is not None
    return Verdict(
        level=Level(detection.level.value),
        label=detection.level.value,
        summary=f"A stand-in's verdict, in {language}.",
        probability=detection.probability,
        basis=Basis.PIXELS,
        evidence=(Evidence("pixels", 0.0, 0.0, "with metadata" if provenance is not None else "pixels only"),),
        generators=(),
        image=ImageFacts(image.width, image.height, image.format, image.byte_count, image.sha256),
        model=detection.model,
    )


def stand_in(detector: StandInDetector | None = None) -> Pipeline:
    return Pipeline(detector or StandInDetector(), StandInReader(), judge)
