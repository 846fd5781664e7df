"""DALL·E 2's colour bar and Gemini's sparkle are found where they stand, and nowhere else."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import data  # pyright: ignore[reportMissingTypeStubs]

from naturaltrace.provenance import visible

PHOTO: NDArray[np.uint8] = np.asarray(data.astronaut())  # pyright: ignore
CUP: NDArray[np.uint8] = np.asarray(data.coffee())  # pyright: ignore
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


def sparkled(pixels: NDArray[np.uint8], width: int = 48, *, alpha: float = 0.5) -> NDArray[np.uint8]:
    """A white star of `width` pixels in the lower right corner, 2/3 of that from the edges."""
    star = visible._star(width, width / 2)[..., None] * alpha  # pyright: ignore[reportPrivateUsage]
    out = pixels.astype(np.float32)
    begin = round(width * 2 / 3) + width
    place = (slice(-begin, width - begin), slice(-begin, width - begin))
    out[place] = out[place] * (1 - star) + 255 * star
    return out.round().astype(np.uint8)


def of_size(width: int, height: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(CUP).resize((width, height)))


def kinds(pixels: NDArray[np.uint8]) -> list[str]:
    return [finding.kind for finding in visible.findings(np.ascontiguousarray(pixels))]


SPARKLE = ["visible.gemini_sparkle"]


@pytest.mark.parametrize(
    ("width", "height", "star"),
    [(1024, 1024, 48), (1248, 832, 48), (768, 1344, 48), (1408, 1408, 96), (1536, 2752, 96)],
)
def test_the_sparkle_is_found_at_both_sizes(width: int, height: int, star: int) -> None:
    marked = sparkled(of_size(width, height), star)
    assert kinds(marked) == SPARKLE
    fit = visible.sparkle(marked)
    assert fit is not None
    assert fit.width == pytest.approx(star, rel=0.12)


@pytest.mark.parametrize(("side", "quality"), [(1024, 70), (680, 80), (500, 85), (1400, 90)])
def test_the_sparkle_is_found_after_scaling_and_saving(side: int, quality: int) -> None:
    marked = sparkled(of_size(1024, 1024))
    assert kinds(saved(marked, side, quality)) == SPARKLE


def test_an_image_without_the_sparkle_has_none() -> None:
    marked = sparkled(of_size(1024, 1024))
    for pixels in (PHOTO, CUP, of_size(1024, 768), marked[::-1], marked[:, ::-1], marked[:-60, :-60], 255 - marked):
        assert kinds(pixels) == []


@pytest.mark.parametrize("value", [0, 77, 255])
def test_a_flat_or_noisy_corner_is_no_sparkle(value: int) -> None:
    plain = np.full((700, 700, 3), value, np.uint8)
    assert kinds(plain) == []
    dice = np.random.default_rng(value)
    for _ in range(5):
        assert kinds(dice.integers(0, 256, (600, 700, 3), dtype=np.uint8)) == []
        assert kinds(np.clip(plain + dice.integers(-3, 4, plain.shape), 0, 255).astype(np.uint8)) == []


def test_a_disc_a_square_and_a_diamond_are_no_sparkle() -> None:
    y, x = np.mgrid[-24:24, -24:24] + 0.5
    for shape in (x**2 + y**2 < 24**2, np.abs(x) + np.abs(y) < 24, np.maximum(np.abs(x), np.abs(y)) < 17):
        pixels = of_size(1024, 1024).copy()
        pixels[-80:-32, -80:-32][shape] = 255
        assert kinds(pixels) == []


def test_likeness_is_the_plain_correlation_of_gradients() -> None:
    rng = np.random.default_rng(2)
    frames = rng.integers(0, 256, (4, 40, 40)).astype(np.float32)
    frames[1, 1:37, 3:39] += 90 * visible._star(36, 12)  # pyright: ignore[reportPrivateUsage]
    frames[2] = 255
    template = visible._gradients(visible._star(36, 12)).ravel()  # pyright: ignore[reportPrivateUsage]
    template /= np.linalg.norm(template)
    found = visible._likeness(frames)  # pyright: ignore[reportPrivateUsage]
    for frame, likeness in zip(frames, found, strict=True):
        down, right = np.gradient(frame)
        windows = [np.stack([g[y : y + 36, x : x + 36] for g in (right, down)]) for y in range(5) for x in range(5)]
        expected = max(float(w.ravel() @ template) / (float(np.linalg.norm(w)) + 72) for w in windows)
        assert likeness == pytest.approx(expected, abs=1e-5)
