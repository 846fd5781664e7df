"""`naturaltrace-model quantise`: the int8 graph beside the fp32 one, and whether a companion may run it.

The graph lies beside fp32's, with what it computes where every sum is exact (`selftest-int8.npz`) and, in the card, how
far each output may be off from that: a companion believes its own processor only within it.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection import card as cards
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.result import Detection, PixelLevel
from naturaltrace.detection.runtime import selftest
from naturaltrace.detection.runtime.base import TEXTURE
from naturaltrace.detection.runtime.devices import ort
from naturaltrace.detection.runtime.onnx_runtime import OnnxRuntime
from naturaltrace.detection.runtime.tuning import LEAST_SPEED
from naturaltrace.detection.runtime.wanted import INT8
from naturaltrace.detection.session import CropSession
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.errors import ImagingError
from naturaltrace.imaging.prepared import Prepared, prepare
from naturaltrace.imaging.views import VIEW
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.data.statistics import drawn, scaled
from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.export.quantise import to_int8

CARD = "card.json"
# It runs only where nobody would notice but by the clock (docs/decisions/0012): what one notices is another level, not
# a third decimal. Yardstick: pictures saved once more as JPEG of quality 95; 1.5 % of them change level.
MOST_CHANGED = 0.03  # of the images get another level
MOST_STEPS = 1  # along no_sign, unclear, likely_ai, ai
MOST_MEAN_SHIFT = 0.01  # of probability; what saving once more makes
MOST_LOSS = 0.005  # of AUC
LEAST_ALIKE = 0.98  # cosine of the embeddings that resemblances are told by, on average
MOST_BYTES = 12_000_000
# How far a machine's sums may take it off, as a share of what eight bits cost against fp32 (root mean squares).
# Machines that are all right differ too: a value on the edge between two steps falls to either side.
_LEAST_ROOM, _MOST_ROOM, _NOISE, _RELATIVE = 0.5, 1.0, 3.0, 0.02
_LEVELS = (PixelLevel.NO_SIGN, PixelLevel.UNCLEAR, PixelLevel.LIKELY_AI, PixelLevel.AI)
_REPEATS = 2


class WrongHere(Exception):  # noqa: N818 (it reads as what it says)
    """The machine that makes the release computes something else than exact sums; str(error) says what."""


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
    view_cosine: float = 1.0  # of the views' embeddings, on average
    crop_cosine: float = 1.0
    heat_shift: float = 0.0  # of a heat map's chance, on average

    @property
    def holds(self) -> bool:
        return (
            self.verdicts_changed <= MOST_CHANGED * self.images
            and self.most_steps <= MOST_STEPS
            and self.mean_shift <= MOST_MEAN_SHIFT
            and self.auc_fp32 - self.auc_int8 <= MOST_LOSS
            and min(self.view_cosine, self.crop_cosine) >= LEAST_ALIKE
            and self.bytes_int8 <= MOST_BYTES
        )

    @property
    def helps(self) -> bool:
        return self.speed >= LEAST_SPEED

    def table(self) -> str:
        """As Markdown, with the verdict on it."""
        verdict = "may run" if self.holds and self.helps else "stays out"
        return "\n".join(
            (
                "| int8 against fp32 | |",
                "|---|---|",
                f"| images | {self.images} |",
                f"| levels changed / by most steps | {self.verdicts_changed} / {self.most_steps} |",
                f"| mean / 95 % / greatest shift of probability | "
                f"{self.mean_shift:.4f} / {self.shift_95:.4f} / {self.greatest_shift:.4f} |",
                f"| AUC fp32 / int8 | {self.auc_fp32:.4f} / {self.auc_int8:.4f} |",
                f"| cosine of embeddings, views / crops | {self.view_cosine:.4f} / {self.crop_cosine:.4f} |",
                f"| mean shift of a heat map's chance | {self.heat_shift:.4f} |",
                f"| speed of the graph, fp32 = 1 | {self.speed:.2f} |",
                f"| megabytes fp32 / int8 | {self.bytes_fp32 / 1e6:.2f} / {self.bytes_int8 / 1e6:.2f} |",
                f"\nint8 {verdict}: at most {MOST_CHANGED:.0%} of levels may change, by {MOST_STEPS} step, mean shift "
                f"at most {MOST_MEAN_SHIFT}, AUC loss at most {MOST_LOSS}, embeddings alike to {LEAST_ALIKE}, at least "
                f"{LEAST_SPEED} times as fast, at most {MOST_BYTES / 1e6:.0f} MB.",
            )
        )


def quantise(
    card: cards.Card, crops: NDArray[np.uint8], views: NDArray[np.uint8], samples: Sequence[Sample], out: Path
) -> Comparison:
    """Write the int8 graph, its self-test and the card that names both into `out`, measured against fp32 on `samples`.

    In another folder than the card's own the fp32 graph and its self-test are put beside, so that it is a release too.
    Where int8 does not hold or does not help, its files go again and the card keeps the figures. Raises WrongHere.
    """
    exact = card.graph.read_bytes()
    content = to_int8(exact, crops, views)
    file = f"{card.name}-{card.version}-int8.onnx"
    reference, tolerance = _self_test(content, exact)
    out.mkdir(parents=True, exist_ok=True)
    if not (out / card.graph.name).exists():
        (out / card.graph.name).write_bytes(exact)
        selftest.write(out / cards.SELF_TEST, exact, selftest.outputs_of(OnnxRuntime(exact)))
    (out / file).write_bytes(content)
    selftest.write(out / cards.SELF_TEST_INT8, content, reference)
    said: dict[str, Any] = {
        "ships": True,
        "graph": {"file": file, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)},
        "tolerance": tolerance,
    }
    _write(card.raw | {"int8": said}, out)
    try:
        found = compare(cards.read(out / CARD), samples)
    except WrongHere:
        _withdraw(card, out, file, {"ships": False})
        raise
    if found.holds and found.helps:
        _write(card.raw | {"int8": {**said, "measured": asdict(found)}}, out)
    else:
        _withdraw(card, out, file, {"ships": False, "measured": asdict(found)})
    return found


def _self_test(content: bytes, exact: bytes) -> tuple[selftest.Outputs, dict[str, float]]:
    """What the int8 graph computes where every sum is exact, and how far (root mean square) each output may be off."""
    options = ort.SessionOptions()
    # Without fused kernels each convolution is one of floats, between a widening and a rounding: nothing can overflow.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    plain: Any = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [name for output in plain.get_outputs() if (name := str(output.name)) not in TEXTURE]
    crops, views = selftest.inputs()
    reference: selftest.Outputs = dict(zip(names, plain.run(names, {"crops": crops, "views": views}), strict=True))
    here, wide = (selftest.outputs_of(OnnxRuntime(graph), names) for graph in (content, exact))
    return reference, {name: _room(reference[name], here[name], wide[name]) for name in names}


def _room(reference: NDArray[np.float32], here: NDArray[np.float32], wide: NDArray[np.float32]) -> float:
    """Of one output: half of what eight bits cost it, on maps that round more up to all of it."""
    off, cost = (selftest.root_mean_square(other - reference) for other in (here, wide))
    room = float(np.clip(_NOISE * off, _LEAST_ROOM * cost, _MOST_ROOM * cost))
    return float(f"{max(room, _RELATIVE * selftest.root_mean_square(reference)):.4g}")


def _withdraw(card: cards.Card, out: Path, file: str, said: dict[str, Any]) -> None:
    for name in (file, cards.SELF_TEST_INT8):
        (out / name).unlink()
    _write(card.raw | {"int8": said}, out)


def _write(raw: dict[str, Any], out: Path) -> None:
    (out / CARD).write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")


def some_crops(shard: Path, views: Path, count: int = 256) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """`count` crops of a training shard and a quarter as many views, evenly over both, to measure ranges on."""
    crops, squares = drawn(shard, "crops.npy"), drawn(views, "views.npy")
    return (
        crops[np.linspace(0, len(crops) - 1, num=min(count, len(crops))).astype(np.int64)],
        scaled(
            squares[np.linspace(0, len(squares) - 1, num=min(max(1, count // 4), len(squares))).astype(np.int64)], VIEW
        ),
    )


def compare(card: cards.Card, samples: Sequence[Sample]) -> Comparison:
    """Both graphs of a card on the same images, in turn, so that a busy machine slows both. Raises WrongHere."""
    assert card.small is not None
    detectors = [Detector(card, threads=1), Detector(card, threads=1, precision=INT8)]
    if detectors[1].chosen.precision != INT8:
        raise WrongHere("; ".join(detectors[1].chosen.notices))
    sessions = [CropSession(card, 1), CropSession(card, 1, precision=INT8)]
    took = [0.0, 0.0]
    rows: list[tuple[int, Detection, Detection]] = []
    for sample, image in _prepared(samples):
        one, other = (detector.detect_prepared([image])[0] for detector in detectors)
        if one.probability is None or other.probability is None or image.crops is None:
            continue
        for i, seconds in enumerate(_quickest(sessions, image.crops.pixels, image.views)):
            took[i] += seconds
        rows.append((sample.label, one, other))
    labels = np.array([label for label, _, _ in rows])
    p = np.array([(one.probability, other.probability) for _, one, other in rows], dtype=np.float64)
    steps = [abs(_LEVELS.index(one.level) - _LEVELS.index(other.level)) for _, one, other in rows]
    shift = np.abs(p[:, 0] - p[:, 1])
    return Comparison(
        images=len(rows),
        greatest_shift=float(shift.max()),
        shift_95=float(np.quantile(shift, 0.95)),
        mean_shift=float(shift.mean()),
        auc_fp32=auc(labels, p[:, 0]),
        auc_int8=auc(labels, p[:, 1]),
        verdicts_changed=sum(s > 0 for s in steps),
        most_steps=max(steps),
        speed=took[0] / took[1],
        bytes_fp32=len(card.graph.read_bytes()),
        bytes_int8=len(card.small.graph.read_bytes()),
        **_evidence([(one, other) for _, one, other in rows]),
    )


def _evidence(pairs: Sequence[tuple[Detection, Detection]]) -> dict[str, float]:
    """How alike what evidence is made of is, over the images whose graph tells it; no figure where none does."""
    traits = [(a.traits, b.traits) for a, b in pairs if a.traits is not None and b.traits is not None]
    heats = [(a.heat, b.heat) for a, b in pairs if a.heat is not None and b.heat is not None]
    if not traits or not heats:
        return {}
    return {
        "view_cosine": float(np.mean([np.dot(a.view, b.view) for a, b in traits])),
        "crop_cosine": float(np.mean([np.dot(a.crop, b.crop) for a, b in traits])),
        "heat_shift": float(np.mean([np.abs(a.chance - b.chance).mean(dtype=np.float64) for a, b in heats])),
    }


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
