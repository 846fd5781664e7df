"""Other detectors: what does not fit its card is refused, what fits is tested, kept and used."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.needs import needs

needs("onnx", "train")

import onnx  # noqa: E402
from onnx import TensorProto, helper  # noqa: E402

from naturaltrace.detection.card import CardError  # noqa: E402
from naturaltrace.detectors.calibrate import platt, threshold  # noqa: E402
from naturaltrace.detectors.card import Output, parse  # noqa: E402
from naturaltrace.detectors.choose import pipeline_with  # noqa: E402
from naturaltrace.detectors.compare import auc  # noqa: E402
from naturaltrace.detectors.graph import log_odds  # noqa: E402
from naturaltrace.detectors.picture import picture  # noqa: E402
from naturaltrace.detectors.registry import Registry, UnknownDetector  # noqa: E402
from naturaltrace.detectors.template import template  # noqa: E402
from naturaltrace.storage.paths import DataFolder  # noqa: E402
from tests.daemon.images import encoded, photo  # noqa: E402
from tests.daemon.programs import naturaltrace  # noqa: E402


def _red_graph(path: Path, *, weight: float = 20.0, classes: int = 1, size: int = 64) -> Path:
    """A "detector" whose logit is `weight` times (mean red - 0.5), of pictures (N, 3, size, size) in 0..1."""
    weights = np.zeros((3, classes), np.float32)
    weights[0, classes - 1] = weight
    bias = np.zeros(classes, np.float32)
    bias[classes - 1] = -weight / 2
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["pixels"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["flat"]),
            helper.make_node("Gemm", ["flat", "w", "b"], ["score"]),
        ],
        "red",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, size, size])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n", classes])],
        [onnx.numpy_helper.from_array(weights, "w"), onnx.numpy_helper.from_array(bias, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


def _card(graph: Path, **changes: Any) -> dict[str, Any]:
    card = template(graph)
    card |= {"name": "red", "licence": "CC0-1.0", "source": "a test"}
    card["input"] |= {"mean": [0, 0, 0], "deviation": [1, 1, 1], "fit": "stretch"}
    card["calibration"]["thresholds"] = {"ai": 3.0, "likely_ai": 1.0, "no_sign": -1.0}
    for name, value in changes.items():
        first, _, second = name.partition("__")
        card[first] = {**card[first], second: value} if second else value
    return card


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    return _red_graph(tmp_path / "red.onnx")


@pytest.fixture
def registry(folder: DataFolder) -> Registry:
    return Registry(folder)


def _coloured(red: int) -> bytes:
    from PIL import Image

    return encoded(Image.new("RGB", (80, 60), (red, 90, 90)), "PNG")


def test_an_added_detector_is_listed_used_and_removed(graph: Path, registry: Registry, folder: DataFolder) -> None:
    registry.add(graph, _card(graph))
    assert [(c.name, c.licence) for c in registry.list() if not isinstance(c, CardError)] == [("red", "CC0-1.0")]
    pipeline = pipeline_with("red", folder.root)
    levels = [pipeline.check(_coloured(red)).to_json() for red in (250, 160, 128, 10)]
    assert [v["level"] for v in levels] == ["ai", "likely_ai", "unclear", "no_sign"]
    assert levels[0]["model"] == {"name": "red", "version": "1"}
    assert levels[0]["probability"] is None  # thresholds alone allow no chance
    registry.remove("red")
    assert registry.list() == []
    with pytest.raises(UnknownDetector, match="red"):
        pipeline_with("red", folder.root)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"graph__sha256": "0" * 64}, "another sha256"),
        ({"input__name": "image"}, "inputs are pixels"),
        ({"input__width": 128}, "the card describes"),
        ({"input__layout": "NHWC"}, "the card describes"),
        ({"input__type": "uint8"}, "the card says uint8"),
        ({"output__name": "logits"}, "outputs are score"),
        ({"output__meaning": "logits"}, "does not fit `output`"),
        ({"output__meaning": "probability"}, "no probabilities"),
        ({"input__scale": 0.0}, "says the same of every picture"),
        ({"self_test": [{"picture": "gradient", "score": 9.0}]}, "the self-test fails"),
        ({"self_test": [{"picture": "a cat", "score": 9.0}]}, "no test picture"),
        ({"calibration": None}, "no calibration"),
        ({"licence": ""}, "licence"),
        ({"name": "../up"}, "`name`"),
        ({"name": "natural-trace"}, "bundled"),
        ({"schema": 2}, "schema"),
        ({"input__mean": [0, 0]}, "three values"),
        ({"input__kernel": "magic"}, "kernel"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(
    graph: Path, registry: Registry, folder: DataFolder, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(CardError, match=why):
        registry.add(graph, _card(graph, **changes))
    assert registry.list() == []
    assert not (folder.root / "detectors").exists() or not any((folder.root / "detectors").iterdir())


def test_what_is_no_graph_is_refused(tmp_path: Path, graph: Path, registry: Registry) -> None:
    nonsense = tmp_path / "nonsense.onnx"
    nonsense.write_bytes(b"not a graph")
    sha256 = hashlib.sha256(b"not a graph").hexdigest()
    with pytest.raises(CardError, match="can't load"):
        registry.add(nonsense, _card(graph, graph__sha256=sha256))


def test_a_name_is_taken_over_only_when_asked(graph: Path, tmp_path: Path, registry: Registry) -> None:
    registry.add(graph, _card(graph))
    other = _red_graph(tmp_path / "other.onnx", weight=5.0)
    with pytest.raises(CardError, match="added before"):
        registry.add(other, _card(other))
    tested = registry.add(other, _card(other, version="2"), replace=True)
    assert registry.open("red").model.version == "2"
    registry.add(
        other, _card(other, self_test=[{"picture": p, "score": s} for p, s in tested.scores.items()]), replace=True
    )


def test_a_damaged_detector_is_said_and_does_not_hide_the_others(
    graph: Path, registry: Registry, folder: DataFolder
) -> None:
    registry.add(graph, _card(graph))
    registry.add(graph, _card(graph, name="second"))
    (folder.root / "detectors" / "red" / "card.json").write_text("{")
    (problem, second) = registry.list()
    assert isinstance(problem, CardError)
    assert not isinstance(second, CardError)
    (folder.root / "detectors" / "second" / "graph.onnx").write_bytes(b"other")
    with pytest.raises(CardError, match="sha256"):
        registry.open("second")


def test_numbers_become_log_odds() -> None:
    values = np.array([[0.5, 2.0], [1.0, -1.0]])
    assert log_odds(values, Output("o", "logits", 1)) == pytest.approx([1.5, -2.0])
    assert log_odds(values, Output("o", "logits", 0)) == pytest.approx([-1.5, 2.0])
    assert log_odds(np.array([[0.8], [0.5]]), Output("o", "probability")) == pytest.approx([np.log(4), 0.0])
    assert log_odds(np.array([[0.8]]), Output("o", "probability", 0)) == pytest.approx([-np.log(4)])
    assert log_odds(np.array([[0.2, 0.8]]), Output("o", "probabilities", 1)) == pytest.approx([np.log(4)])
    with pytest.raises(CardError, match="finite"):
        log_odds(np.array([[np.nan]]), Output("o", "logit"))


@pytest.mark.parametrize("fit", ["stretch", "shorter-side", "centre-crop"])
@pytest.mark.parametrize("size", [(300, 200), (40, 500), (20, 20)])
def test_every_image_fills_the_input(graph: Path, fit: str, size: tuple[int, int]) -> None:
    pixels = np.asarray(photo(*size))
    wanted = parse(_card(graph, input__fit=fit)).input
    made = picture(pixels, wanted)
    assert (made.shape, made.dtype) == ((3, 64, 64), np.float32)
    assert 0 <= made.min() < made.max() <= 1


def test_order_layout_and_normalisation_are_the_cards(graph: Path) -> None:
    pixels = np.full((64, 64, 3), (255, 0, 51), np.uint8)
    changes = {"input__order": "BGR", "input__layout": "NHWC", "input__mean": [0.5] * 3, "input__deviation": [0.5] * 3}
    made = picture(pixels, parse(_card(graph, **changes)).input)
    assert made[0, 0] == pytest.approx([-0.6, -1.0, 1.0], abs=1e-6)


def test_thresholds_keep_their_promise_or_are_left_out() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(size=1000)
    found = threshold(real, 0.03)
    assert found is not None
    assert (1 + (real >= found).sum()) / 1001 <= 0.03
    assert threshold(real[:100], 0.005) is None
    slope, intercept = platt(rng.normal(-1, 1, 4000), rng.normal(1, 1, 4000))
    assert (slope, intercept) == (pytest.approx(2.0, abs=0.2), pytest.approx(0.0, abs=0.1))


def test_auc_counts_ties_half() -> None:
    assert auc([(1, 0.9), (0, 0.1)]) == 1.0
    assert auc([(1, 0.5), (0, 0.5)]) == 0.5
    assert auc([(1, 0.5)]) is None


def test_the_commands_from_card_to_comparison(graph: Path, tmp_path: Path, folder: DataFolder) -> None:
    at = ("--data-dir", folder.root)
    rng = np.random.default_rng(3)
    for label, mean in (("real", 90), ("generated", 165)):
        (tmp_path / "set" / label).mkdir(parents=True)
        for number in range(40):
            red = int(np.clip(rng.normal(mean, 20), 0, 255))
            (tmp_path / "set" / label / f"{number}.png").write_bytes(_coloured(red))
    made = naturaltrace("detectors", "card", graph)
    card: dict[str, Any] = {**json.loads(made.stdout), "name": "red", "licence": "CC0-1.0", "source": "a test"}
    card["input"] |= {"mean": [0, 0, 0], "deviation": [1, 1, 1], "fit": "stretch"}
    (tmp_path / "card.json").write_text(json.dumps(card))
    added = naturaltrace(
        "detectors", "add", graph, "--card", tmp_path / "card.json", "--calibrate", tmp_path / "set", *at
    )
    assert added.returncode == 0, added.stderr
    assert "Licence: CC0-1.0" in added.stdout
    assert "Self-test passed" in added.stdout
    listed = json.loads(naturaltrace("detectors", "list", "--json", *at).stdout)
    assert [d["name"] for d in listed["detectors"]] == ["natural-trace", "red"]
    compared = json.loads(naturaltrace("detectors", "compare", tmp_path / "set", "--json", *at).stdout)
    mine = next(d for d in compared["detectors"] if d["detector"] == "red")
    assert (mine["real"], mine["generated"]) == (40, 40)
    assert mine["auc"] > 0.9
    assert mine["levels"]["ai"] == 0  # forty real images can't promise 1 in 200
    assert naturaltrace("detectors", "remove", "red", *at).returncode == 0
    assert naturaltrace("detectors", "remove", "red", *at).returncode == 1
