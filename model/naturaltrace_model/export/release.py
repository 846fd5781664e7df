"""Makes a release: the graph, its calibration on the val split, its figures on the test splits, and the card.

Nothing in the card is written by hand: what it says was measured in this very run by the code that ships.
"""

import datetime
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from naturaltrace.detection import card as cards
from naturaltrace.detection.aggregate import FEATURES
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.runtime import selftest
from naturaltrace.detection.runtime.onnx_runtime import OnnxRuntime
from naturaltrace.imaging import crops
from naturaltrace.imaging.views import VIEW
from naturaltrace.verdicts import sensitivity
from naturaltrace_model.calibration import fit as calibration
from naturaltrace_model.data.image_statistics import LEAST_TEXTURE, ImageStatistics, describe_images
from naturaltrace_model.data.manifest import FAMILIES, Sample
from naturaltrace_model.evaluation.conditions import CONDITIONS
from naturaltrace_model.evaluation.evaluate import write_csv
from naturaltrace_model.evaluation.rows import FeatureRow, detect_all, features_of, samples_of
from naturaltrace_model.evaluation.sets import spread
from naturaltrace_model.evaluation.summary import summarise, table
from naturaltrace_model.export import graph, int8
from naturaltrace_model.export.model_card import page
from naturaltrace_model.export.quantise import NothingToQuantise
from naturaltrace_model.networks.branches import NaturalTraceDetector
from naturaltrace_model.training import crossfit
from naturaltrace_model.training import detector as training

NAME = "natural-trace"
_RELEASED = Path(__file__).resolve().parents[1] / "released"
# Training saw encodings down to quality 35; much below that nothing was ever measured.
_LEAST_QUALITY = 0.30
_COMPARED = 200  # images that int8 is compared with fp32 on
_OF_EACH = 15  # images of one source and class that calibration sees, where it sees all sources
_UNSURE = {"photo-unverified"}  # looks real, without proof: it must not set a threshold


@dataclass(frozen=True, slots=True)
class Sets:
    """`images` is the full set, whose test split is reported, as is the pack's. Calibrated is on the val split of
    `images`, or, with `folds` (of `training.crossfit`), on every source that was learned from, `further` sets' too."""

    images: Path
    pack: Path | None = None
    further: tuple[Path, ...] = ()
    folds: Path | None = None

    def split(self, *splits: str) -> list[Sample]:
        """The samples of these splits, of the full set and the further ones."""
        return [s for root in (self.images, *self.further) for split in splits for s in samples_of(root, split)]

    def calibrating(self) -> list[Sample]:
        """What cross-fitted calibration sees: some of every source that was learned from."""
        return calibration.balanced([s for s in self.split("train", "val") if s.category not in _UNSURE], most=_OF_EACH)


def release(
    weights: Path,
    sets: Sets,
    version: str,
    out: Path | None = None,
    ranges: tuple[Path, Path] | None = None,
    workers: int = 1,
) -> Path:
    """Write graph, `card.json`, `MODEL_CARD.md` and `results.csv` into `out`; the card's path.

    With `ranges` (training crops and views to measure ranges on) an int8 graph and its self-test are written beside, if
    it holds and helps; the card says what came of it either way. `workers` processes judge images.
    """
    out = out or _RELEASED
    out.mkdir(parents=True, exist_ok=True)
    network = training.load(weights)
    content = graph.to_onnx(network)
    raw = _begin(network, content, version, out)
    path = out / "card.json"
    # What other devices have to compute to be believed: by onnxruntime's CPU provider, with this very graph.
    selftest.write(out / cards.SELF_TEST, content, selftest.outputs_of(OnnxRuntime(content)))
    if sets.folds is None:
        held = calibration.balanced(sets.split("val"))
        features = features_of(Detector(cards.read(path)), held, CONDITIONS, workers)
    else:
        held = sets.calibrating()
        features = cross_fitted(sets.folds, held, workers)
    fitted = calibration.fit(list(features))
    raw["limits"]["proximity"] = round(fitted.least_proximity, 5)
    raw["aggregation"] = asdict(fitted.aggregation)
    raw["calibration"] |= {"bins": [asdict(b) for b in fitted.bins], **counts(held)}
    raw["calibration"]["cross_fitted"] = sets.folds is not None
    learned = sets.split("train") if sets.folds is None else sets.split("train", "val")
    raw["data"] = {"train": counts(learned), "val": counts(held)}
    write_card(raw, path)

    detector = Detector(cards.read(path))
    raw["figures"] = {}
    for name, root in (("full", sets.images), *((("pack", sets.pack),) if sets.pack else ())):
        samples = samples_of(root, "test")
        rows = list(detect_all(detector, samples, CONDITIONS, workers))
        raw["figures"][name] = {"set": f"{name} set, test split", **counts(samples), "conditions": summarise(rows)}
        results = out / f"results-{name}.csv"
        write_csv(rows, results)
        if name == "full":
            # What each of the user's three choices costs, so that nobody is told an aim in place of a measurement.
            raw["sensitivity"] = sensitivity.for_card(cards.read(path), results.read_text(encoding="utf-8"))
        print(table(raw["figures"][name]["conditions"]))
    write_card(raw, path)
    if ranges is not None:
        _eight_bits(cards.read(path), ranges, spread(held, _COMPARED), out)
        raw = json.loads(path.read_text(encoding="utf-8"))
    (out / "MODEL_CARD.md").write_text(page(raw), encoding="utf-8")
    return path


