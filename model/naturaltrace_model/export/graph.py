"""The ONNX graph: everything from uint8 crops to the five outputs, residual filters and prototypes included."""

import io
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from naturaltrace.detection.session import OUTPUTS
from naturaltrace.imaging.crops import CROP
from naturaltrace_model.networks.trace_net import TraceNet


class _Exported(nn.Module):
    """The network's outputs in the order and under the names that the companion reads."""

    def __init__(self, network: TraceNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        out = self.network(crops)
        return out.logit, out.proximity, out.quality, out.family, out.z_hom


def to_onnx(network: TraceNet) -> bytes:
    """The graph of a trained network, fp32, with a free number of crops; checked before it is returned."""
    network = network.eval().float().cpu()
    example = torch.randint(0, 256, (2, CROP, CROP, 3), dtype=torch.uint8)
    buffer = io.BytesIO()
    program = torch.onnx.export(
        _Exported(network).eval(),
        (example,),
        dynamo=True,
        input_names=["crops"],
        output_names=list(OUTPUTS),
        dynamic_shapes={"crops": {0: torch.export.Dim("crops")}},
        opset_version=20,
        verbose=False,
    )
    assert program is not None
    onnx.save_model(program.model_proto, buffer)
    model = onnx.load_model_from_string(buffer.getvalue())
    del model.metadata_props[:]
    for node in model.graph.node:
        # The exporter writes its own stack traces into each node; they would name this machine's folders.
        del node.metadata_props[:]
        node.doc_string = ""
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def write(network: TraceNet, path: Path) -> bytes:
    """Write the graph to `path` and return its bytes."""
    graph = to_onnx(network)
    path.write_bytes(graph)
    return graph
