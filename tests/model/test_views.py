"""Views: from image files to small squares."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from naturaltrace.imaging.views import VIEW
from naturaltrace_model.data.manifest import Sample
from tests.needs import needs

needs("torch", "train")

from naturaltrace_model.data import views  # noqa: E402

pytestmark = pytest.mark.torch


def _samples(folder: Path, count: int = 12) -> list[Sample]:
    """Dark images are real, bright ones generated."""
    made: list[Sample] = []
    for number in range(count):
        label = number % 2
        rng = np.random.default_rng(number)
        pixels = rng.integers(0, 60, (220, 260, 3), dtype=np.uint8) + np.uint8(150 * label)
        path = folder / f"{number}.png"
        Image.fromarray(pixels).save(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        category, generator = ("generated", "sdxl") if label else ("photo", "")
        made.append(Sample(path, "train", label, category, generator, f"s{number % 4}", digest, 260, 220, "PNG"))
    return made


def test_views_repeat_themselves_and_are_small_squares(tmp_path: Path) -> None:
    samples = _samples(tmp_path)
    first = views.build(samples, tmp_path / "a", budget=12, seed=1, workers=1)
    again = views.build(samples, tmp_path / "b", budget=12, seed=1, workers=1)
    assert first == again > 0
    one, other = (np.load(tmp_path / name / "views.npy")[:first] for name in "ab")
    assert one.shape[1:] == (VIEW, VIEW, 3)
    assert np.array_equal(one, other)
    names = json.loads((tmp_path / "a" / "meta.json").read_text("utf-8"))["categories"]
    with np.load(tmp_path / "a" / "index.npz") as index:
        categories = [names[c] for c in index["category"]]
        assert categories == ["generated" if label else "photo" for label in index["label"]]


def test_an_unreadable_file_gives_no_view(tmp_path: Path) -> None:
    samples = _samples(tmp_path, 4)
    samples[0].path.write_bytes(b"no image")
    assert views.build(samples, tmp_path / "views", budget=4, seed=1, workers=1) > 0
    with np.load(tmp_path / "views" / "index.npz") as index:
        assert (index["label"] == 0).sum() < (index["label"] == 1).sum()