def _begin(network: NaturalTraceDetector, content: bytes, version: str, out: Path) -> dict[str, Any]:
    """Write a graph and a card that is not calibrated yet; what the card holds."""
    file = f"{NAME}-{version}.onnx"
    (out / file).write_bytes(content)
    raw: dict[str, Any] = {
        "schema": cards.SCHEMA,
        "name": NAME,
        "version": version,
        "released": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "licence": "MIT",
        "paper": "the idea of arXiv 2403.16513, in our formulation (docs/decisions/0005)",
        "graph": {"file": file, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)},
        "networks": network.config.to_json(),
        "families": FAMILIES,
        "input": {
            "crops": "uint8 (N, 128, 128, 3), sRGB",
            "views": f"uint8 (M, {VIEW}, {VIEW}, 3), sRGB",
            "rich": crops.RICH,
            "poor": crops.POOR,
            "grid": crops.GRID,
            "longest_edge": crops.MAX_EDGE,
        },
        "limits": {
            "short_side": crops.CROP, "texture": LEAST_TEXTURE, "quality": _LEAST_QUALITY, "proximity": -1.0,
        },
        "aggregation": asdict(_neutral()),
        "calibration": {"rates": asdict(calibration.RATES), "bins": []},
    }  # fmt: skip
    write_card(raw, out / "card.json")
    return raw


def cross_fitted(folds: Path, samples: Sequence[Sample], workers: int) -> Iterator[FeatureRow]:
    """The features of each sample by the fold that never saw its source; sources that no fold left out give no row.

    The samples' statistics are kept beside the folds: the first call makes them, by `workers` processes.
    """
    kept = folds.parent / "images"
    if not (kept / "images.csv").exists():
        network, _ = next(crossfit.load_all(folds))
        describe_images(network, samples, CONDITIONS, kept, workers)
    described = ImageStatistics.open(kept, samples)
    for network, left_out in crossfit.load_all(folds):
        yield from described.where(np.array([s.source in left_out for s in described.samples])).features(network)


def _eight_bits(card: cards.Card, ranges: tuple[Path, Path], samples: Sequence[Sample], out: Path) -> None:
    """Offer an int8 graph; the card says what came of it. It must not cost a release that is measured already."""
    try:
        print(int8.quantise(card, *int8.some_crops(*ranges), samples, out).table())
    except (int8.WrongHere, NothingToQuantise) as error:
        print(f"no int8 graph: {error}")


def _neutral() -> cards.Aggregation:
    n = len(FEATURES)
    return cards.Aggregation(FEATURES, (0.0,) * n, (1.0,) * n, (0.0,) * n, 0.0)


def counts(samples: Sequence[Sample]) -> dict[str, Any]:
    """What a card says of a set of images."""
    return {
        "real_images": sum(s.label == 0 for s in samples),
        "generated_images": sum(s.label == 1 for s in samples),
        "sources": len({s.source for s in samples}),
        "generators": dict(sorted(Counter(s.generator for s in samples if s.label).items())),
    }


def write_card(raw: dict[str, Any], path: Path) -> None:
    """Write `card.json`."""
    path.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
