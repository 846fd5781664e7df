"""The demo's pictures: all there, small, and marked as they are said to be."""

from pathlib import Path

import pytest

from naturaltrace.imaging.decode import decode
from naturaltrace.provenance.findings import Claim
from naturaltrace.provenance.reader import read_provenance
from tests.demo.feed import PAGE, image_names

IMAGES = PAGE / "images"


def claims(path: Path) -> set[Claim]:
    data = path.read_bytes()
    return {finding.claim for finding in read_provenance(data, decode(data).format).findings}


def test_the_page_shows_photographs_and_generated_pictures_that_exist() -> None:
    shown = image_names()

    assert sorted(shown) == sorted(p.name for p in IMAGES.iterdir() if p.suffix in {".jpg", ".png", ".webp"})
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
