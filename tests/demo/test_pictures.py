"""The demo's pictures: all there, small, and marked as they are said to be. Beside them the one of a part."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from naturaltrace.imaging.decode import decode
from naturaltrace.provenance.findings import Claim
from naturaltrace.provenance.reader import read_provenance
from naturaltrace_model.samples.splice import part, photograph
from tests.demo.feed import PAGE, image_names

IMAGES = PAGE / "images"
SPLICED = "spliced-cat.png"  # not of the demo's page: the pictures of the panel show it


def claims(path: Path) -> set[Claim]:
    data = path.read_bytes()
    return {finding.claim for finding in read_provenance(data, decode(data).format).findings}


def test_the_page_shows_photographs_and_generated_pictures_that_exist() -> None:
    shown = image_names()

    kept = {p.name for p in IMAGES.iterdir() if p.suffix in {".jpg", ".png", ".webp"}}
    assert sorted(shown) == sorted(kept - {SPLICED})
    assert sum(name.startswith("photo-") for name in shown) >= 3
    assert sum(name.startswith("generated-") for name in shown) >= 3
    assert sum((IMAGES / name).stat().st_size for name in shown) < 1_500_000


@pytest.mark.parametrize("name", ["generated-meadow.jpg", "generated-planet.png"])
def test_a_marked_picture_says_that_it_is_generated(name: str) -> None:
    assert Claim.GENERATED in claims(IMAGES / name)


@pytest.mark.parametrize(
    "name", [n for n in image_names() if n not in {"generated-meadow.jpg", "generated-planet.png"}]
)
def test_every_other_picture_says_nothing_of_itself(name: str) -> None:
    assert claims(IMAGES / name) <= {Claim.NOTHING}


def test_of_the_spliced_photograph_only_the_part_is_another() -> None:
    with Image.open(IMAGES / SPLICED) as image:
        pixels = np.asarray(image.convert("RGB"))
    other = (pixels != photograph()).any(2)

    assert (IMAGES / SPLICED).stat().st_size < 350_000
    assert not (other & ~part()).any()
    assert other[part()].mean() > 0.9
    assert claims(IMAGES / SPLICED) <= {Claim.NOTHING}
