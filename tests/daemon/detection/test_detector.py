"""The released detector, as the companion runs it."""

import json
import os
import shutil
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from naturaltrace.detection import card as cards
from naturaltrace.detection.card import Card, CardError
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.result import PixelLevel, UnclearReason
from naturaltrace.imaging.decoded import DecodedImage


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.released(threads=1)


@pytest.fixture(scope="module")
def photo() -> DecodedImage:
    from skimage import data  # pyright: ignore[reportMissingTypeStubs]

    pixels: Any = data.astronaut()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return _image(np.asarray(pixels, dtype=np.uint8))


def _image(pixels: NDArray[np.uint8]) -> DecodedImage:
    return DecodedImage(pixels, "PNG", "0" * 64, 1)


def _copy(folder: Path) -> Path:
    with as_file(files(cards.RELEASED_PACKAGE)) as released:
        for path in released.iterdir():
            if path.suffix in (".json", ".onnx"):
                shutil.copy(path, folder)
    return folder / "card.json"


def test_a_photo_gets_a_probability_and_rates(detector: Detector, photo: DecodedImage) -> None:
    found = detector.detect(photo)
    assert found.probability is not None
    assert 0 <= found.probability <= 1
    assert found.real_rate is not None
    assert 0 < found.real_rate <= 1
    assert found.generated_rate is not None
    assert 0 < found.generated_rate <= 1
    assert found.jpeg_quality is not None
    assert found.model.name == detector.card.name
    assert 1 <= len(found.crops) <= 12
    for crop in found.crops:
        assert 0 <= crop.x <= photo.width - crop.size
        assert 0 <= crop.y <= photo.height - crop.size


def test_asking_twice_or_in_company_changes_nothing(detector: Detector, photo: DecodedImage) -> None:
    other = _image(np.ascontiguousarray(photo.pixels[::-1]))
    alone = detector.detect(photo)
    first, _, again = detector.detect_many([photo, other, photo])
    assert alone.probability is not None
    assert first.probability == pytest.approx(alone.probability, abs=1e-4)
    assert again.level is first.level is alone.level


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.full((300, 300, 3), 128, dtype=np.uint8), UnclearReason.FLAT),
        (np.zeros((300, 300, 3), dtype=np.uint8), UnclearReason.FLAT),
        (
            np.linspace(0, 255, 300).astype(np.uint8)[None, :, None].repeat(300, 0).repeat(3, 2),
            UnclearReason.FLAT,
        ),
        (np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8), UnclearReason.NOISE),
        (np.random.default_rng(0).integers(0, 256, (100, 600, 3), dtype=np.uint8), UnclearReason.TOO_SMALL),
        (np.random.default_rng(0).integers(0, 256, (130, 9000, 3), dtype=np.uint8), UnclearReason.TOO_SMALL),
    ],
    ids=["grey", "black", "gradient", "noise", "thin", "strip"],
)
def test_what_cannot_be_judged_gets_no_number_and_a_reason(
    detector: Detector, pixels: NDArray[np.uint8], reason: UnclearReason
) -> None:
    found = detector.detect(_image(pixels))
    assert (found.level, found.probability, found.reason) == (PixelLevel.UNCLEAR, None, reason)


def test_the_released_card_describes_its_graph_and_its_figures() -> None:
    card = cards.released()
    graph = card.graph.read_bytes()
    assert len(graph) == card.raw["graph"]["bytes"] <= 12_000_000
    for measured in card.raw["figures"].values():
        for figures in measured["conditions"].values():
            assert 0 <= figures["auc"] <= 1
            assert figures["real"] == measured["real_images"] or figures["real"] > 0
    assert card.rates.ai <= 0.005
    assert card.rates.likely_ai <= 0.03


def test_thresholds_lie_in_order_in_every_bin() -> None:
    for each in cards.released().bins:
        assert each.low < each.high
        assert each.likely_ai is not None
        assert each.ai is None or each.ai >= each.likely_ai
        assert each.no_sign is None or each.no_sign <= each.likely_ai
        assert list(each.real_scores) == sorted(each.real_scores)


def test_another_graph_than_the_cards_is_refused(tmp_path: Path) -> None:
    path = _copy(tmp_path)
    card = cards.read(path)
    (tmp_path / card.raw["graph"]["file"]).write_bytes(card.graph.read_bytes() + b"\0")
    with pytest.raises(CardError, match="sha256"):
        Detector(cards.read(path))


def test_a_missing_graph_is_said_so(tmp_path: Path) -> None:
    path = _copy(tmp_path)
    (tmp_path / cards.read(path).raw["graph"]["file"]).unlink()
    with pytest.raises(CardError, match="cannot read the detector's graph"):
        Detector(cards.read(path))


@pytest.mark.parametrize(
    ("section", "change", "words"),
    [
        ("schema", 99, "schema"),
        ("limits", None, "limits"),
        ("graph", {"file": "../x.onnx", "sha256": "", "bytes": 1}, "beside"),
        ("limits", {"strange": 1}, "strange"),
    ],
    ids=["schema", "missing", "path", "unknown"],
)
def test_a_card_that_does_not_fit_is_refused_in_words(tmp_path: Path, section: str, change: object, words: str) -> None:
    path = _copy(tmp_path)
    raw: dict[str, object] = json.loads(path.read_text())
    if change is None:
        del raw[section]
    else:
        raw[section] = change
    path.write_text(json.dumps(raw))
    with pytest.raises(CardError, match=words):
        cards.read(path)


def test_a_card_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text("{")
    with pytest.raises(CardError, match="cannot read"):
        cards.read(tmp_path / "card.json")


def test_a_released_card_is_read_as_a_card() -> None:
    assert isinstance(cards.released(), Card)


def test_loading_it_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    """The runtime's own telemetry would keep a device number there, and send it."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_") and k != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", "from naturaltrace.detection.detector import Detector; Detector.released()"],
        env={**environment, "HOME": str(home)},
        check=False,
    )
    assert done.returncode == 0
    assert list(home.iterdir()) == []
