"""The graph in eight bits: smaller, its ranges measured, its words nearly the same; and parity's arithmetic."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.needs import needs

needs("torch", "train")
needs("onnx", "train")

import onnx  # noqa: E402
import torch  # noqa: E402

from naturaltrace.detection import card as cards  # noqa: E402
from naturaltrace.detection.detector import Detector  # noqa: E402
from naturaltrace.detection.runtime.devices import ort  # noqa: E402
from naturaltrace.imaging.views import VIEW  # noqa: E402
from naturaltrace_model.evaluation.parity import Line, gaps, table  # noqa: E402
from naturaltrace_model.export import int8  # noqa: E402
from naturaltrace_model.export.graph import to_onnx  # noqa: E402
from naturaltrace_model.export.int8 import Comparison  # noqa: E402
from naturaltrace_model.export.quantise import NothingToQuantise, best_range, to_int8  # noqa: E402
from naturaltrace_model.networks.branches import DetectorConfig, NaturalTraceDetector  # noqa: E402
from naturaltrace_model.networks.encoder import EncoderConfig, Group  # noqa: E402
from tests.model.small import small_detector  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.timeout(600)]


def test_eight_bits_say_nearly_the_same_in_no_more_room() -> None:
    torch.manual_seed(0)
    detector = small_detector((16, 48, 96, 128))
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (24, 128, 128, 3)) * rng.uniform(2, 60, (24, 1, 1, 1))
    crops = np.clip(128 + noise, 0, 255).astype(np.uint8)
    views = rng.integers(0, 256, (6, VIEW, VIEW, 3), dtype=np.uint8)
    wide = to_onnx(detector)
    small = to_int8(wide, crops, views, batch=8)
    kinds = [node.op_type for node in onnx.load_model_from_string(small).graph.node]
    assert kinds.count("QuantizeLinear") >= 6
    names = ["logit", "embedding", "view"]
    found = [ort.InferenceSession(content).run(names, {"crops": crops, "views": views}) for content in (wide, small)]
    for exact, rounded in zip(*found, strict=True):
        exact, rounded = np.asarray(exact), np.asarray(rounded)
        assert np.abs(exact - rounded).max() < 0.1 * (1 + np.abs(exact).max())
    assert len(small) < len(wide)


@pytest.mark.parametrize("groups", [2, 5])
def test_what_is_quantised_follows_from_names_however_many_blocks_there_are(groups: int) -> None:
    torch.manual_seed(0)
    widths = (16, 24, 32, 40, 48)[:groups]
    encoder = EncoderConfig(16, tuple(Group(3, 2, 2, width, 1) for width in widths), tuple(range(groups)))
    config = DetectorConfig(encoder, hidden=8, embedding=8, prototypes=4)
    detector = NaturalTraceDetector(config).eval()
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (4, 128, 128, 3), dtype=np.uint8)
    views = rng.integers(0, 256, (1, VIEW, VIEW, 3), dtype=np.uint8)
    small = onnx.load_model_from_string(to_int8(to_onnx(detector), crops, views, batch=4))
    made_by = {out: node for node in small.graph.node for out in node.output}
    weights = {tensor.name: tensor for tensor in small.graph.initializer}
    coarse = {True: 0, False: 0}
    for node in small.graph.node:
        if node.op_type == "Conv":
            widened = made_by.get(node.input[1])
            in_eight = widened is not None and widened.op_type == "DequantizeLinear"
            coarse[in_eight] += 1
            if in_eight:
                assert widened is not None
                assert weights[widened.input[0]].data_type == onnx.TensorProto.INT8
    later = sum(isinstance(m, torch.nn.Conv2d) for block in detector.encoder.blocks[1:] for m in block.modules())
    every = sum(isinstance(m, torch.nn.Conv2d) for m in detector.encoder.modules())
    assert coarse == {True: 2 * later, False: 2 * (every - later)}  # for crops and for views


def test_a_graph_without_an_encoder_is_refused() -> None:
    nodes = [
        onnx.helper.make_node("Cast", ["crops"], ["logit"], to=1),
        onnx.helper.make_node("Cast", ["views"], ["view"], to=1),
    ]
    shown = [onnx.helper.make_tensor_value_info(n, 2, ["n", "h", "w", 3]) for n in ("crops", "views")]
    told = [onnx.helper.make_tensor_value_info(n, 1, ["n", "h", "w", 3]) for n in ("logit", "view")]
    graph = onnx.helper.make_graph(nodes, "g", shown, told)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    pixels = np.zeros((1, 8, 8, 3), np.uint8)
    with pytest.raises(NothingToQuantise):
        to_int8(model.SerializeToString(), pixels, pixels)


def test_a_release_gets_the_graph_its_self_test_and_what_it_came_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.model.sets import picture, saved

    card = cards.released()
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (8, 128, 128, 3), dtype=np.uint8)
    views = rng.integers(0, 256, (2, VIEW, VIEW, 3), dtype=np.uint8)
    samples = [saved(tmp_path, f"{i}.png", picture(i, (420, 340))) for i in range(2)]
    (tmp_path / card.graph.name).write_bytes(card.graph.read_bytes())
    monkeypatch.setattr(int8, "auc", lambda *_: 0.9)  # pyright: ignore[reportUnknownLambdaType]  # two pictures of one class
    limits = {"MOST_CHANGED": 1.0, "MOST_STEPS": 3, "MOST_MEAN_SHIFT": 1.0, "LEAST_ALIKE": -1.0, "LEAST_SPEED": 0.0}
    for name, limit in limits.items():
        monkeypatch.setattr(int8, name, limit)
    found = int8.quantise(card, crops, views, samples, tmp_path)
    written = cards.read(tmp_path / "card.json")
    assert written.small is not None
    content = cards.graph_bytes(written.small.graph, written.small.sha256)
    assert len(content) == found.bytes_int8 == written.raw["int8"]["graph"]["bytes"]
    assert written.raw["int8"]["measured"]["images"] == found.images == 2
    assert Detector(written, 1, precision="int8").chosen.precision == "int8"
    # The same machine, held to what no rounding allows, is not believed.
    strict = replace(written.small, tolerance=dict.fromkeys(written.small.tolerance, 1e-9))
    told = Detector(replace(written, small=strict), 1, precision="int8").chosen
    assert told.precision == "fp32"
    assert "something else" in told.notices[0]

    monkeypatch.setattr(int8, "LEAST_SPEED", 1e9)
    monkeypatch.setattr(int8, "to_int8", lambda *_: content)  # pyright: ignore[reportUnknownLambdaType]
    int8.quantise(card, crops, views, samples, tmp_path)
    again = cards.read(tmp_path / "card.json")
    assert again.small is None
    assert again.raw["int8"]["ships"] is False
    assert again.raw["int8"]["measured"]["images"] == 2
    assert not list(tmp_path.glob("*int8*"))


def _compared(
    *, changed: int = 1, steps: int = 1, mean: float = 0.005, loss: float = 0.0, speed: float = 1.6,
    size: int = 5_000_000, alike: float = 0.99,
) -> Comparison:  # fmt: skip
    return Comparison(100, 0.06, 0.03, mean, 0.8, 0.8 - loss, changed, steps, speed, 9_000_000, size, alike)


def test_it_takes_the_place_only_where_it_holds_and_helps() -> None:
    assert "may run" in _compared().table()
    others = _compared(changed=4), _compared(steps=2), _compared(mean=0.02), _compared(loss=0.02), _compared(speed=1.0)
    for other in (*others, _compared(size=12_000_001), _compared(alike=0.5)):
        assert "stays out" in other.table()


def test_a_range_gives_up_a_lone_peak_for_finer_steps() -> None:
    values = np.abs(np.random.default_rng(0).normal(0, 1, 400_000)).astype(np.float32)
    values[0] = 12.0
    least, largest = best_range(values, 0.0, 12.0)
    assert least == 0
    assert 4.0 < largest < 10.0
    least, largest = best_range(-values, -12.0, -0.0)
    assert largest == 0
    assert -10.0 < least < -4.0
    assert best_range(np.zeros(5, np.float32), 0.0, 0.0)[1] > 0


def test_gaps_are_over_files_that_both_ways_judged() -> None:
    lines = [Line("a", 0.5, 0.51, 0.51), Line("b", 0.2, 0.2, None), Line("c", None, None, None)]
    found = gaps(lines)
    assert found["torch ↔ onnx"] == (2, pytest.approx(0.01), pytest.approx(0.005))
    assert found["onnx ↔ companion"] == (1, 0.0, 0.0)
    assert "torch ↔ companion" in table(lines)


def test_the_companion_says_what_the_graph_says(tmp_path: Path) -> None:
    from naturaltrace.detection.card import released
    from naturaltrace_model.evaluation.parity import TOLERANCE, parity
    from tests.model.sets import picture, saved

    sample = saved(tmp_path, "a.png", picture(1, (420, 340)))
    found = gaps(parity(released(), None, [sample], companion=True))
    assert list(found) == ["onnx ↔ companion"]
    assert found["onnx ↔ companion"][1] <= TOLERANCE


def test_the_trained_network_goes_through_the_companions_own_code(tmp_path: Path) -> None:
    from naturaltrace.detection.card import released
    from naturaltrace_model.evaluation.parity import parity
    from naturaltrace_model.networks.branches import NaturalTraceDetector
    from tests.model.sets import picture, saved

    sample = saved(tmp_path, "a.png", picture(1, (420, 340)))
    (line,) = parity(released(), NaturalTraceDetector().eval(), [sample], companion=False)
    assert line.torch is not None, "an untrained network of the released shape says something too"
    assert line.onnx is not None
