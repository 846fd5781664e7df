"""The released localiser as the companion runs it, and a companion without one."""

import json
import logging
import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from naturaltrace.detection import card as cards
from naturaltrace.detection import localiser as localisers
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.localiser import CELL, Localiser
from naturaltrace.evidence.adviser import Adviser
from naturaltrace.imaging.decoded import DecodedImage


@pytest.fixture(scope="module")
def localiser() -> Localiser:
    found = localisers.released(threads=1)
    assert found is not None
    return found


def _photo() -> NDArray[np.uint8]:
    from skimage import data  # pyright: ignore[reportMissingTypeStubs]

    pixels: Any = data.astronaut()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return np.asarray(pixels, dtype=np.uint8)[:320, :480]


def _copy(folder: Path) -> Path:
    with as_file(files(cards.RELEASED_PACKAGE) / localisers.FOLDER) as released:
        shutil.copytree(released, folder, dirs_exist_ok=True)
    return folder / localisers.CARD


@pytest.mark.parametrize("shape", [(16, 16), (320, 480), (33, 200), (1, 1)])
def test_every_cell_of_any_picture_gets_log_odds(localiser: Localiser, shape: tuple[int, int]) -> None:
    found = localiser.log_odds(_photo()[: shape[0], : shape[1]])
    assert found.shape == (-(-shape[0] // CELL), -(-shape[1] // CELL))
    assert np.isfinite(found).all()


def test_what_is_said_of_a_place_hangs_on_its_pixels(localiser: Localiser) -> None:
    """Fine texture that is gone, as decoders lose it, in one place: this place, beside the rest of the picture."""
    photo = _photo()
    changed = photo.copy()
    smooth = Image.fromarray(photo).filter(ImageFilter.GaussianBlur(2))
    changed[64:160, 96:192] = np.asarray(smooth)[64:160, 96:192]
    within = np.zeros((320 // CELL, 480 // CELL), dtype=np.bool_)
    within[64 // CELL : 160 // CELL, 96 // CELL : 192 // CELL] = True
    before, after = (
        found[within].mean() - found[~within].mean() for found in map(localiser.log_odds, (photo, changed))
    )
    assert after > before + 1


def test_the_heat_map_and_its_threshold_are_the_localisers(localiser: Localiser) -> None:
    card, photo = cards.released(), _photo()
    image = DecodedImage(photo, "PNG", "0" * 64, 1)
    with_it, without = Detector(card, 1, localiser=localiser).detect(image), Detector(card, 1).detect(image)
    assert with_it.heat is not None
    assert without.heat is not None
    assert (with_it.level, with_it.probability) == (without.level, without.probability)
    assert with_it.heat.chance.shape == (20, 30)
    assert float(with_it.heat.seen.min()) == 1
    assert float(without.heat.seen.min()) < 1
    part = Adviser.for_profile(card, None, localiser.card.part).reference.part
    assert part is not None
    assert part.contrast == localiser.card.part.contrast
    assert Adviser.for_profile(card, None).reference.part != part


def test_one_that_is_damaged_is_left_out_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    card = _copy(tmp_path)
    monkeypatch.setattr(localisers, "released_card", lambda: localisers.read(card))
    assert localisers.released(1) is not None
    raw = json.loads(card.read_text())
    (tmp_path / raw["graph"]["file"]).write_bytes(b"nothing")
    with caplog.at_level(logging.WARNING):
        assert localisers.released(1) is None
    assert "without the localiser" in caplog.text


def test_without_one_nothing_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_: str) -> Path:
        return tmp_path

    monkeypatch.setattr(localisers, "files", nowhere)
    assert localisers.released_card() is None
    assert localisers.released(1) is None
