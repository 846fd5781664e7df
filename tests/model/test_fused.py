"""The graph's short way to the texture statistics and their map, against the long one."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
import onnxruntime as ort  # noqa: E402  # pyright: ignore[reportMissingTypeStubs]
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from naturaltrace_model.export.fused import FusedStatistics  # noqa: E402
from naturaltrace_model.export.graph import _widen_in_one_step  # noqa: E402  # pyright: ignore[reportPrivateUsage]
from naturaltrace_model.networks.branches import DetectorConfig, NaturalTraceDetector  # noqa: E402
from naturaltrace_model.networks.encoder import EncoderConfig  # noqa: E402


def test_both_ways_say_the_same() -> None:
    torch.manual_seed(3)
    taps = ((0, 6), (1, 12), (2, 16), (3, 60), (4, 20))
    wide = EncoderConfig(widths=(8, 12, 16, 20, 24), depths=(1, 1, 1, 1, 1), taps=taps)
    detector = NaturalTraceDetector(DetectorConfig(wide, correlated=4, hidden=8, embedding=4, prototypes=4)).eval()
    for tap, (c, rank) in enumerate(zip(detector.texture.channels, detector.texture.ranks, strict=True)):
        if rank:
            detector.texture.set_directions(tap, torch.randn(rank, c))
    head = detector.trace
    head.standard.mean.normal_()
    head.standard.deviation.uniform_(0.5, 2)
    maps = [torch.randn(2, c, 32 >> s, 32 >> s) * 3 + 40 for s, c in wide.taps]
    maps[1][:, 3] = 0  # a dead channel
    with torch.no_grad():
        fused = FusedStatistics(detector.texture, maps)
        np.testing.assert_allclose(fused.statistics, detector.texture(maps), rtol=1e-4, atol=1e-4)
        expected = detector.places(maps, head)
        np.testing.assert_allclose(fused.places(head), expected, rtol=1e-3, atol=1e-3)
        assert expected.std() > 0.05


@pytest.mark.parametrize(("divisor", "offset", "steps"), [(64.0, 2.0, 1), (64.0, 5.0, 3), (255.0, 0.45, 3)])
def test_pixels_are_widened_in_one_step_where_that_is_exact(divisor: float, offset: float, steps: int) -> None:
    values = {"by": divisor, "less": offset}
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["pixels"], ["wide"], to=TensorProto.FLOAT),
            helper.make_node("Div", ["wide", "by"], ["divided"]),
            helper.make_node("Sub", ["divided", "less"], ["out"]),
        ],
        "widening",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, [256])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [256])],
        [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    _widen_in_one_step(model)
    onnx.checker.check_model(model, full_check=True)
    assert len(model.graph.node) == steps
    pixels = np.arange(256, dtype=np.uint8)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(
        np.asarray(session.run(None, {"pixels": pixels})[0]), pixels / divisor - offset, rtol=1e-6, atol=1e-6
    )
