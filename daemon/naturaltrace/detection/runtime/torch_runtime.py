"""The same graph in torch, for CUDA, ROCm and MPS machines whose onnxruntime has no such provider (extra `torch`).

The released ONNX file is read node by node, weights and all: nothing is converted or kept twice. onnx2torch, the known
converter, had its last release in 2024, wants torchvision and stops at older operator sets than the exporter writes.
Only the operators that the released graphs use are known; another one is refused in words.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch.nn import functional

from naturaltrace.detection.runtime.base import RuntimeUnavailable

# torch's and onnx's annotations leave most results partly unknown.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

Values = Sequence[Any]
Attributes = dict[str, Any]


def best_device() -> str:
    """ "cuda" (also ROCm's name), "mps" or "cpu"."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


class TorchRuntime:
    """`on` is torch's name of a device; without it the best one."""

    device = "torch"

    def __init__(self, graph: bytes, on: str | None = None) -> None:
        self.on = torch.device(on or best_device())
        model = onnx.load_model_from_string(graph)
        self.outputs = tuple(o.name for o in model.graph.output)
        # Shapes, axes and the like stay here as plain numbers: asking the device for them would stop it each time.
        self._constants: dict[str, Any] = {"": None}
        for tensor in model.graph.initializer:
            self._constants[tensor.name] = _constant(numpy_helper.to_array(tensor), self.on)
        self._steps: list[_Step] = []
        for node in model.graph.node:
            operator, attributes, inputs, output = step = _step(node)
            if inputs and all(name in self._constants for name in inputs):  # weights stored small: widened once
                self._constants[output] = operator([self._constants[name] for name in inputs], attributes)
            else:
                self._steps.append(step)
        torch.backends.cudnn.allow_tf32 = False  # figures are those of the release, not about those

    def run(
        self, names: Sequence[str], crops: NDArray[np.uint8], views: NDArray[np.uint8]
    ) -> list[NDArray[np.float32]]:
        with torch.inference_mode():
            known = dict(self._constants)
            known["crops"] = torch.from_numpy(np.ascontiguousarray(crops)).to(self.on)
            known["views"] = torch.from_numpy(np.ascontiguousarray(views)).to(self.on)
            for operator, attributes, inputs, output in self._steps:
                known[output] = operator([known[name] for name in inputs], attributes)
            return [known[name].float().cpu().numpy() for name in names]


_Step = tuple[Callable[[Values, Attributes], Any], Attributes, list[str], str]


def _step(node: onnx.NodeProto) -> _Step:
    operator = _OPERATORS.get(node.op_type)
    if operator is None or len(node.output) != 1:
        raise RuntimeUnavailable(f"torch: the graph uses {node.op_type}, which this program can't read")
    return (
        operator,
        {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute},
        list(node.input),
        node.output[0],
    )


def _constant(value: NDArray[Any], device: torch.device) -> Any:
    if value.dtype == np.int64 and value.ndim <= 1:
        return value.tolist()
    tensor = torch.from_numpy(value.copy())
    return tensor if value.ndim == 1 and value.size <= 8 and value.dtype == np.float32 else tensor.to(device)


def _numbers(value: Any) -> list[int]:
    return [int(n) for n in (value.tolist() if isinstance(value, torch.Tensor) else value)]


def _like(values: Values) -> list[Any]:
    """Tensors on one device: short lists of floats are kept on the CPU and move where they are needed."""
    device = next((v.device for v in values if isinstance(v, torch.Tensor) and v.device.type != "cpu"), None)
    return [v.to(device) if device is not None and isinstance(v, torch.Tensor) else v for v in values]


# --- operators, by their names in the ONNX specification --------------------------------------------------------------


def _cast(v: Values, a: Attributes) -> Any:
    kinds = {1: torch.float32, 6: torch.int32, 7: torch.int64, 9: torch.bool, 10: torch.float16, 11: torch.float64}
    # Half precision is how weights are stored, not what is computed in.
    return v[0].to(kinds[a["to"]]) if isinstance(v[0], torch.Tensor) else v[0]


def _conv(v: Values, a: Attributes) -> Any:
    x: Any
    x, weight, bias = (*v, None)[:3]
    pads = list(a.get("pads", [0, 0, 0, 0]))
    half = len(pads) // 2
    if pads[:half] != pads[half:]:
        x, pads = (
            functional.pad(x, [p for i in reversed(range(half)) for p in (pads[i], pads[half + i])]),
            [0] * len(pads),
        )
    x, weight, bias = _like([x, weight, bias])
    spread = {"stride": a.get("strides", 1), "padding": pads[:half], "dilation": a.get("dilations", 1)}
    return (functional.conv2d if x.dim() == 4 else functional.conv1d)(
        x, weight, bias, groups=a.get("group", 1), **spread
    )


def _gemm(v: Values, a: Attributes) -> Any:
    x, y, *rest = _like(v)
    x = x.transpose(0, 1) if a.get("transA") else x
    y = y.transpose(0, 1) if a.get("transB") else y
    product = (x @ y) * a.get("alpha", 1.0)
    return product + rest[0] * a.get("beta", 1.0) if rest and rest[0] is not None else product


def _slice(v: Values, a: Attributes) -> Any:
    x, starts, ends = v[0], _numbers(v[1]), _numbers(v[2])
    axes = _numbers(v[3]) if len(v) > 3 and v[3] is not None else list(range(len(starts)))
    steps = _numbers(v[4]) if len(v) > 4 and v[4] is not None else [1] * len(starts)
    if isinstance(x, list):
        return x[starts[0] : ends[0] : steps[0]]
    where: list[slice] = [slice(None)] * x.dim()
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        if step < 0:
            raise RuntimeUnavailable("torch: the graph slices backwards, which this program can't")
        where[axis] = slice(start, None if end >= 2**31 - 1 else end, step)
    return x[tuple(where)]


def _pad(v: Values, a: Attributes) -> Any:
    x, pads = v[0], _numbers(v[1])
    rank = x.dim()
    if len(v) > 3 and v[3] is not None:
        given = _numbers(v[3])
        full = [0] * (2 * rank)
        for i, axis in enumerate(given):
            full[axis], full[rank + axis] = pads[i], pads[len(given) + i]
        pads = full
    order = [p for i in reversed(range(rank)) for p in (pads[i], pads[rank + i])]
    while len(order) > 2 and order[-2:] == [0, 0]:
        order = order[:-2]
    mode = a.get("mode", b"constant").decode()
    if mode == "constant":
        return functional.pad(x, order, value=float(v[2]) if len(v) > 2 and v[2] is not None else 0.0)
    return functional.pad(x, order, mode={"edge": "replicate", "reflect": "reflect"}[mode])


def _resize(v: Values, a: Attributes) -> Any:
    mode, rule = a.get("mode", b"nearest").decode(), a.get("coordinate_transformation_mode", b"half_pixel").decode()
    scales = v[2].tolist() if len(v) > 2 and v[2] is not None else None
    size = _numbers(v[3])[-2:] if len(v) > 3 and v[3] is not None else None
    if mode == "nearest" and rule == "asymmetric" and a.get("nearest_mode") == b"floor":
        return functional.interpolate(v[0], size=size, scale_factor=scales[-2:] if scales else None, mode="nearest")
    if mode == "linear" and rule in ("half_pixel", "pytorch_half_pixel", "align_corners"):
        scale = scales[-2:] if scales else None
        return functional.interpolate(v[0], size, scale, mode="bilinear", align_corners=rule == "align_corners")
    raise RuntimeUnavailable(f"torch: the graph resizes by {mode} and {rule}, which this program can't")


def _reshape(v: Values, a: Attributes) -> Any:
    shape = [n if n != 0 or a.get("allowzero") else v[0].shape[i] for i, n in enumerate(_numbers(v[1]))]
    return v[0].reshape(shape)


def _concat(v: Values, a: Attributes) -> Any:
    if any(isinstance(x, list) for x in v):
        return [n for x in v for n in _numbers(x)]
    return torch.cat(_like(v), a["axis"])


def _clip(v: Values, a: Attributes) -> Any:
    low, high = (*v[1:], None, None)[:2]
    x = v[0] if low is None else torch.maximum(*_like([v[0], low]))
    return x if high is None else torch.minimum(*_like([x, high]))


def _squeeze(v: Values, a: Attributes) -> Any:
    return v[0].squeeze(tuple(_numbers(v[1]))) if len(v) > 1 else v[0].squeeze()


def _unsqueeze(v: Values, a: Attributes) -> Any:
    x, axes = v[0], _numbers(v[1])
    rank = x.dim() + len(axes)
    for axis in sorted(n % rank for n in axes):
        x = x.unsqueeze(axis)
    return x


def _shape(v: Values, a: Attributes) -> Any:
    return list(v[0].shape)[a.get("start", 0) : a.get("end")]


def _gather(v: Values, a: Attributes) -> Any:
    if isinstance(v[0], list):
        index = v[1] if isinstance(v[1], list) else int(v[1])
        return [v[0][i] for i in index] if isinstance(index, list) else v[0][index]
    index = torch.as_tensor(v[1], device=v[0].device)
    return torch.index_select(v[0], a.get("axis", 0), index.reshape(-1)).reshape(
        [*v[0].shape[: a.get("axis", 0)], *index.shape, *v[0].shape[a.get("axis", 0) + 1 :]]
    )


def _reduce(how: Callable[..., Any]) -> Callable[[Values, Attributes], Any]:
    def operator(v: Values, a: Attributes) -> Any:
        axes = _numbers(v[1]) if len(v) > 1 and v[1] is not None else list(a.get("axes", range(v[0].dim())))
        return how(v[0], axes, bool(a.get("keepdims", 1)))

    return operator


def _each(how: Callable[..., Any]) -> Callable[[Values, Attributes], Any]:
    def operator(v: Values, a: Attributes) -> Any:
        result, *rest = _like(v)
        for x in rest:
            result = how(result, x)
        return result

    return operator


def _one(how: Callable[[Any], Any]) -> Callable[[Values, Attributes], Any]:
    return lambda v, a: how(v[0])


def _quantise(v: Values, a: Attributes) -> Any:
    x, scale, zero = _like(v)
    low, high = (0, 255) if zero.dtype == torch.uint8 else (-128, 127)
    levels = torch.round(x / _along(scale, x, a)) + _along(zero.float(), x, a)
    return levels.clamp(low, high).to(zero.dtype)


def _dequantise(v: Values, a: Attributes) -> Any:
    x, scale, *zero = _like(v)
    wide = x.float() - _along(zero[0].float(), x, a) if zero and zero[0] is not None else x.float()
    return wide * _along(scale, x, a)


def _along(values: Any, x: Any, a: Attributes) -> Any:
    """One value for all of `x`, or one per index of the attribute's axis."""
    if values.dim() == 0:
        return values
    return values.reshape([-1 if i == a.get("axis", 1) % x.dim() else 1 for i in range(x.dim())])


def _average_pool(v: Values, a: Attributes) -> Any:
    window, pads = list(a["kernel_shape"]), list(a.get("pads", [0, 0, 0, 0]))
    if any(pads) or a.get("ceil_mode") or a.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise RuntimeUnavailable("torch: the graph averages over edges, which this program can't")
    return functional.avg_pool2d(v[0], window, list(a.get("strides", [1, 1])))


def _batch_norm(v: Values, a: Attributes) -> Any:
    x, scale, offset, mean, variance = _like(v)
    return functional.batch_norm(x, mean, variance, scale, offset, eps=a.get("epsilon", 1e-5))


def _constant_of_shape(v: Values, a: Attributes) -> Any:
    value = numpy_helper.to_array(a["value"]) if "value" in a else np.zeros(1, np.float32)
    return torch.from_numpy(value.copy()).expand(_numbers(v[0])).clone()


def _gather_nd(v: Values, a: Attributes) -> Any:
    if a.get("batch_dims"):
        raise RuntimeUnavailable("torch: the graph gathers by batches, which this program can't")
    return v[0][_places(v)]


def _scatter_nd(v: Values, a: Attributes) -> Any:
    if a.get("reduction", b"none") != b"none":
        raise RuntimeUnavailable("torch: the graph scatters and adds, which this program can't")
    x, places, values = _like(v)
    return x.index_put(_places([x, places]), values)


def _places(v: Values) -> tuple[Any, ...]:
    """Index tensors, one per axis, from ONNX's rows of indices."""
    return tuple(torch.as_tensor(v[1], device=v[0].device).long().unbind(-1))


def _where(v: Values, a: Attributes) -> Any:
    condition, yes, no = _like(v)
    return torch.where(condition, yes, no)


def _norm(x: Any, axes: list[int], keep: bool) -> Any:
    return torch.linalg.vector_norm(x, dim=axes, keepdim=keep)


_OPERATORS: dict[str, Callable[[Values, Attributes], Any]] = {
    "Abs": _one(torch.abs),
    "Add": _each(torch.add),
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concat,
    "ConstantOfShape": _constant_of_shape,
    "Conv": _conv,
    "DequantizeLinear": _dequantise,
    "Div": _each(torch.div),
    "Exp": _one(torch.exp),
    "Expand": lambda v, a: v[0] * torch.ones(_numbers(v[1]), dtype=v[0].dtype, device=v[0].device),
    "Flatten": lambda v, a: v[0].flatten(a.get("axis", 1)),
    "Gather": _gather,
    "GatherND": _gather_nd,
    "Gemm": _gemm,
    "GlobalAveragePool": lambda v, a: v[0].mean(tuple(range(2, v[0].dim())), keepdim=True),
    "Identity": _one(lambda x: x),
    "LeakyRelu": lambda v, a: functional.leaky_relu(v[0], a.get("alpha", 0.01)),
    "Log": _one(torch.log),
    "MatMul": _each(torch.matmul),
    "Max": _each(torch.maximum),
    "Min": _each(torch.minimum),
    "Mul": _each(torch.mul),
    "Neg": _one(torch.neg),
    "Pad": _pad,
    "Pow": _each(torch.pow),
    "QuantizeLinear": _quantise,
    "Reciprocal": _one(torch.reciprocal),
    "ReduceL2": _reduce(_norm),
    "ReduceLogSumExp": _reduce(torch.logsumexp),
    "ReduceMax": _reduce(torch.amax),
    "ReduceMean": _reduce(torch.mean),
    "ReduceMin": _reduce(torch.amin),
    "ReduceSum": _reduce(torch.sum),
    "Relu": _one(torch.relu),
    "Reshape": _reshape,
    "Resize": _resize,
    "ScatterND": _scatter_nd,
    "Shape": _shape,
    "Sigmoid": _one(torch.sigmoid),
    "Slice": _slice,
    "Softmax": lambda v, a: torch.softmax(v[0], a.get("axis", -1)),
    "Sqrt": _one(torch.sqrt),
    "Squeeze": _squeeze,
    "Sub": _each(torch.sub),
    "Sum": _each(torch.add),
    "Tanh": _one(torch.tanh),
    "Transpose": lambda v, a: v[0].permute(tuple(a["perm"])) if "perm" in a else v[0].T,
    "Unsqueeze": _unsqueeze,
    "Where": _where,
}
