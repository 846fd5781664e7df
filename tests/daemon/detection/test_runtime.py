"""Which device runs the graph, and that it is only believed when it computes what the release computed."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from naturaltrace.detection import card as cards
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.runtime import choice, devices, selftest, tuning
from naturaltrace.detection.runtime.base import Runtime, RuntimeUnavailable
from naturaltrace.detection.runtime.choice import Choice
from naturaltrace.detection.runtime.kept import FILE, Kept
from naturaltrace.detection.runtime.onnx_runtime import OnnxRuntime, processors
from naturaltrace.imaging.crops import CROP
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.views import VIEW
from tests.daemon.images import encoded, photo
from tests.needs import needs

GRAPH = cards.released().graph.read_bytes()


@pytest.fixture(scope="module")
def cpu() -> OnnxRuntime:
    return OnnxRuntime(GRAPH, threads=1)


class Elsewhere:
    """A device that computes what the CPU computes, and `off` by so much."""

    def __init__(self, cpu: OnnxRuntime, off: float = 0.0, device: str = "cuda") -> None:
        self.device, self.outputs, self._cpu, self._off = device, cpu.outputs, cpu, off

    def run(
        self, names: Sequence[str], crops: NDArray[np.uint8], views: NDArray[np.uint8]
    ) -> list[NDArray[np.float32]]:
        return [value + np.float32(self._off) for value in self._cpu.run(names, crops, views)]


def offering(monkeypatch: pytest.MonkeyPatch, **made: Callable[[], Runtime]) -> None:
    """This machine has these devices, and the CPU."""

    def load(self: Choice, device: str) -> Runtime:
        return made[device]()

    monkeypatch.setattr(
        devices, "available", lambda: [*(d for d in made if d != "torch"), "cpu", *(d for d in made if d == "torch")]
    )
    monkeypatch.setattr(choice.Choice, "_load", load)


def choose(tmp_path: Path, device: str = "auto") -> choice.Chosen:
    return Choice(GRAPH, tmp_path / "none.npz", tmp_path, threads=1).make(device)


# --- devices ---------------------------------------------------------------------------------------------------------


def test_the_cpu_is_always_there() -> None:
    assert "cpu" in devices.available()
    assert devices.wanted("auto")[-1] == "cpu"


@pytest.mark.parametrize(
    ("setting", "order"),
    [
        ("auto", ["cuda", "openvino", "cpu"]),
        ("gpu", ["cuda", "openvino", "torch", "cpu"]),
        ("cpu", ["cpu"]),
        ("openvino", ["openvino", "cpu"]),
        ("torch", ["torch", "cpu"]),
        ("nonsense", ["cpu"]),
    ],
)
def test_a_setting_names_what_is_tried(monkeypatch: pytest.MonkeyPatch, setting: str, order: list[str]) -> None:
    monkeypatch.setattr(devices, "available", lambda: ["cuda", "openvino", "cpu", "torch"])
    assert devices.wanted(setting) == order


def missing(_name: str) -> None:
    """What find_spec says of what is not installed."""


def test_each_known_provider_has_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    built = ["TensorrtExecutionProvider", *reversed(devices.PROVIDERS.values())]
    monkeypatch.setattr(devices.ort, "get_available_providers", lambda: built)
    monkeypatch.setattr(devices, "find_spec", missing)
    assert devices.available() == ["cuda", "directml", "coreml", "openvino", "cpu"]


# --- choosing --------------------------------------------------------------------------------------------------------


def test_the_best_device_is_taken_when_it_proves_itself(
    cpu: OnnxRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offering(monkeypatch, cuda=lambda: Elsewhere(cpu, off=0.001))
    chosen = choose(tmp_path)
    assert (chosen.runtime.device, chosen.notices) == ("cuda", ())
    assert chosen.tuning.crops > tuning.default("cpu").crops


@pytest.mark.parametrize("off", [0.5, float("nan"), float("inf")])
def test_a_device_that_computes_something_else_is_left_out_and_named(
    cpu: OnnxRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off: float
) -> None:
    offering(monkeypatch, cuda=lambda: Elsewhere(cpu, off=off))
    chosen = choose(tmp_path)
    assert chosen.runtime.device == "cpu"
    assert "computes something else" in chosen.notices[0]
    assert "cuda" in chosen.notices[0]


def test_one_that_does_not_load_or_run_gives_way_to_the_next(
    cpu: OnnxRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Runtime:
        raise RuntimeUnavailable("cuda: no driver")

    offering(monkeypatch, cuda=broken, openvino=lambda: Elsewhere(cpu, device="openvino"))
    chosen = choose(tmp_path)
    assert chosen.runtime.device == "openvino"
    assert "no driver" in chosen.notices[0]


def test_one_that_took_the_program_down_is_not_tried_again(
    cpu: OnnxRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        """What no handler sees."""

    def crashing() -> Runtime:
        raise Crash

    offering(monkeypatch, cuda=crashing)
    with pytest.raises(Crash):
        choose(tmp_path)
    offering(monkeypatch, cuda=lambda: Elsewhere(cpu))
    chosen = choose(tmp_path)
    assert chosen.runtime.device == "cpu"
    assert "crashed" in chosen.notices[0]


def test_an_unknown_device_is_said_so(tmp_path: Path) -> None:
    chosen = choose(tmp_path, "abacus")
    assert chosen.runtime.device == "cpu"
    assert "abacus" in chosen.notices[0]


def test_a_provider_without_its_libraries_is_unavailable() -> None:
    with pytest.raises(RuntimeUnavailable, match="cuda"):
        OnnxRuntime(GRAPH, "cuda")


# --- the reference ---------------------------------------------------------------------------------------------------


def test_the_self_tests_inputs_never_change() -> None:
    crops, views = selftest.inputs()
    assert (crops.shape, views.shape) == ((4, 128, 128, 3), (1, VIEW, VIEW, 3))
    # Another sine may round a pixel or two otherwise; the tolerance knows.
    assert [int(c.astype(np.int64).sum()) for c in crops] == pytest.approx(CROP_SUMS, abs=30)
    assert int(views.astype(np.int64).sum()) == pytest.approx(VIEW_SUM, abs=30)


CROP_SUMS = [6278867, 6824242, 6269565, 6143640]
VIEW_SUM = 25536093


def test_a_reference_belongs_to_one_graph(cpu: OnnxRuntime, tmp_path: Path) -> None:
    file = tmp_path / "selftest.npz"
    reference = selftest.outputs_of(cpu)
    selftest.write(file, GRAPH, reference)
    found = selftest.read(file, GRAPH)
    assert found is not None
    assert found.keys() == reference.keys()
    assert selftest.differences(cpu, found) == []
    assert selftest.read(file, GRAPH + b"\0") is None


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 no zip", b"\x80\x04."])
def test_a_missing_or_damaged_reference_is_none(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "selftest.npz"
    if content is not None:
        file.write_bytes(content)
    assert selftest.read(file, GRAPH) is None


def test_the_stored_reference_counts_before_this_machines_own(
    cpu: OnnxRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "selftest.npz"
    selftest.write(file, GRAPH, {name: value + 5 for name, value in selftest.outputs_of(cpu).items()})
    offering(monkeypatch, cuda=lambda: Elsewhere(cpu, off=5.0))
    assert Choice(GRAPH, file, None, threads=1).make("auto").runtime.device == "cuda"


def test_the_released_reference_is_what_the_cpu_computes(cpu: OnnxRuntime) -> None:
    stored = selftest.read(cards.released().reference, GRAPH)
    if stored is None:
        pytest.skip("this release came without one: each machine's CPU provider makes it")
    assert selftest.differences(cpu, stored) == []


# --- measuring -------------------------------------------------------------------------------------------------------


def test_threads_and_crops_are_measured_once_and_kept(cpu: OnnxRuntime, tmp_path: Path) -> None:
    choice = Choice(GRAPH, tmp_path / "none.npz", tmp_path)
    assert choice.make("cpu").tuning == tuning.default("cpu")
    first = choice.tune(choice.make("cpu"))
    assert 1 <= first.tuning.threads <= processors()
    assert first.tuning.crops >= 6
    kept = json.loads((tmp_path / FILE).read_text())
    assert list(kept.values()) == [{"threads": first.tuning.threads, "crops": first.tuning.crops}]
    (tmp_path / FILE).write_text(json.dumps({key: {"threads": 1, "crops": 48} for key in kept}))
    again = choice.make("cpu")
    assert again.tuning == tuning.Tuning(1, 48)
    assert choice.tune(again) is again


@pytest.mark.parametrize(
    ("per_crop", "crops"),
    [([10, 10, 10, 10], 6), ([10, 5, 5, 5], 12), ([10, 6, 3, 3], 24), ([10, 6, 3, 2], 48), ([10, 11, 1, 1], 6)],
)
def test_room_for_more_crops_has_to_pay(cpu: OnnxRuntime, per_crop: list[int], crops: int) -> None:
    class Slow(Elsewhere):
        def run(self, names: Sequence[str], crops: NDArray[np.uint8], views: NDArray[np.uint8]) -> Any:
            clock.now += per_crop[[6, 12, 24, 48].index(len(crops))] * len(crops)
            return []

    class Clock:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    clock = Clock()
    assert tuning.measure(GRAPH, Slow(cpu), Kept(None), clock=clock)[0].crops == crops


@pytest.mark.parametrize("text", ["", "[]", '{"a": ', '{"x": {"threads": 0}}', "null"])
def test_a_damaged_file_is_measured_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    kept = Kept(tmp_path)
    assert tuning.known(kept, GRAPH, "cpu") is None
    kept.put("a", 1)
    assert Kept(tmp_path).get("a") == 1
    kept.put("a", None)
    assert Kept(tmp_path).get("a") is None


def test_nothing_is_kept_where_nothing_may_be(tmp_path: Path) -> None:
    Kept(None).put("a", 1)
    Kept(tmp_path / "gone").put("a", 1)
    assert list(tmp_path.iterdir()) == []


# --- torch -----------------------------------------------------------------------------------------------------------


@pytest.mark.torch
def test_torch_gives_the_same_verdicts(cpu: OnnxRuntime) -> None:
    needs("torch", "torch")
    by_cpu, by_torch = Detector(cards.released(), 1), Detector(cards.released(), 1, device="torch")
    assert by_torch.chosen.runtime.device == "torch", by_torch.chosen.notices
    images = [
        decode(encoded(photo(w, h, seed), "JPEG", quality=80))
        for w, h, seed in ((320, 240, 1), (900, 500, 2), (200, 700, 3))
    ]
    for a, b in zip(by_cpu.detect_many(images), by_torch.detect_many(images), strict=True):
        assert a.level is b.level
        assert a.probability is not None
        assert a.probability == pytest.approx(b.probability, abs=0.002)
        assert [c.logit for c in a.crops] == pytest.approx([c.logit for c in b.crops], abs=0.01)


@pytest.mark.torch
def test_torch_computes_every_output(cpu: OnnxRuntime) -> None:
    needs("torch", "torch")
    from naturaltrace.detection.runtime.torch_runtime import TorchRuntime

    runtime = TorchRuntime(GRAPH, "cpu")
    assert runtime.outputs == cpu.outputs
    assert selftest.differences(runtime, selftest.outputs_of(cpu)) == []


@pytest.mark.torch
def test_torch_reads_a_graph_in_eight_bits() -> None:
    needs("torch", "torch")
    onnx: Any = pytest.importorskip("onnx")
    from naturaltrace.detection.runtime.torch_runtime import TorchRuntime

    rng = np.random.default_rng(1)
    weights, node = rng.integers(-127, 127, (4, 3, 3, 3)).astype(np.int8), onnx.helper.make_node
    constants = {
        "scale": np.float32(0.02), "zero": np.uint8(100), "by": np.float32(255), "w": weights,
        "ws": rng.uniform(0.001, 0.02, 4).astype(np.float32), "wz": np.zeros(4, np.int8),
        "b": rng.integers(-900, 900, 4).astype(np.int32), "bs": np.full(4, 0.001, np.float32),
        "bz": np.zeros(4, np.int32),
    }  # fmt: skip
    nodes = [
        node("Cast", ["crops"], ["f"], to=1), node("Div", ["f", "by"], ["d"]),
        node("Transpose", ["d"], ["t"], perm=[0, 3, 1, 2]), node("QuantizeLinear", ["t", "scale", "zero"], ["q"]),
        node("DequantizeLinear", ["q", "scale", "zero"], ["x"]),
        node("DequantizeLinear", ["w", "ws", "wz"], ["wf"], axis=0),
        node("DequantizeLinear", ["b", "bs", "bz"], ["bf"], axis=0),
        node("Conv", ["x", "wf", "bf"], ["logit"], pads=[1, 1, 1, 1], strides=[2, 2]),
    ]  # fmt: skip
    shown = [onnx.helper.make_tensor_value_info(n, 2, ["n", s, s, 3]) for n, s in (("crops", CROP), ("views", VIEW))]
    told = [onnx.helper.make_tensor_value_info("logit", 1, None)]
    graph = onnx.helper.make_graph(
        nodes, "g", shown, told, [onnx.numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    content = model.SerializeToString()
    assert selftest.differences(TorchRuntime(content, "cpu"), selftest.outputs_of(OnnxRuntime(content))) == []


@pytest.mark.torch
def test_an_operator_that_torch_is_not_taught_is_refused_in_words() -> None:
    needs("torch", "torch")
    onnx: Any = pytest.importorskip("onnx")
    from naturaltrace.detection.runtime.torch_runtime import TorchRuntime

    node = onnx.helper.make_node("Loop", ["crops"], ["logit"])
    graph = onnx.helper.make_graph([node], "g", [], [])
    with pytest.raises(RuntimeUnavailable, match="Loop"):
        TorchRuntime(onnx.helper.make_model(graph).SerializeToString(), "cpu")


# Megabytes that runs added to what the loaded graph holds, and how many of them are left at rest.
RESTING = """
import resource
import numpy as np
from naturaltrace.detection import card
from naturaltrace.detection.runtime.onnx_runtime import OnnxRuntime
from naturaltrace.sandbox.idle import give_memory_back

def held():
    give_memory_back()
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() // 2**20

runtime = OnnxRuntime(card.released().graph.read_bytes(), threads=1)
runtime.rest()
loaded = held()
for crops, views in ((2, 1), (6, 2)):
    runtime.run(runtime.outputs, np.zeros((crops, 128, 128, 3), np.uint8), np.zeros((views, 256, 256, 3), np.uint8))
worked = held()
runtime.rest()
print(worked - loaded, held() - loaded)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is counted by Linux's own means")
def test_memory_for_runs_is_kept_for_the_next_one_and_goes_back_at_rest() -> None:
    output = subprocess.run([sys.executable, "-c", RESTING], capture_output=True, text=True, check=True).stdout
    kept, left = map(int, output.split())
    assert kept > 15
    assert left < kept / 2


def test_torch_is_never_loaded_unless_chosen() -> None:
    import subprocess
    import sys

    code = """
import sys
from naturaltrace.pipeline import Pipeline
import naturaltrace.server.daemon
Pipeline.released()
from naturaltrace.detection.runtime import devices
devices.available()
print([name for name in ("torch", "onnx", "naturaltrace_model.networks") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=90)
    assert done.stdout.strip() == "[]"
