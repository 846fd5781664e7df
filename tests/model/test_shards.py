"""Training crops: repeatable, balanced, and the same wear for a region and its twin."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from naturaltrace_model.data import degrade, shards
from naturaltrace_model.data.manifest import Sample
from tests.needs import needs

needs("tqdm", "train")


def _sample(folder: Path, label: int, number: int, side: int = 320, source: str = "") -> Sample:
    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    coarse.resize((side, side), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    path = folder / f"{label}-{number}.jpg"
    path.write_bytes(buffer.getvalue())
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    generator = "sdxl" if label else ""
    return Sample(path, "train", label, "photo", generator, source or f"s{number}", digest, side, side, "JPEG")


def test_regions_and_their_wear_repeat_themselves(tmp_path: Path) -> None:
    sample = _sample(tmp_path, 0, 1)
    first, again = (shards.draw_regions(sample, 3, seed=7) for _ in range(2))
    assert len(first) == 3
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a.pixels, b.pixels)
        assert np.array_equal(shards.wear(a).crops, shards.wear(b).crops)
        assert shards.wear(a).crops.shape == (shards.CROPS_PER_REGION, 128, 128, 3)
    other = shards.draw_regions(sample, 3, seed=8)
    assert any(
        a.pixels.shape != b.pixels.shape or not np.array_equal(a.pixels, b.pixels)
        for a, b in zip(first, other, strict=True)
    )


def test_a_twin_goes_through_the_chain_of_its_region(tmp_path: Path) -> None:
    region = shards.draw_regions(_sample(tmp_path, 0, 2), 1, seed=1)[0]
    twin = np.clip(region.pixels.astype(np.int16) + 1, 0, 255).astype(np.uint8)
    worn, worn_twin = shards.wear(region), shards.wear(region, twin)
    assert worn.quality == worn_twin.quality
    assert worn.crops.shape == worn_twin.crops.shape


def test_a_file_that_is_no_image_gives_no_region(tmp_path: Path) -> None:
    sample = _sample(tmp_path, 0, 3)
    sample.path.write_bytes(b"not an image")
    assert shards.draw_regions(sample, 2, seed=0) == []


def test_too_small_an_image_gives_no_region(tmp_path: Path) -> None:
    assert shards.draw_regions(_sample(tmp_path, 0, 4, side=degrade.SMALLEST - 1), 2, seed=0) == []


def test_a_large_source_gets_less_than_its_share(tmp_path: Path) -> None:
    large = [_sample(tmp_path, 0, i, source="large") for i in range(16)]
    small = [_sample(tmp_path, 0, 100, source="small")]
    counts = shards.plan_regions([*large, *small], budget=40, most=20)
    assert counts[-1] > counts[0]
    assert min(counts) >= 1


def test_a_built_shard_opens_and_balances(tmp_path: Path) -> None:
    needs("torch", "train")
    from naturaltrace_model.training.batches import Mix, Shard, balanced_batches

    samples = [_sample(tmp_path, label, i) for label in (0, 1) for i in range(4)]
    built = shards.build(samples, tmp_path / "shard", budget=8, seed=1, twins=2, workers=1)
    shard = Shard.open(tmp_path / "shard")
    assert built == len(shard) == len(shard.family)
    assert set(shard.sources) == {s.source for s in samples}
    batch = next(balanced_batches(shard, None, Mix(size=16, pairs=0), seed=0))
    assert batch.crops.shape == (16, 128, 128, 3)
    assert float(batch.label.mean()) == pytest.approx(0.5)
    again = next(balanced_batches(shard, None, Mix(size=16, pairs=0), seed=0))
    assert bool((batch.crops == again.crops).all())
