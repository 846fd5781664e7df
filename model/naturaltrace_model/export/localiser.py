"""Releases a localiser: its graph, what makes its logits honest, from when a region stands out, and its own card.

It has its own version and folder (`released/map`), so that detector and localiser are released apart. As with the
detector's card, nothing in it is written by hand.
"""

import copy
import datetime
import hashlib
import json
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from naturaltrace.detection import localiser as serving
from naturaltrace.detection.heatmap import grid_of
from naturaltrace.detection.regions import find_regions
from naturaltrace.evidence.adviser import fits_a_part
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.page_view import PAGE_EDGE, page_view
from naturaltrace_model.calibration.logistic import fit_logistic
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.data.splice_pool import SplicePool
from naturaltrace_model.data.splices import reencode
from naturaltrace_model.evaluation.conditions import MET, under
from naturaltrace_model.evaluation.rows import decoded
from naturaltrace_model.export import graph as graphs
from naturaltrace_model.networks.localiser import Localiser
from naturaltrace_model.training import localiser as training

NAME = "natural-trace-map"
_CHANCE = 0.5
_RATE = 0.01  # aimed at below what may be promised (0.02): test sources are not val sources
_PROMISED = 0.02
_SPLICES = 400
_QUALITIES = (0.0, 70.0, 85.0, 101.0)  # where one threshold ends and the next begins
_FEWEST = 100  # images that a threshold of their own is set on
_SAVED_AGAIN = (90, 75)  # JPEG qualities

Quality: TypeAlias = Callable[[DecodedImage], float | None]


class Look(NamedTuple):
    """One untouched image: its kind, its estimated JPEG quality, the highest contrast in it, and whether it was larger
    than what is looked at as it is."""

    category: str
    quality: float
    contrast: float
    scaled: bool = False


def to_onnx(network: Localiser) -> bytes:
    """The graph, for one picture of any size whose sides are multiples of 16; checked before it is returned. Large
    weights are stored in fp16 and widened when it is loaded."""
    buffer = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _folded(network.float().cpu().eval()),
            (torch.zeros(1, 64, 96, 3, dtype=torch.uint8),),
            buffer,  # pyright: ignore[reportArgumentType] (this exporter writes to files in memory too)
            dynamo=False,  # the newer exporter writes pooling and padding of free sizes as graphs that run slower
            input_names=["picture"],
            output_names=["map"],
            dynamic_axes={"picture": {1: "height", 2: "width"}, "map": {1: "rows", 2: "columns"}},
            opset_version=17,
        )
    model = onnx.load_model_from_string(buffer.getvalue())
    _name_constants(model)
    graphs.widen_in_one_step(model)
    _drop_unused(model)
    graphs.store_in_half(model)
    for node in model.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def _folded(network: Localiser) -> Localiser:
    """A copy whose first convolution does what made its measures comparable."""
    folded, conv, usual = copy.deepcopy(network), cast(nn.Conv2d, network.cells[0]), network.usual
    assert usual.running_mean is not None
    assert usual.running_var is not None
    weight = conv.weight.detach() / (usual.running_var + usual.eps).sqrt()[None, :, None, None]
    bias = -(weight * usual.running_mean[None, :, None, None]).sum((1, 2, 3))
    first = nn.Conv2d(weight.shape[1], conv.out_channels, conv.kernel_size[0], conv.stride[0])
    first.weight.data = weight
    cast(nn.Parameter, first.bias).data = bias
    folded.cells[0] = first
    folded.register_module("usual", nn.Identity())
    return folded.eval()


def _name_constants(model: onnx.ModelProto) -> None:
    """Make initialisers of the nodes that this exporter writes for constants."""
    for node in [n for n in model.graph.node if n.op_type == "Constant" and n.attribute[0].name == "value"]:
        tensor = node.attribute[0].t
        tensor.name = node.output[0]
        model.graph.initializer.append(tensor)
        model.graph.node.remove(node)


def _drop_unused(model: onnx.ModelProto) -> None:
    used = {name for node in model.graph.node for name in node.input}
    for tensor in [t for t in model.graph.initializer if t.name not in used]:
        model.graph.initializer.remove(tensor)


