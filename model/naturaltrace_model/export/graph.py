"""The ONNX graph: everything from uint8 crops and views to the outputs, residual filters and prototypes included."""

import copy
import io
from itertools import pairwise
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from naturaltrace.detection.runtime.base import TEXTURE
from naturaltrace.detection.session import MAP_OUTPUT, OUTPUTS, VIEW_EVIDENCE, VIEW_OUTPUT
from naturaltrace.imaging.crops import CROP
from naturaltrace.imaging.views import VIEW
from naturaltrace_model.networks.branches import NaturalTraceDetector

_FINAL = "final_"  # before the outputs' names while the exporter is at work
_LEAST_HALVED = 4096  # smaller tensors stay as they are: they weigh nothing, and scales and offsets are among them


class _Exported(nn.Module):
    """Both looks and the map, their outputs in the order and under the names that the companion reads."""

    def __init__(self, detector: NaturalTraceDetector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, crops: Tensor, views: Tensor) -> tuple[Tensor, ...]:
        detector = self.detector
        of_crops, of_views = detector.encoder(crops), detector.encoder(views)
        out, seen = detector.trace(detector.texture(of_crops)), detector.view(detector.texture(of_views))
        return (
            out.logit, out.proximity, out.quality, out.family, out.z_hom, seen.logit,
            detector.places(of_crops, detector.trace), detector.places(of_views, detector.view),
            seen.family, seen.embedding, out.features, seen.features,
        )  # fmt: skip


def to_onnx(detector: NaturalTraceDetector) -> bytes:
    """The graph of a trained detector, with a free number of crops and of views; checked before it is returned.

    The map inside each crop is what each place adds to the crop's logit. The graph computes in fp32; large weights are
    stored in fp16 and widened when it is loaded.
    """
    program: Any = torch.onnx.export(
        _Exported(folded(detector)).eval(),
        (torch.zeros(2, CROP, CROP, 3, dtype=torch.uint8), torch.zeros(2, VIEW, VIEW, 3, dtype=torch.uint8)),
        dynamo=True,
        input_names=["crops", "views"],
        output_names=[_FINAL + name for name in (*OUTPUTS, VIEW_OUTPUT, MAP_OUTPUT, *VIEW_EVIDENCE, *TEXTURE)],
        dynamic_shapes={"crops": {0: torch.export.Dim("n_crops")}, "views": {0: torch.export.Dim("n_views")}},
        opset_version=20,
        verbose=False,
    )
    buffer = io.BytesIO()
    onnx.save_model(program.model_proto, buffer)
    model = onnx.load_model_from_string(buffer.getvalue())
    widen_in_one_step(model)
    _name_outputs(model)
    _forget_where_it_was_made(model)
    store_in_half(model)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def folded(detector: NaturalTraceDetector) -> NaturalTraceDetector:
    """A copy, on the processor and for use only, whose encoder's normalisations are part of the convolutions before
    them.

    A runtime does that too when it loads a graph, but for crops and for views apart, and keeps the encoder twice then.
    """
    folded = copy.deepcopy(detector).float().cpu().eval().requires_grad_(False)
    for chain in [m for m in folded.encoder.modules() if isinstance(m, nn.Sequential)]:
        for i, (convolution, norm) in enumerate(pairwise(chain)):
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                chain[i], chain[i + 1] = fuse_conv_bn_eval(convolution, norm), nn.Identity()
    return folded


def widen_in_one_step(model: onnx.ModelProto) -> None:
    """One DequantizeLinear for what the exporter writes as cast, division and subtraction: pixels / 64 - 2."""
    graph = model.graph
    scalars = {t.name: float(numpy_helper.to_array(t)) for t in graph.initializer if not t.dims}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    for cast in [n for n in graph.node if n.op_type == "Cast"]:
        chain = [cast]
        while len(chain) < 3 and len(readers.get(chain[-1].output[0], ())) == 1:
            chain += readers[chain[-1].output[0]]
        if [n.op_type for n in chain] != ["Cast", "Div", "Sub"] or any(n.input[1] not in scalars for n in chain[1:]):
            continue
        divisor, offset = (scalars[n.input[1]] for n in chain[1:])
        zero = round(offset * divisor)
        if zero / divisor != offset or not 0 <= zero <= 255:
            continue
        at = f"{cast.output[0]}_at_once"
        graph.initializer.extend(
            (
                numpy_helper.from_array(np.array(1 / divisor, np.float32), f"{at}_scale"),
                numpy_helper.from_array(np.array(zero, np.uint8), f"{at}_zero"),
            )
        )
        made = helper.make_node(
            "DequantizeLinear", [cast.input[0], f"{at}_scale", f"{at}_zero"], [chain[2].output[0]], at
        )
        cast.CopyFrom(made)
        for node in chain[1:]:
            graph.node.remove(node)


def _name_outputs(model: onnx.ModelProto) -> None:
    """Give the outputs their names last: the exporter calls its own values after torch's operations, "view" for one."""
    taken, given = {o.name for o in model.graph.output}, _given(model)
    for node in model.graph.node:
        for i, name in enumerate(node.output):
            node.output[i] = name.removeprefix(_FINAL) if name in taken else f"inner_{name}" if name else name
        for i, name in enumerate(node.input):
            inside = name and name not in given
            node.input[i] = name.removeprefix(_FINAL) if name in taken else f"inner_{name}" if inside else name
    for output in model.graph.output:
        output.name = output.name.removeprefix(_FINAL)
    del model.graph.value_info[:]


def _given(model: onnx.ModelProto) -> set[str]:
    return {i.name for i in model.graph.input} | {t.name for t in model.graph.initializer}


def _forget_where_it_was_made(model: onnx.ModelProto) -> None:
    """Drop the exporter's stack traces, which name this machine's folders."""
    del model.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""


def store_in_half(model: onnx.ModelProto) -> None:
    """Keep large fp32 weights in fp16, widened when the graph is loaded."""
    casts: list[onnx.NodeProto] = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _LEAST_HALVED:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
