"""`naturaltrace-model quantise`: the int8 graph beside the fp32 one, and whether it may take its place."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection import card as cards
from naturaltrace.detection.detector import Detector
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.errors import ImagingError
from naturaltrace.imaging.views import VIEW
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.data.statistics import drawn, scaled
from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.export.quantise import to_int8

CARD = "card-int8.json"
# It takes the place only where nobody would notice but by the clock.
MOST_SHIFT = 0.05  # of any image's probability
MOST_LOSS = 0.005  # of AUC
LEAST_SPEED = 1.15  # times as fast


@dataclass(frozen=True, slots=True)
class Comparison:
    """The int8 graph against the fp32 one on the same images, on one thread."""

    images: int
    greatest_shift: float  # of probability
    mean_shift: float
    auc_fp32: float
    auc_int8: float
    verdicts_changed: int
    speed: float  # fp32 time / int8 time, of the graph alone
    bytes_fp32: int
    bytes_int8: int

    @property
    def holds(self) -> bool:
        return self.greatest_shift <= MOST_SHIFT and self.auc_fp32 - self.auc_int8 <= MOST_LOSS

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
                f"| greatest / mean shift of probability | {self.greatest_shift:.4f} / {self.mean_shift:.4f} |",
                f"| AUC fp32 / int8 | {self.auc_fp32:.4f} / {self.auc_int8:.4f} |",
                f"| verdicts changed | {self.verdicts_changed} |",
                f"| speed, fp32 = 1 | {self.speed:.2f} |",
                f"| megabytes fp32 / int8 | {self.bytes_fp32 / 1e6:.2f} / {self.bytes_int8 / 1e6:.2f} |",
                f"\nint8 {verdict}: shift at most {MOST_SHIFT}, AUC loss at most {MOST_LOSS}, "
                f"at least {LEAST_SPEED} times as fast.",
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
    """Both cards on the same decoded images, in turn, so that a busy machine slows both."""
    detectors = [Detector(wide, threads=1), Detector(small, threads=1)]
    took = [0.0, 0.0]
    labels: list[int] = []
    chances: list[tuple[float, float]] = []
    changed = 0
    for sample, image in _decoded(samples):
        found = [detector.detect(image) for detector in detectors]
        if found[0].probability is None or found[1].probability is None:
            continue
        for i in (0, 1):
            started = time.process_time()
            detectors[i].measure(image)
            took[i] += time.process_time() - started
        labels.append(sample.label)
        chances.append((found[0].probability, found[1].probability))
        changed += found[0].level is not found[1].level
    y, p = np.array(labels), np.array(chances)
    shift = np.abs(p[:, 0] - p[:, 1])
    return Comparison(
        images=len(y),
        greatest_shift=float(shift.max()),
        mean_shift=float(shift.mean()),
        auc_fp32=auc(y, p[:, 0]),
        auc_int8=auc(y, p[:, 1]),
        verdicts_changed=changed,
        speed=took[0] / took[1],
        bytes_fp32=len(wide.graph.read_bytes()),
        bytes_int8=len(small.graph.read_bytes()),
    )


def _decoded(samples: Sequence[Sample]) -> "list[tuple[Sample, DecodedImage]]":
    found: list[tuple[Sample, DecodedImage]] = []
    for sample in samples:
        try:
            found.append((sample, decode(sample.path.read_bytes())))
        except (ImagingError, OSError):
            continue
    return found
