"""What is done to the graph between the exporter and the file, and the encoder that comes back out of it."""

import dataclasses
import hashlib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
import onnxruntime as ort  # noqa: E402  # pyright: ignore[reportMissingTypeStubs]
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from naturaltrace.detection import card as cards  # noqa: E402
from naturaltrace_model.export.graph import folded, widen_in_one_step  # noqa: E402
from naturaltrace_model.export.restored import encoder_of  # noqa: E402
from naturaltrace_model.training.detector import start  # noqa: E402
from tests.model.small import small_detector, used_norms  # noqa: E402


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
    widen_in_one_step(model)
    onnx.checker.check_model(model, full_check=True)
    assert len(model.graph.node) == steps
    pixels = np.arange(256, dtype=np.uint8)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(
        np.asarray(session.run(None, {"pixels": pixels})[0]), pixels / divisor - offset, rtol=1e-6, atol=1e-6
    )


def test_normalisations_go_into_the_convolutions_and_change_nothing_else() -> None:
    torch.manual_seed(0)
    detector = used_norms(small_detector())
    crops = torch.randint(0, 256, (2, 128, 128, 3), dtype=torch.uint8)
    before = {name: value.clone() for name, value in detector.state_dict().items()}
    lighter = folded(detector)
    assert not [m for m in lighter.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    with torch.no_grad():
        for mine, theirs in zip(lighter.of_crops(crops), detector.of_crops(crops), strict=True):
            torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-4)
    assert all(torch.equal(value, before[name]) for name, value in detector.state_dict().items())


def test_the_encoder_comes_back_out_of_the_released_graph() -> None:
    card = cards.released()
    crops = np.random.default_rng(0).integers(0, 256, (3, 128, 128, 3), dtype=np.uint8)
    session = ort.InferenceSession(card.graph.read_bytes(), providers=["CPUExecutionProvider"])
    views = np.zeros((0, 256, 256, 3), np.uint8)
    served = np.asarray(session.run(["crop_texture"], {"crops": crops, "views": views})[0])
    constants = {
        t.name: numpy_helper.to_array(t) for t in onnx.load_from_string(card.graph.read_bytes()).graph.initializer
    }
    mean, deviation = (constants[f"detector.trace.standard.{name}"] for name in ("mean", "deviation"))
    with resources.as_file(resources.files("naturaltrace_model.released")) as folder:
        detector = start(folder / "card.json")
    with torch.no_grad():
        found = detector.texture(detector.encoder(torch.from_numpy(crops))).numpy()
    np.testing.assert_allclose(((found - mean) / deviation).clip(-6, 6), served, atol=1e-3)


def test_a_graph_without_the_cards_encoder_is_refused(tmp_path: Path) -> None:
    card = cards.released()
    content = onnx.load_from_string(card.graph.read_bytes())
    kept = [t for t in content.graph.initializer if "blocks.3" not in t.name]
    del content.graph.initializer[:]
    content.graph.initializer.extend(kept)
    other = tmp_path / "other.onnx"
    other.write_bytes(content.SerializeToString())
    with pytest.raises(cards.CardError, match="another sha256"):
        encoder_of(dataclasses.replace(card, graph=other))
    changed = dataclasses.replace(card, graph=other, sha256=hashlib.sha256(other.read_bytes()).hexdigest())
    with pytest.raises(ValueError, match="holds no encoder of this kind"):
        encoder_of(changed)
