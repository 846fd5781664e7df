"""Sets that users bring, and what may happen to their images."""

from pathlib import Path

import numpy as np
import pytest

from naturaltrace.imaging.decode import decode
from naturaltrace_model.evaluation import sweeps
from naturaltrace_model.evaluation.sets import samples_of, spread
from tests.model.sets import picture, saved


def test_a_csv_names_its_images_and_what_it_knows_of_them(tmp_path: Path) -> None:
    saved(tmp_path, "a.png", picture(1))
    saved(tmp_path, "b.jpg", picture(2))
    table = tmp_path / "set.csv"
    table.write_text("path,label,generator,source\na.png,real,,mine\nb.jpg,1,flux1,theirs\n", encoding="utf-8")
    real, generated = samples_of(table, "test")
    assert (real.label, real.source, real.width, real.format) == (0, "mine", 200, "PNG")
    assert (generated.label, generated.generator, generated.family) == (1, "flux1", "flux")
    assert len(real.sha256) == 64


def test_a_csv_with_an_unknown_label_says_where(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("path,label\na.png,perhaps\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"set\.csv, line 2"):
        samples_of(tmp_path / "set.csv", "test")


def test_a_pair_of_folders_is_a_set_and_a_bare_folder_is_none(tmp_path: Path) -> None:
    for name in ("real", "generated"):
        (tmp_path / name).mkdir()
        saved(tmp_path / name, "a.png", picture(3))
    assert [s.label for s in samples_of(tmp_path, "test")] == [0, 1]
    with pytest.raises(FileNotFoundError):
        samples_of(tmp_path / "real", "test")


def test_few_are_spread_over_sources_and_keep_the_classes(tmp_path: Path) -> None:
    samples = [
        saved(tmp_path, f"{i}.png", picture(i, (40, 40)), label=int(i >= 8), source="large" if i < 6 else f"s{i}")
        for i in range(12)
    ]
    few = spread(samples, 6)
    assert [s.label for s in few].count(1) == 2
    assert {s.source for s in few if not s.label} == {"large", "s6", "s7"}
    assert spread(samples, None) == samples


def test_every_passage_is_repeatable_and_changes_the_image(tmp_path: Path) -> None:
    image = decode(saved(tmp_path, "a.png", picture(4, (600, 540))).path.read_bytes())
    for name in sweeps.sweep_names():
        once, again = sweeps.passed(image, name), sweeps.passed(image, name)
        assert np.array_equal(once.pixels, again.pixels), name
        assert once.pixels.shape != image.pixels.shape or not np.array_equal(once.pixels, image.pixels), name
    assert sweeps.passed(image, "clean") is image
    assert sweeps.passed(image, "scale-0.5").pixels.shape == (270, 300, 3)
    assert sweeps.passed(image, "crop-256").pixels.shape == (256, 256, 3)
    assert min(sweeps.passed(image, "resize-512").pixels.shape[:2]) == 512
    with pytest.raises(ValueError, match="no passage"):
        sweeps.passed(image, "melt-3")
