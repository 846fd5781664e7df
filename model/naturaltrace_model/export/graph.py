"""The ONNX graph: everything from uint8 crops and views to the outputs, residual filters and prototypes included."""

import io
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from naturaltrace.detection.session import OUTPUTS, VIEW_OUTPUT
from naturaltrace.imaging.crops import CROP
from naturaltrace.imaging.views import VIEW
from naturaltrace_model.networks.trace_net import TraceNet
from naturaltrace_model.networks.view_net import ViewNet

_LEAST_HALVED = 1024  # smaller tensors stay as they are: they weigh nothing, and scales and offsets live there


class _Exported(nn.Module):
    """Both branches, their outputs in the order and under the names that the companion reads."""

    def __init__(self, trace: TraceNet, view: ViewNet) -> None:
        super().__init__()
        self.trace, self.view = trace, view

    def forward(self, crops: Tensor, views: Tensor) -> tuple[Tensor, ...]:
        out = self.trace(crops)
        return out.logit, out.proximity, out.quality, out.family, out.z_hom, self.view(views).logit


def to_onnx(trace: TraceNet, view: ViewNet) -> bytes:
    """The graph of two trained networks, with a free number of crops and of views; checked before it is returned.

    It computes in fp32; large weights are stored in fp16 and widened when the graph is loaded.
    """
    program: Any = torch.onnx.export(
        _Exported(trace.float().cpu(), view.float().cpu()).eval(),
        (torch.zeros(2, CROP, CROP, 3, dtype=torch.uint8), torch.zeros(2, VIEW, VIEW, 3, dtype=torch.uint8)),
        dynamo=True,
        input_names=["crops", "views"],
        output_names=[*OUTPUTS, VIEW_OUTPUT],
        dynamic_shapes={"crops": {0: torch.export.Dim("n_crops")}, "views": {0: torch.export.Dim("n_views")}},
        opset_version=20,
        verbose=False,
    )
    buffer = io.BytesIO()
    onnx.save_model(program.model_proto, buffer)
    model = onnx.load_model_from_string(buffer.getvalue())
    _forget_where_it_was_made(model)
    _store_in_half(model)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def _forget_where_it_was_made(model: onnx.ModelProto) -> None:
    """Drop the exporter's stack traces, which name this machine's folders."""
    del model.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""


def _store_in_half(model: onnx.ModelProto) -> None:
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
