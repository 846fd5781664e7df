"""A pipeline whose detector is a few lines, for tests of what lies around it. Its score is the image's mean red."""

import threading

from naturaltrace.detection.result import Detection, ModelInfo, PixelLevel
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.pipeline import Pipeline
from naturaltrace.provenance.findings import Provenance
from naturaltrace.verdicts.verdict import Basis, Evidence, ImageFacts, Level, Verdict


class StandInDetector:
    """`hold` keeps it inside `detect` until it is set; `entered` says that it is there."""

    def __init__(self) -> None:
        self.model = ModelInfo("stand-in", "1")
        self.hold = threading.Event()
        self.hold.set()
        self.entered = threading.Event()
        self.seen: list[str] = []

    def detect(self, image: DecodedImage) -> Detection:
        self.seen.append(image.sha256)
        self.entered.set()
        if not self.hold.wait(30):
            raise TimeoutError("the test never let go")
        red = float(image.pixels[..., 0].mean()) / 255.0
        level = PixelLevel.LIKELY_AI if red > 0.5 else PixelLevel.NO_SIGN
        return Detection(level=level, probability=red, model=self.model)


def read_nothing(data: bytes, image: DecodedImage) -> Provenance:
    return Provenance()


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
    return Pipeline(detector or StandInDetector(), read_nothing, judge)
