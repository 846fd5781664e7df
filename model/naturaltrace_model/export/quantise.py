"""The graph in eight bits: activations unsigned, weights signed per channel, ranges measured on training crops.

Quantised are the encoder's convolutions from the second block on, however many there are. The stem and the first block
stay in fp32, for they see steps of single grey levels, which eight bits round away. So do the texture statistics and
the heads, which weigh nothing.

Two things make it hold. A range is the one that loses least over all values, not the one that the largest value asks
for. And where the rounded maps move a statistic on average, the heads' zero is moved along.
"""

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from naturaltrace.detection.runtime.devices import ort
from naturaltrace_model.export.graph import store_in_half

_BLOCK = re.compile(r"encoder\.blocks\.(\d+)\.")
_FIRST = 1  # the first block in eight bits, counted from 0
_KEPT_VALUES = 20_000  # of a tensor and a run, to choose its range by
_SHARES = np.linspace(0.25, 1.0, 31)  # of the largest value: ranges that are tried
_MEAN = ".standard.mean"
Run = dict[str, NDArray[np.uint8]]
Ranges = dict[str, list[dict[str, Any]]]  # as onnxruntime's quantiser wants them, by tensor


class NothingToQuantise(Exception):  # noqa: N818 (it reads as what it says)
    """The graph's convolutions don't bear the names that the encoder's have."""


