"""Which of the two graphs runs on the CPU: eight bits only where they are right, and measured to be quicker."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naturaltrace.detection import card as cards
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.result import PixelLevel
from naturaltrace.detection.runtime import selftest, tuning
from naturaltrace.detection.runtime.base import Runtime
from naturaltrace.detection.runtime.choice import Choice, Chosen
from naturaltrace.detection.runtime.kept import FILE, Kept
from naturaltrace.detection.runtime.onnx_runtime import OnnxRuntime
from naturaltrace.imaging.decode import decode
from tests.daemon.images import encoded, photo
from tests.needs import needs

CARD = cards.released()
GRAPH = CARD.graph.read_bytes()
# A second graph that every release has: fp32's own bytes, told apart by a byte that no reader looks at.
SECOND = GRAPH + b"\xf2\x7f\x00"  # an unknown field of length 0
OUTPUTS = selftest.outputs_of(OnnxRuntime(GRAPH, threads=1))


def beside(folder: Path, content: bytes = SECOND, reference: selftest.Outputs | None = None) -> cards.EightBits:
    """A release's second graph in a folder, with its self-test."""
    (folder / "small.onnx").write_bytes(content)
    selftest.write(folder / cards.SELF_TEST_INT8, content, OUTPUTS if reference is None else reference)
    sha256 = hashlib.sha256(content).hexdigest()
    room = dict.fromkeys(OUTPUTS, 0.05)
    return cards.EightBits(folder / "small.onnx", sha256, folder / cards.SELF_TEST_INT8, room)


