"""`naturaltrace evidence` and `check --heatmap`, run as a person runs them."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from naturaltrace.cli import main
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.result import Detection, PixelLevel
from naturaltrace.imaging.decoded import DecodedImage
from tests.daemon.evidence.cases import detection, traits
from tests.daemon.images import encoded, photo


class _Detector:
    """Sees in an image's mean red where it lies in the embedding; tells nothing of small ones."""

    def __init__(self, folder: Path) -> None:
        self.card = SimpleNamespace(sha256="c" * 64, graph=folder / "graph.onnx")

    def detect(self, image: DecodedImage) -> Detection:
        if image.width < 200:
            return detection(traits=None)
        return detection(PixelLevel.LIKELY_AI, traits=traits(view=int(image.pixels[..., 0].mean() > 128)))


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> _Detector:
    stand_in = _Detector(tmp_path)

    def released() -> _Detector:
        return stand_in

    monkeypatch.setattr(Detector, "released", staticmethod(released))
    return stand_in


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    folder = tmp_path / "samples"
    folder.mkdir()
    for i in range(6):
        (folder / f"{i}.jpg").write_bytes(encoded(photo(240, 220, seed=i), "JPEG"))
    (folder / "notes.txt").write_text("no image")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "small.jpg").write_bytes(encoded(photo(140, 140), "JPEG"))
    return folder


@pytest.mark.usefixtures("detector")
def test_teach_list_export_remove_import(tmp_path: Path, samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data-dir", str(tmp_path / "data")]
    assert main(["evidence", "add", "--generator", "New model", str(samples), *data]) == 0
    said = capsys.readouterr()
    assert "from 6 of 8 files. No image was kept." in said.out
    assert "broken.png: left out" in said.err
    assert "small.jpg: left out" in said.err
    assert main(["evidence", "add", "--own-camera", "Mine", str(samples), *data]) == 0
    capsys.readouterr()
    assert main(["evidence", "list", "--json", *data]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(t["name"], t["kind"], t["samples"]) for t in listed] == [
        ("Mine", "camera", 6),
        ("New model", "generator", 6),
    ]
    export = tmp_path / "export.json"
    assert main(["evidence", "export", str(export), *data]) == 0
    assert main(["evidence", "remove", "New model", *data]) == 0
    assert main(["evidence", "remove", "New model", *data]) == 1
    assert "Nothing named" in capsys.readouterr().err
    elsewhere = ["--data-dir", str(tmp_path / "elsewhere")]
    assert main(["evidence", "import", str(export), *elsewhere]) == 0
    assert main(["evidence", "list", *elsewhere]) == 0
    assert "New model  generator, 6 samples" in capsys.readouterr().out


@pytest.mark.usefixtures("detector")
def test_too_few_samples_and_missing_folders_are_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data-dir", str(tmp_path / "data")]
    (tmp_path / "few").mkdir()
    assert main(["evidence", "add", "--generator", "x", str(tmp_path / "few"), *data]) == 1
    assert "At least 5 images" in capsys.readouterr().err
    assert main(["evidence", "add", "--generator", "x", str(tmp_path / "none"), *data]) == 1
    assert "There is no folder" in capsys.readouterr().err
    (tmp_path / "bad.json").write_text("{}")
    assert main(["evidence", "import", str(tmp_path / "bad.json"), *data]) == 1


def test_heat_maps_are_written_beside_their_legend_and_never_over_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the released detector, whichever graph that has."""
    files: list[str] = []
    for i in range(2):
        folder = tmp_path / str(i)
        folder.mkdir()
        (folder / "same.name.jpg").write_bytes(encoded(photo(320, 240, seed=i), "JPEG"))
        files.append(str(folder / "same.name.jpg"))
    maps = tmp_path / "maps"
    status = main(["check", "--json", "--heatmap", str(maps), "--data-dir", str(tmp_path / "data"), *files])
    assert status == 0
    verdicts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [v["heatmap"] for v in verdicts] == [str(maps / "same.name.png"), str(maps / "same.name-2.png")]
    for verdict in verdicts:
        assert 1 <= len(verdict["explanation"]) <= 5
        with Image.open(verdict["heatmap"]) as picture:
            assert picture.mode == "RGBA"
            assert picture.size == (320, 240)
            alpha = np.asarray(picture)[..., 3]
            assert int(alpha.max()) <= 200
    assert (maps / "heatmap-legend.png").exists()


def test_a_heat_map_is_written_over_an_earlier_one_and_over_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Above all not over the very image that is checked."""
    original = encoded(photo(320, 240), "PNG")
    (tmp_path / "mine.png").write_bytes(original)
    command = ["check", "--json", "--heatmap", str(tmp_path), "--data-dir", str(tmp_path / "data")]
    for _ in range(2):
        assert main([*command, str(tmp_path / "mine.png")]) == 0
        assert json.loads(capsys.readouterr().out)["heatmap"] == str(tmp_path / "mine-2.png")
    assert (tmp_path / "mine.png").read_bytes() == original
