"""`naturaltrace-model quantise`: the int8 graph beside the fp32 one, and whether it may take its place."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection import card as cards
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.result import PixelLevel
from naturaltrace.detection.session import CropSession
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.errors import ImagingError
from naturaltrace.imaging.prepared import Prepared, prepare
from naturaltrace.imaging.views import VIEW
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.data.statistics import drawn, scaled
from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.export.quantise import to_int8

CARD = "card-int8.json"
# It takes the place only where nobody would notice but by the clock (docs/decisions/0012): what one notices is another
# level, not a third decimal. Yardstick: pictures saved once more as JPEG of quality 95; 1.5 % of them change level.
MOST_CHANGED = 0.03  # of the images get another level
MOST_STEPS = 1  # along no_sign, unclear, likely_ai, ai
MOST_MEAN_SHIFT = 0.01  # of probability; what saving once more makes
MOST_LOSS = 0.005  # of AUC
LEAST_SPEED = 1.15  # times as fast
_LEVELS = (PixelLevel.NO_SIGN, PixelLevel.UNCLEAR, PixelLevel.LIKELY_AI, PixelLevel.AI)
_REPEATS = 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """The int8 graph against the fp32 one on the same images, on one thread."""

    images: int
    greatest_shift: float  # of probability
    shift_95: float  # that 95 % of the images stay below
    mean_shift: float
    auc_fp32: float
    auc_int8: float
    verdicts_changed: int
    most_steps: int  # by which one of them changed
    speed: float  # fp32 time / int8 time, of the graph alone
    bytes_fp32: int
    bytes_int8: int

    @property
    def holds(self) -> bool:
        return (
            self.verdicts_changed <= MOST_CHANGED * self.images
            and self.most_steps <= MOST_STEPS
            and self.mean_shift <= MOST_MEAN_SHIFT
            and self.auc_fp32 - self.auc_int8 <= MOST_LOSS
        )

    @property
    def helps(self) -> bool:
        return self.speed >= LEAST_SPEED

    def table(self) -> str:
        """As Markdown, with the verdict on it."""
        verdict = "takes the place" if self.holds and self.helps else "stays out"
        return "\n".join(
            (
                "| int8 against fp32 | |",
                "|---|---|",
                f"| images | {self.images} |",
                f"| levels changed / by most steps | {self.verdicts_changed} / {self.most_steps} |",
                f"| mean / 95 % / greatest shift of probability | "
                f"{self.mean_shift:.4f} / {self.shift_95:.4f} / {self.greatest_shift:.4f} |",
                f"| AUC fp32 / int8 | {self.auc_fp32:.4f} / {self.auc_int8:.4f} |",
                f"| speed of the graph, fp32 = 1 | {self.speed:.2f} |",
                f"| megabytes fp32 / int8 | {self.bytes_fp32 / 1e6:.2f} / {self.bytes_int8 / 1e6:.2f} |",
                f"\nint8 {verdict}: at most {MOST_CHANGED:.0%} of levels may change, by {MOST_STEPS} step, mean shift "
                f"at most {MOST_MEAN_SHIFT}, AUC loss at most {MOST_LOSS}, at least {LEAST_SPEED} times as fast.",
            )
        )


def quantise(
    card: cards.Card, crops: NDArray[np.uint8], views: NDArray[np.uint8], samples: Sequence[Sample], out: Path
) -> Comparison:
    """Write the int8 graph and `card-int8.json` into `out`, measured against the fp32 card on `samples`."""
    content = to_int8(card.graph.read_bytes(), crops, views)
    out.mkdir(parents=True, exist_ok=True)
    file = f"{card.name}-{card.version}-int8.onnx"
    (out / file).write_bytes(content)
    facts = {"file": file, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "precision": "int8"}
    (out / CARD).write_text(json.dumps(card.raw | {"graph": facts}, indent=1) + "\n", encoding="utf-8")
    return compare(card, cards.read(out / CARD), samples)


def some_crops(shard: Path, views: Path, count: int = 256) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """`count` crops of a training shard and a quarter as many views, evenly over both, to measure ranges on."""
    crops, squares = drawn(shard, "crops.npy"), drawn(views, "views.npy")
    return (
        crops[np.linspace(0, len(crops) - 1, num=min(count, len(crops))).astype(np.int64)],
        scaled(
            squares[np.linspace(0, len(squares) - 1, num=min(max(1, count // 4), len(squares))).astype(np.int64)], VIEW
        ),
    )


def compare(wide: cards.Card, small: cards.Card, samples: Sequence[Sample]) -> Comparison:
    """Both cards on the same images, in turn, so that a busy machine slows both."""
    detectors = [Detector(card, threads=1) for card in (wide, small)]
    sessions = [CropSession(card, 1) for card in (wide, small)]
    took = [0.0, 0.0]
    labels: list[int] = []
    chances: list[tuple[float, float]] = []
    steps: list[int] = []
    for sample, image in _prepared(samples):
        one, other = (detector.detect_prepared([image])[0] for detector in detectors)
        if one.probability is None or other.probability is None or image.crops is None:
            continue
        for i, seconds in enumerate(_quickest(sessions, image.crops.pixels, image.views)):
            took[i] += seconds
        labels.append(sample.label)
        chances.append((one.probability, other.probability))
        steps.append(abs(_LEVELS.index(one.level) - _LEVELS.index(other.level)))
    y, p = np.array(labels), np.array(chances)
    shift = np.abs(p[:, 0] - p[:, 1])
    return Comparison(
        images=len(y),
        greatest_shift=float(shift.max()),
        shift_95=float(np.quantile(shift, 0.95)),
        mean_shift=float(shift.mean()),
        auc_fp32=auc(y, p[:, 0]),
        auc_int8=auc(y, p[:, 1]),
        verdicts_changed=sum(s > 0 for s in steps),
        most_steps=max(steps),
        speed=took[0] / took[1],
        bytes_fp32=len(wide.graph.read_bytes()),
        bytes_int8=len(small.graph.read_bytes()),
    )


def _quickest(sessions: Sequence[CropSession], crops: NDArray[np.uint8], views: NDArray[np.uint8]) -> list[float]:
    """Seconds of the processor for each, taking turns."""
    best = [float("inf")] * len(sessions)
    for _ in range(_REPEATS):
        for i, session in enumerate(sessions):
            started = time.process_time()
            session.run(crops, views)
            best[i] = min(best[i], time.process_time() - started)
    return best


def _prepared(samples: Sequence[Sample]) -> Iterator[tuple[Sample, Prepared]]:
    for sample in samples:
        try:
            yield sample, prepare(decode(sample.path.read_bytes()))
        except (ImagingError, OSError):
            continue