def release(
    weights: Path, pool: SplicePool, untouched: Sequence[Sample], version: str, out: Path, quality: Quality
) -> Path:
    """Write graph and card into `out`; the card's path. `pool` holds pictures of sources that the network never saw;
    so do `untouched`, images without any splice, real and generated. `quality` is what the companion takes the JPEG
    quality (0..100) of an image for."""
    network = training.load(weights)
    content = to_onnx(network)
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob(f"{NAME}-*.onnx"):
        old.unlink()
    file = f"{NAME}-{version}.onnx"
    (out / file).write_bytes(content)
    within, cells = training.measure(network, pool, _SPLICES)
    slope, shift = _platt(cells)
    raw: dict[str, Any] = {
        "schema": serving.SCHEMA,
        "name": NAME,
        "version": version,
        "released": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "licence": "MIT",
        "graph": {"file": file, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)},
        "network": network.config.to_json(),
        "input": f"uint8 (1, H, W, 3), sRGB, long edge at most {PAGE_EDGE}, sides multiples of {serving.CELL}",
        "log_odds": {"slope": slope, "shift": shift},
        "part": {"contrast": 0.0, "chance": _CHANCE, "rate": _PROMISED},
        "self_test": _answers(network),
        "calibrated_on": {"splices": _SPLICES, "auc_within_one_splice": round(within, 4)},
    }
    path = out / serving.CARD
    _write(raw, path)
    looks = _looks(serving.Localiser(serving.read(path), 1), untouched, quality)
    bounds = by_quality(looks, _RATE)
    scaled = round(threshold(_by_category(looks, scaled=True), _RATE), 4)
    # What was scaled may have been compressed in any way before: the strictest of all counts.
    raw["part"]["contrast"] = max(scaled, *(bound["contrast"] for bound in bounds))
    raw["part"]["by_quality"] = bounds
    raw["calibrated_on"]["untouched"] = dict(sorted(Counter(look.category for look in looks).items()))
    _write(raw, path)
    return path


def threshold(contrasts: dict[str, list[float]], rate: float) -> float:
    """The contrast that at most `rate` of images reach, each kind of image counting alike (the conformal quantile)."""
    values = np.concatenate([np.array(own) for own in contrasts.values()])
    weights = np.concatenate([np.full(len(own), 1 / len(own)) for own in contrasts.values()])
    order = np.argsort(values)
    reached = 1 - np.cumsum(weights[order]) / weights.sum()
    first = int(np.argmax(reached <= rate))
    return float(values[order][first]) + 1e-4


def by_quality(looks: Sequence[Look], rate: float) -> list[dict[str, float]]:
    """`threshold` of the images of each quality that are looked at as they are: {"below": quality, "contrast": ...},
    rising. Where there are too few of one, that of all counts."""
    every = _by_category(looks)
    looks = [look for look in looks if not look.scaled]
    bounds: list[dict[str, float]] = []
    for low, below in pairwise(_QUALITIES):
        own = [look for look in looks if low <= look.quality < below]
        found = threshold(_by_category(own) if len(own) >= _FEWEST else every, rate)
        bounds.append({"below": below, "contrast": round(found, 4)})
    return bounds


def _by_category(looks: Sequence[Look], scaled: bool | None = None) -> dict[str, list[float]]:
    """The contrasts of all, or, where there are such, of those that were scaled."""
    own = [look for look in looks if scaled is None or look.scaled is scaled]
    found: dict[str, list[float]] = defaultdict(list)
    for look in own or looks:
        found[look.category].append(look.contrast)
    return found


def _looks(localiser: serving.Localiser, samples: Iterable[Sample], quality: Quality) -> list[Look]:
    """The highest contrast of a region that could stand out in each image, as it came, as the web hands it on, and
    saved again; 0 where there is none."""
    found: list[Look] = []
    for sample, image in decoded(samples):
        met = [under(image, condition) for condition in MET]
        met += [replace(image, pixels=reencode(page_view(image.pixels), worn)) for worn in _SAVED_AGAIN]
        for each in met:
            estimated = quality(each)
            if estimated is None:
                continue
            heat = grid_of(localiser.log_odds(page_view(each.pixels)))
            best = [r.contrast for r in find_regions(heat) if r.chance >= _CHANCE and fits_a_part(r)]
            scaled = max(each.pixels.shape) > PAGE_EDGE
            found.append(Look(sample.category, estimated, max(best, default=0.0), scaled))
    return found


def _answers(network: Localiser) -> list[list[float]]:
    """What the network makes of the self-test's picture."""
    with torch.no_grad():
        found = network(torch.from_numpy(serving.known_picture())[None])[0]
    return [[round(float(v), 5) for v in row] for row in found]


def _platt(cells: NDArray[np.float32]) -> tuple[float, float]:
    """Slope and shift that make logits honest; `cells` (2, N) are logits and the share of each cell that is fill."""
    logits, share = cells.astype(np.float64)
    (slope,), shift = fit_logistic(logits[:, None], share, np.ones(len(share)), signs=(1,), ridge=0.0)
    return round(float(slope), 5), round(shift, 5)


def _write(raw: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
