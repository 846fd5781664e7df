"""The graph in eight bits: activations unsigned, weights signed per channel, ranges measured on training crops.

Only the learned convolutions are quantised. The residual filters and their scaling stay in fp32: they measure steps of
a single grey level, which eight bits of activation would round away. So do the heads, which weigh nothing.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from naturaltrace_model.export.graph import store_in_half

_LEAST_CHANNELS = 3  # a convolution that reads fewer is one of the fixed residual filters


def to_int8(content: bytes, crops: NDArray[np.uint8], views: NDArray[np.uint8], batch: int = 16) -> bytes:
    """The graph `content` with int8 convolutions; `crops` (N, 128, 128, 3) and `views` (M, 160, 160, 3) give ranges."""
    from onnxruntime.quantization import (  # pyright: ignore[reportMissingTypeStubs]
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,  # pyright: ignore[reportUnknownVariableType]
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process  # pyright: ignore

    with tempfile.TemporaryDirectory() as folder:
        wide, folded, small = (Path(folder) / name for name in ("wide.onnx", "folded.onnx", "small.onnx"))
        onnx.save_model(_widened(onnx.load_model_from_string(content)), wide)
        # Folds the normalisations into their convolutions, which must happen before ranges are measured.
        quant_pre_process(str(wide), str(folded), skip_symbolic_shape=True)
        quantize_static(
            str(folded),
            str(small),
            _Batches(crops, views, batch),  # pyright: ignore[reportArgumentType]  # has what is called of it
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=_fixed(onnx.load_model(folded)),
        )
        model = onnx.load_model(small)
    store_in_half(model)  # the heads, which stay as they are
    onnx.checker.check_model(model)
    return model.SerializeToString()


class _Batches:
    """What onnxruntime's calibration reads from: `get_next` until it gives None."""

    def __init__(self, crops: NDArray[np.uint8], views: NDArray[np.uint8], batch: int) -> None:
        self._left = self._draw(crops, views, batch)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        return next(self._left, None)

    def __iter__(self) -> Iterator[dict[str, NDArray[np.uint8]]]:
        return self._left

    @staticmethod
    def _draw(crops: NDArray[np.uint8], views: NDArray[np.uint8], batch: int) -> Iterator[dict[str, NDArray[np.uint8]]]:
        for start in range(0, len(crops), batch):
            first = start * len(views) // len(crops)
            last = max(first + 1, (start + batch) * len(views) // len(crops))
            yield {"crops": crops[start : start + batch], "views": views[first:last]}


def _fixed(model: onnx.ModelProto) -> list[str]:
    """The names of the convolutions that are filters of the residual stack."""
    shapes = {t.name: list(t.dims) for t in model.graph.initializer}
    return [
        node.name
        for node in model.graph.node
        if node.op_type == "Conv" and shapes.get(node.input[1], [0, 0])[1] < _LEAST_CHANNELS
    ]


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
