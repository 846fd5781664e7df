"""DALL·E 2's colour bar is found where it stands, and nowhere else."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import data  # pyright: ignore[reportMissingTypeStubs]

from naturaltrace.provenance import visible

PHOTO: NDArray[np.uint8] = np.asarray(data.astronaut())  # pyright: ignore
COLOURS = [(255, 255, 102), (66, 255, 255), (81, 218, 76), (255, 110, 60), (60, 70, 255)]


@pytest.fixture(scope="module")
def barred() -> NDArray[np.uint8]:
    """A square photo of 1024 pixels with the bar drawn into its corner."""
    image = Image.fromarray(PHOTO).resize((1024, 1024))
    for place, colour in enumerate(COLOURS):
        image.paste(colour, (1024 - 16 * (5 - place), 1008, 1024 - 16 * (4 - place), 1024))
    return np.asarray(image)


def saved(pixels: NDArray[np.uint8], size: int, quality: int) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((size, size)).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def test_the_bar_is_found(barred: NDArray[np.uint8]) -> None:
    (finding,) = visible.findings(barred)
    assert (finding.kind, finding.generator) == ("visible.dalle2_bar", "DALL·E 2")


@pytest.mark.parametrize(("size", "quality"), [(1024, 70), (768, 80), (512, 90)])
def test_the_bar_is_found_after_scaling_and_saving(barred: NDArray[np.uint8], size: int, quality: int) -> None:
    assert visible.findings(saved(barred, size, quality))


def test_an_image_without_the_bar_has_none(barred: NDArray[np.uint8]) -> None:
    for pixels in (PHOTO, barred[::-1], barred[:, ::-1], barred[..., ::-1], barred[:1000, :1000]):
        assert visible.findings(np.ascontiguousarray(pixels)) == []


@pytest.mark.parametrize("shape", [(0, 0), (16, 16), (255, 255), (256, 256), (1024, 768)])
def test_any_size_is_read_without_complaint(shape: tuple[int, int]) -> None:
    assert visible.findings(np.zeros((*shape, 3), np.uint8)) == []
