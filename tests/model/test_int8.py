"""The graph in eight bits: smaller, its ranges measured, its words nearly the same; and parity's arithmetic."""

from pathlib import Path

import numpy as np
import pytest

from tests.needs import needs

needs("torch", "train")
needs("onnx", "train")

import onnx  # noqa: E402
import torch  # noqa: E402

from naturaltrace.detection.runtime.devices import ort  # noqa: E402
from naturaltrace.imaging.views import VIEW  # noqa: E402
from naturaltrace_model.evaluation.parity import Line, gaps, table  # noqa: E402
from naturaltrace_model.export.graph import to_onnx  # noqa: E402
from naturaltrace_model.export.int8 import Comparison  # noqa: E402
from naturaltrace_model.export.quantise import best_range, to_int8  # noqa: E402
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
    # The encoder is run twice, and its folded weights lie in the eight-bit graph twice: no larger is what can be asked.
    assert len(small) < 1.1 * len(wide)


def _compared(
    *, changed: int = 1, steps: int = 1, mean: float = 0.005, loss: float = 0.0, speed: float = 1.6
) -> Comparison:
    return Comparison(100, 0.06, 0.03, mean, 0.8, 0.8 - loss, changed, steps, speed, 9_000_000, 5_000_000)


def test_it_takes_the_place_only_where_it_holds_and_helps() -> None:
    assert "takes the place" in _compared().table()
    others = _compared(changed=4), _compared(steps=2), _compared(mean=0.02), _compared(loss=0.02), _compared(speed=1.0)
    for other in others:
        assert "stays out" in other.table()


def test_a_range_gives_up_a_lone_peak_for_finer_steps() -> None:
    values = np.abs(np.random.default_rng(0).normal(0, 1, 400_000)).astype(np.float32)
    values[0] = 12.0
    assert 4.0 < best_range(values, 12.0) < 10.0
    assert best_range(np.zeros(5, np.float32), 0.0) > 0


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
