"""A release measured on sources found later: what the card, its page and the results file say then."""

import csv
import json
import shutil
from collections import Counter
from importlib import resources
from pathlib import Path

import pytest

from naturaltrace.detection import card as cards
from tests.model.sets import picture, saved
from tests.needs import needs

needs("torch", "train")

from naturaltrace_model.export.checked import check  # noqa: E402

pytestmark = pytest.mark.torch


def _set(folder: Path) -> Path:
    """Four pictures of the split `check` and one of another, as `further` leaves them."""
    folder.mkdir()
    made = [saved(folder, f"{i}.png", picture(i), label=i % 2, source=f"o/{i}") for i in range(5)]
    rows = [
        {
            "split": "check" if i < 4 else "train", "label": m.label, "category": m.category, "generator": m.generator,
            "repo": m.source, "sha256": m.sha256, "width": m.width, "height": m.height, "format": m.format,
            "file": m.path.name,
        }
        for i, m in enumerate(made)
    ]  # fmt: skip
    with (folder / "images.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_a_release_is_measured_again_and_its_card_keeps_all_else(tmp_path: Path) -> None:
    released = cards.released()
    card = tmp_path / "card.json"
    before = released.raw | {"figures": {"full": released.raw["figures"]["full"]}}
    card.write_text(json.dumps(before), encoding="utf-8")
    with resources.as_file(resources.files("naturaltrace_model.released")) as folder:
        shutil.copy(folder / released.raw["graph"]["file"], tmp_path)

    told = check(_set(tmp_path / "set"), card)

    assert told.count("2 / 2") == 3
    after = json.loads(card.read_text(encoding="utf-8"))
    measured = after["figures"].pop("check")
    assert after == before
    assert (measured["real_images"], measured["generated_images"], measured["sources"]) == (2, 2, 4)
    assert "Sources found after the release: 2 real" in (tmp_path / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert (tmp_path / "results-check.csv").read_text(encoding="utf-8").count("\n") == 1 + 4 * 3


def test_a_set_without_the_split_is_an_error_and_changes_nothing(tmp_path: Path) -> None:
    folder = _set(tmp_path / "set")
    table = folder / "images.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("check,", "train,"), encoding="utf-8")
    with (
        resources.as_file(resources.files("naturaltrace_model.released")) as released,
        pytest.raises(ValueError, match="no image of the split check"),
    ):
        check(folder, released / "card.json")


def test_the_released_figures_are_those_of_the_results_beside_them() -> None:
    text = resources.files("naturaltrace_model.released").joinpath("results-check.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    measured = cards.released().raw["figures"]["check"]["conditions"]
    for condition, figures in measured.items():
        own = [r for r in rows if r["condition"] == condition]
        levels = {label: Counter(r["level"] for r in own if r["label"] == label) for label in "01"}
        for name, label in (("real", "0"), ("generated", "1")):
            count = levels[label].total()
            assert figures[name] == count
            flagged = levels[label]["ai"] + levels[label]["likely_ai"]
            assert figures[f"{name}_at_likely_ai"] == pytest.approx(flagged / count, abs=1e-4)