def to_int8(content: bytes, crops: NDArray[np.uint8], views: NDArray[np.uint8], batch: int = 16) -> bytes:
    """The graph `content` with int8 convolutions; `crops` (N, 128, 128, 3) and `views` (M, S, S, 3) give ranges."""
    from onnxruntime.quantization import (  # pyright: ignore[reportMissingTypeStubs]
        QuantFormat,
        QuantType,
        quantize_static,  # pyright: ignore[reportUnknownVariableType]
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process  # pyright: ignore

    runs = list(_runs(crops, views, batch))
    with tempfile.TemporaryDirectory() as folder:
        wide, folded, small = (Path(folder) / name for name in ("wide.onnx", "folded.onnx", "small.onnx"))
        onnx.save_model(_widened(onnx.load_model_from_string(content)), wide)
        # Folds what earlier graphs still have of normalisations; it must happen before ranges are measured.
        quant_pre_process(str(wide), str(folded), skip_symbolic_shape=True)
        exact = onnx.load_model(folded)
        chosen, ranges = _chosen(exact, runs)
        quantize_static(
            str(folded),
            str(small),
            _Reader(runs[:1]),  # pyright: ignore[reportArgumentType]  # has what is called of it; ranges are ours
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv"],
            nodes_to_quantize=[node.name for node in chosen],
            extra_options={"TensorQuantOverrides": ranges},
        )
        model = onnx.load_model(small)
    _realign(exact, model, runs)
    store_in_half(model)  # the heads, which stay as they are
    _share(model)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _runs(crops: NDArray[np.uint8], views: NDArray[np.uint8], batch: int) -> Iterator[Run]:
    """Both evenly over so many runs."""
    for start in range(0, len(crops), batch):
        first = start * len(views) // len(crops)
        last = max(first + 1, (start + batch) * len(views) // len(crops))
        yield {"crops": crops[start : start + batch], "views": views[first:last]}


class _Reader:
    """What onnxruntime's calibration reads from: `get_next` until it gives None."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._left = iter(runs)

    def get_next(self) -> Run | None:
        return next(self._left, None)


def _block(node: onnx.NodeProto) -> int:
    """Of the encoder's convolution `node`, from 0; -1 for any other."""
    found = _BLOCK.search(node.input[1])
    return int(found[1]) if found else -1


def _chosen(model: onnx.ModelProto, runs: Sequence[Run]) -> tuple[list[onnx.NodeProto], Ranges]:
    """The convolutions to quantise, and the range of each one's input. Raises NothingToQuantise."""
    chosen = [node for node in model.graph.node if node.op_type == "Conv" and _block(node) >= _FIRST]
    if not chosen:
        raise NothingToQuantise(f"no convolution of {len(model.graph.node)} nodes belongs to an encoder's later block")
    return chosen, _ranges(model, sorted({node.input[0] for node in chosen}), runs)


def _ranges(model: onnx.ModelProto, names: Sequence[str], runs: Sequence[Run]) -> Ranges:
    """Per tensor, the range in which eight bits lose least (mean square)."""
    rng = np.random.default_rng(0)
    low, top = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    kept: dict[str, list[NDArray[np.float32]]] = {name: [] for name in names}
    for values in _values(model, names, runs):
        for name, value in zip(names, values, strict=True):
            low[name] = min(low[name], float(value.min()))
            top[name] = max(top[name], float(value.max()))
            kept[name].append(rng.choice(value.ravel(), min(_KEPT_VALUES, value.size)))
    found = {name: best_range(np.concatenate(kept[name]), low[name], top[name]) for name in names}
    return {name: [{"rmin": np.float32(least), "rmax": np.float32(most)}] for name, (least, most) in found.items()}


def best_range(values: NDArray[np.float32], least: float, largest: float) -> tuple[float, float]:
    """The range within `least` and `largest`, 0 in it, in which 256 steps lose least of `values`."""
    least, largest = min(least, 0.0), max(largest, 0.0)
    if least == largest:
        return 0.0, 1.0

    def lost(share: float) -> float:
        step = (largest - least) * share / 255
        low = round(least * share / step)
        return float(np.square(np.clip(np.round(values / step), low, low + 255) * step - values).mean())

    share = float(min(_SHARES, key=lost))
    return least * share, largest * share


def _realign(exact: onnx.ModelProto, small: onnx.ModelProto, runs: Sequence[Run]) -> None:
    """Move each statistic's zero by what rounding moves it on average over `runs`; deviations stay."""
    names = {node.input[1]: node.input[0] for node in small.graph.node if _standardises(node)}
    before, after = (_means(model, tuple(names.values()), runs) for model in (exact, small))
    weights = {tensor.name: tensor for tensor in small.graph.initializer}
    for (zero, _), one, other in zip(names.items(), before, after, strict=True):
        moved = numpy_helper.to_array(weights[zero]).astype(np.float64) + (other - one)
        weights[zero].CopyFrom(numpy_helper.from_array(moved.astype(np.float32), zero))


def _share(model: onnx.ModelProto) -> None:
    """Keep each constant once: the encoder is run twice, over crops and views, and folding gave it two sets."""
    first: dict[tuple[int, tuple[int, ...], bytes], str] = {}
    other: dict[str, str] = {}
    kept: list[TensorProto] = []
    for tensor in model.graph.initializer:
        key = (tensor.data_type, tuple(tensor.dims), numpy_helper.to_array(tensor).tobytes())
        if key in first:
            other[tensor.name] = first[key]
        else:
            first[key] = tensor.name
            kept.append(tensor)
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = other.get(name, name)
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def _standardises(node: onnx.NodeProto) -> bool:
    return node.op_type == "Sub" and node.input[1].endswith(_MEAN)


def _means(model: onnx.ModelProto, names: Sequence[str], runs: Sequence[Run]) -> list[NDArray[np.float64]]:
    rows: list[list[NDArray[np.float32]]] = [[] for _ in names]
    for values in _values(model, names, runs):
        for kept, value in zip(rows, values, strict=True):
            kept.append(value)
    return [np.concatenate(kept).mean(axis=0, dtype=np.float64) for kept in rows]


def _values(model: onnx.ModelProto, names: Sequence[str], runs: Sequence[Run]) -> Iterator[list[NDArray[np.float32]]]:
    """What tensors inside the graph are, run by run."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session: Any = ort.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    for run in runs:
        yield session.run(list(names), run)


def _widened(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weights that are stored in half and widened by a Cast, in fp32 again: a quantiser looks for them there."""
    half = {t.name: t for t in model.graph.initializer if t.data_type == TensorProto.FLOAT16}
    kept: list[onnx.NodeProto] = []
    for node in model.graph.node:
        own: Any = half.get(node.input[0]) if node.op_type == "Cast" and len(node.input) == 1 else None
        if own is None:
            kept.append(node)
            continue
        own.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(own).astype(np.float32), node.output[0]))
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return model
