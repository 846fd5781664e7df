"""Invisible watermarks: read where they are, and not where they are not."""

import io
from math import comb

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from naturaltrace.provenance.findings import Claim, Standing
from naturaltrace.provenance.reader import read_provenance
from naturaltrace.provenance.watermarks import dwt_dct, reader
from tests.daemon.provenance import files

PAYLOADS = {payload.kind: payload for payload in reader.payloads()}
PHOTOS: dict[str, NDArray[np.uint8]] = {
    name: getattr(data, name)()[..., :3] for name in ("astronaut", "chelsea", "coffee", "rocket")
}


def jpeg(pixels: NDArray[np.uint8], quality: int, subsampling: int = 0) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    return np.asarray(Image.open(buffer).convert("RGB"))


@pytest.mark.parametrize("kind", PAYLOADS)
def test_a_marked_image_is_read(kind: str) -> None:
    payload = PAYLOADS[kind]
    noise = np.random.default_rng(3).integers(60, 190, (512, 512, 3), dtype=np.uint8)
    (finding,) = reader.findings(dwt_dct.embed(noise, payload.bits))
    assert finding.kind == kind
    assert (finding.claim, finding.standing) == (Claim.GENERATED, Standing.WATERMARK)
    assert finding.generator == payload.generator


def test_the_mark_cannot_be_seen() -> None:
    marked = dwt_dct.embed(PHOTOS["astronaut"], PAYLOADS["watermark.sdxl"].bits)
    error = np.mean((marked.astype(float) - PHOTOS["astronaut"]) ** 2)
    assert 10 * np.log10(255**2 / error) > 38


def test_a_mark_written_with_red_and_blue_swapped_is_read() -> None:
    swapped = dwt_dct.embed(PHOTOS["astronaut"][..., ::-1], PAYLOADS["watermark.sdxl"].bits)[..., ::-1]
    assert [f.kind for f in reader.findings(np.ascontiguousarray(swapped))] == ["watermark.sdxl"]


@pytest.mark.parametrize("quality", [95, 90])
def test_a_mark_survives_mild_jpeg_with_whole_chroma(quality: int) -> None:
    marked = dwt_dct.embed(PHOTOS["astronaut"], PAYLOADS["watermark.sdxl"].bits)
    assert [f.kind for f in reader.findings(jpeg(marked, quality))] == ["watermark.sdxl"]


def test_a_mark_does_not_survive_scaling_which_the_page_says() -> None:
    marked = Image.fromarray(dwt_dct.embed(PHOTOS["astronaut"], PAYLOADS["watermark.sdxl"].bits))
    assert reader.findings(np.asarray(marked.resize((400, 400)))) == []


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_has_no_mark(name: str) -> None:
    pixels = PHOTOS[name]
    assert reader.findings(pixels) == []
    assert reader.findings(jpeg(pixels, 80, 2)) == []
    assert reader.findings(np.ascontiguousarray(pixels[:, ::-1])) == []


@pytest.mark.parametrize("value", [0, 77, 128, 255])
def test_a_plain_image_has_no_mark(value: int) -> None:
    assert reader.findings(np.full((512, 512, 3), value, np.uint8)) == []


def test_a_hundred_images_of_noise_have_no_mark() -> None:
    random = np.random.default_rng(8)
    for _ in range(100):
        assert reader.findings(random.integers(0, 256, (256, 256, 3), dtype=np.uint8)) == []


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (3, 7), (16, 4096), (4096, 16), (255, 255), (257, 301)])
def test_any_size_is_read_without_complaint(shape: tuple[int, int]) -> None:
    assert reader.findings(np.zeros((*shape, 3), np.uint8)) == []


@pytest.mark.parametrize("kind", PAYLOADS)
def test_the_allowed_errors_keep_chance_matches_under_one_in_ten_million(kind: str) -> None:
    payload = PAYLOADS[kind]
    length = len(payload.bits)
    assert payload.errors >= 0
    chance = sum(comb(length, wrong) for wrong in range(payload.errors + 1)) / 2**length
    assert chance <= 1e-7
    # Both channel orders are tried for each payload: all together still under one in a million.
    assert 2 * len(PAYLOADS) * 1e-7 <= 1e-6


def test_payloads_are_far_from_each_other_and_from_plain_patterns() -> None:
    for payload in reader.payloads():
        ones = int(payload.bits.sum())
        assert payload.errors < ones < len(payload.bits) - payload.errors


def test_the_reader_looks_at_pixels_only_when_given_them() -> None:
    marked = dwt_dct.embed(PHOTOS["astronaut"], PAYLOADS["watermark.flux"].bits)
    buffer = io.BytesIO()
    Image.fromarray(marked).save(buffer, "PNG")
    assert read_provenance(buffer.getvalue(), "PNG").findings == ()
    (finding,) = read_provenance(buffer.getvalue(), "PNG", pixels=marked).findings
    assert finding.generator == "FLUX"
    assert read_provenance(files.encode("PNG"), "PNG", pixels=np.zeros((4, 4, 3), np.uint8)).findings == ()


def _votes_by_formula(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The scheme written down plainly: U, Haar's mean, the largest magnitude of each block but for its first value."""
    height, width = (side // 4 * 4 for side in pixels.shape[:2])
    red, green, blue = np.moveaxis(pixels[:height, :width].astype(np.float64), 2, 0)
    u = 0.492 * (blue - (0.299 * red + 0.587 * green + 0.114 * blue)) + 128
    mean = (u[0::2, 0::2] + u[0::2, 1::2] + u[1::2, 0::2] + u[1::2, 1::2]) / 2
    found: list[bool] = []
    for y in range(0, mean.shape[0] // 4 * 4, 4):
        for x in range(0, mean.shape[1] // 4 * 4, 4):
            found.append(np.abs(mean[y : y + 4, x : x + 4].ravel()[1:]).max() % 36 > 18)
    return np.array(found)


@pytest.mark.parametrize("shape", [(256, 256), (301, 262), (259, 410)])
def test_votes_are_those_of_the_plain_formula(shape: tuple[int, int]) -> None:
    photo = PHOTOS["coffee"][: shape[0], : shape[1]]
    noise = np.random.default_rng(5).integers(0, 256, (*shape, 3), dtype=np.uint8)
    extreme = np.where(noise > 127, 255, 0).astype(np.uint8)
    for pixels in (photo, noise, extreme):
        both = dwt_dct.votes(pixels)
        assert both is not None
        for votes, order in zip(both, (pixels, pixels[..., ::-1]), strict=True):
            expected = _votes_by_formula(order)
            assert votes.shape == expected.shape
            # Single precision may tip a value that lies on the edge of a step.
            assert (votes != expected).mean() < 0.002