def choice(folder: Path, small: cards.EightBits | None, precision: str = "auto", threads: int | None = None) -> Choice:
    return Choice(GRAPH, folder / "none.npz", folder, threads, small=small, precision=precision)


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Measuring takes no time and finds the second graph so many times as fast."""

    def measure(_graph: bytes, runtime: Runtime, kept: Kept, **_: Any) -> tuple[tuning.Tuning, Runtime]:
        found = tuning.Tuning(1, 6)
        kept.put(tuning._key(_graph, runtime.device), {"threads": 1, "crops": 6})  # pyright: ignore[reportPrivateUsage]
        return found, runtime

    monkeypatch.setattr(tuning, "measure", measure)

    def find(speed: float) -> None:
        def times_as_fast(_one: Runtime, _other: Runtime) -> float:
            return speed

        monkeypatch.setattr(tuning, "times_as_fast", times_as_fast)

    return find


def settled(made: Choice) -> Chosen:
    return made.tune(made.make("cpu"))


# --- by measurement --------------------------------------------------------------------------------------------------


def test_before_anything_was_measured_it_is_fp32(tmp_path: Path) -> None:
    chosen = choice(tmp_path, beside(tmp_path)).make("cpu")
    assert (chosen.precision, chosen.notices) == ("fp32", ())


@pytest.mark.parametrize(("speed", "precision"), [(1.83, "int8"), (1.15, "int8"), (1.1, "fp32"), (0.7, "fp32")])
def test_it_runs_where_it_is_right_and_quicker_and_that_is_kept(
    tmp_path: Path, timed: Callable[[float], None], speed: float, precision: str
) -> None:
    timed(speed)
    made = choice(tmp_path, beside(tmp_path))
    chosen = settled(made)
    assert (chosen.precision, chosen.notices) == (precision, ())
    timed(99.0 if precision == "fp32" else 0.0)  # it is not measured again
    again = choice(tmp_path, beside(tmp_path))
    assert again.make("cpu").precision == precision
    assert settled(again).precision == precision
    assert (
        Choice(GRAPH, tmp_path / "none.npz", None, small=beside(tmp_path), precision="auto").make("cpu").precision
        == "fp32"
    )


def test_its_file_is_read_once_for_each_choice(
    tmp_path: Path, timed: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(2.0)
    read: list[str] = []

    def graph_bytes(graph: Any, sha256: str) -> bytes:
        read.append(sha256)
        return cards.graph_bytes(graph, sha256)

    monkeypatch.setattr("naturaltrace.detection.runtime.choice.graph_bytes", graph_bytes)
    assert settled(choice(tmp_path, beside(tmp_path))).precision == "int8"
    assert len(read) == 1


def test_another_release_is_measured_anew(tmp_path: Path, timed: Callable[[float], None]) -> None:
    timed(1.8)
    assert settled(choice(tmp_path, beside(tmp_path))).precision == "int8"
    assert choice(tmp_path, beside(tmp_path, SECOND + b"\xf2\x7f\x00")).make("cpu").precision == "fp32"


def test_the_quicker_one_is_really_timed() -> None:
    class Clock:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    class Takes:
        device, outputs = "cpu", ()

        def __init__(self, seconds: float) -> None:
            self._seconds = seconds

        def run(self, names: Any, crops: Any, views: Any) -> Any:
            clock.now += self._seconds

    clock = Clock()
    assert tuning.times_as_fast(Takes(0.02), Takes(0.05), clock=clock) == pytest.approx(2.5)


# --- as the user says ------------------------------------------------------------------------------------------------


def test_fp32_can_be_pinned(tmp_path: Path, timed: Callable[[float], None]) -> None:
    timed(2.0)
    assert settled(choice(tmp_path, beside(tmp_path))).precision == "int8"
    pinned = choice(tmp_path, beside(tmp_path), "fp32")
    assert pinned.make("cpu").precision == "fp32"
    assert settled(pinned).precision == "fp32"


def test_int8_can_be_pinned_and_needs_no_measurement(tmp_path: Path) -> None:
    chosen = choice(tmp_path, beside(tmp_path), "int8", threads=1).make("cpu")
    assert (chosen.precision, chosen.notices) == ("int8", ())


def test_a_release_without_one_says_so_only_when_asked(tmp_path: Path) -> None:
    assert choice(tmp_path, None).make("cpu").notices == ()
    chosen = choice(tmp_path, None, "int8").make("cpu")
    assert chosen.precision == "fp32"
    assert "no graph in eight bits" in chosen.notices[0]


# --- never where it is wrong -----------------------------------------------------------------------------------------


def told_off(chosen: Chosen, word: str) -> None:
    assert chosen.precision == "fp32"
    assert len(chosen.notices) == 1
    assert "cpu int8" in chosen.notices[0]
    assert word in chosen.notices[0]


@pytest.mark.parametrize("how", ["pinned", "measuring", "measured before"])
def test_a_machine_that_computes_something_else_gets_fp32(
    tmp_path: Path, timed: Callable[[float], None], how: str
) -> None:
    timed(2.0)
    other = {name: value + np.float32(0.2 if name == "logit" else 0) for name, value in OUTPUTS.items()}
    if how == "measured before":  # the data folder came from another machine
        assert settled(choice(tmp_path, beside(tmp_path))).precision == "int8"
    small = beside(tmp_path, reference=other)
    if how == "measuring":
        told_off(settled(choice(tmp_path, small)), "logit is off by 0.2")
    else:
        precision = "int8" if how == "pinned" else "auto"
        told_off(choice(tmp_path, small, precision).make("cpu"), "logit is off by 0.2")


def test_no_number_is_no_answer(tmp_path: Path) -> None:
    small = beside(tmp_path)
    runtime = OnnxRuntime(SECOND, threads=1)
    for spoilt in (np.float32("nan"), np.float32("inf")):
        outputs = {name: value.copy() for name, value in OUTPUTS.items()}
        outputs["logit"][0] = spoilt
        assert selftest.strayed(runtime, outputs, small.tolerance)
    assert selftest.strayed(runtime, {"logit": OUTPUTS["logit"][:1]}, small.tolerance)
    # An output that the card says nothing of may not differ at all.
    shifted = {"logit": OUTPUTS["logit"] + np.float32(0.001)}
    assert selftest.strayed(runtime, shifted, {})
    assert not selftest.strayed(runtime, shifted, small.tolerance)


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("small.onnx", None, "cannot read"),
        ("small.onnx", b"", "sha256"),
        ("small.onnx", SECOND[:-9], "sha256"),
        (cards.SELF_TEST_INT8, None, "should compute"),
        (cards.SELF_TEST_INT8, b"PK\x03\x04 no zip", "should compute"),
    ],
    ids=["no graph", "empty graph", "cut graph", "no reference", "damaged reference"],
)  # fmt: skip
@pytest.mark.parametrize("precision", ["auto", "int8"])
def test_what_is_missing_or_damaged_costs_only_speed(
    tmp_path: Path, timed: Callable[[float], None], precision: str, name: str, content: bytes | None, word: str
) -> None:
    timed(2.0)
    small = beside(tmp_path)
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    made = choice(tmp_path, small, precision)
    told_off(settled(made), word)


def test_one_that_took_the_program_down_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Crash(BaseException):
        """What no handler sees."""

    def crash(*_: Any) -> list[str]:
        raise Crash

    made = choice(tmp_path, beside(tmp_path), "int8")
    with monkeypatch.context() as patch:
        patch.setattr(selftest, "strayed", crash)
        with pytest.raises(Crash):
            made.make("cpu")
    told_off(choice(tmp_path, beside(tmp_path), "int8").make("cpu"), "crashed")
    assert any("trying" in key for key in json.loads((tmp_path / FILE).read_text()))


# --- the released one ------------------------------------------------------------------------------------------------


def released() -> cards.EightBits:
    if CARD.small is None:
        pytest.skip(f"{CARD.name} {CARD.version} came without a graph in eight bits: its card says what it came to")
    return CARD.small


def test_the_released_one_is_what_its_card_describes() -> None:
    small = released()
    content = cards.graph_bytes(small.graph, small.sha256)
    assert len(content) == CARD.raw["int8"]["graph"]["bytes"] <= 12_000_000
    assert len(GRAPH) <= 12_000_000
    reference = selftest.read(small.reference, content)
    assert reference is not None
    assert reference.keys() == small.tolerance.keys() == set(OnnxRuntime(GRAPH, threads=1).outputs)
    assert all(room > 0 for room in small.tolerance.values())
    measured = CARD.raw["int8"]["measured"]
    assert measured["verdicts_changed"] <= 0.03 * measured["images"]
    assert measured["mean_shift"] <= 0.01


def test_sums_that_overflow_are_seen() -> None:
    """Processors before VNNI add two products in 16 bits. With weights held below 64 no pair could reach that, so what
    is lost where large weights count for less stands for what is lost where their sums stop at 32,767."""
    needs("onnx", "train")
    import onnx
    from onnx import numpy_helper

    small = released()
    content = cards.graph_bytes(small.graph, small.sha256)
    reference = selftest.read(small.reference, content)
    assert reference is not None
    model = onnx.load_model_from_string(content)
    clipped = 0
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) == 4:
            weights = numpy_helper.to_array(tensor)
            clipped += int((np.abs(weights.astype(np.int16)) > 64).sum())
            tensor.CopyFrom(numpy_helper.from_array(np.clip(weights, -64, 64), tensor.name))
    assert clipped > 0
    assert selftest.strayed(OnnxRuntime(model.SerializeToString(), threads=1), reference, small.tolerance)


def test_both_graphs_give_the_same_levels() -> None:
    exact = Detector(CARD, threads=1)
    coarse = Detector(replace(CARD, small=released()), threads=1, precision="int8")
    if coarse.chosen.precision != "int8":
        pytest.skip(f"not on this machine: {coarse.chosen.notices}")
    levels = list(PixelLevel)
    images = [
        decode(encoded(photo(w, h, seed), "JPEG", quality=quality))
        for w, h, seed, quality in (
            (320, 240, 1, 80), (900, 500, 2, 90), (200, 700, 3, 60), (640, 480, 4, 95), (1024, 768, 5, 75),
            (400, 400, 6, 50),
        )
    ]  # fmt: skip
    shifts: list[float] = []
    changed = 0
    for a, b in zip(exact.detect_many(images), coarse.detect_many(images), strict=True):
        assert a.probability is not None
        assert b.probability is not None
        assert a.traits is not None
        assert b.traits is not None
        assert a.heat is not None
        assert b.heat is not None
        shifts.append(abs(a.probability - b.probability))
        changed += a.level is not b.level
        assert {a.level, b.level} <= set(levels)
        # Evidence is made of these: whose it looks like, and where.
        assert float(a.traits.view @ b.traits.view) > 0.95
        assert float(a.traits.crop @ b.traits.crop) > 0.98
        assert float(np.abs(a.heat.chance - b.heat.chance).mean(dtype=np.float64)) < 0.08
    assert np.mean(shifts) < 0.03
    assert changed <= 1
