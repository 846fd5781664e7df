"""Near copies are found, other pictures are not, and training loses what judges it."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from naturaltrace_model.data import dedupe, manifest, perceptual_hash
from tests.model.sets import saved


def _scene(seed: int, size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Patches of all sizes, as a scene has them."""
    coarse = np.random.default_rng(seed).integers(0, 256, (15, 20, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def _bits(one: Path, other: Path) -> int:
    a, b = perceptual_hash.of_file(one), perceptual_hash.of_file(other)
    assert a is not None
    assert b is not None
    return int(np.bitwise_count(a ^ b).sum())


def test_a_scaled_and_saved_copy_is_near_and_another_picture_far(tmp_path: Path) -> None:
    original = saved(tmp_path, "a.png", _scene(1))
    copy = saved(tmp_path, "b.jpg", _scene(1).resize((210, 158), Image.Resampling.BICUBIC))
    other = saved(tmp_path, "c.png", _scene(2))
    assert _bits(original.path, copy.path) <= dedupe.DISTANCE
    assert _bits(original.path, other.path) > perceptual_hash.UNRELATED // 2


def test_a_plain_colour_has_no_hash(tmp_path: Path) -> None:
    assert perceptual_hash.of_file(saved(tmp_path, "a.png", Image.new("RGB", (99, 99), "red")).path) is None
    (tmp_path / "b.png").write_bytes(b"no image")
    assert perceptual_hash.of_file(tmp_path / "b.png") is None


def test_pairs_are_all_those_within_the_distance() -> None:
    rng = np.random.default_rng(3)
    table = rng.integers(0, 2**63, (30, 4)).astype(np.uint64)
    table[7] = table[3]
    table[7, 2] ^= np.uint64(0b1011)
    i, j, apart = perceptual_hash.near_pairs(table, table, 3)
    assert sorted((int(a), int(b), int(d)) for a, b, d in zip(i, j, apart, strict=True) if a < b) == [(3, 7, 3)]
    assert len(i) == 32


def test_the_copy_in_train_gives_way_and_the_manifest_leaves_it_out(tmp_path: Path) -> None:
    samples = [
        saved(tmp_path, "train.jpg", _scene(1), split="train", source="a"),
        saved(tmp_path, "again.png", _scene(1), split="train", source="a"),
        saved(tmp_path, "test.png", _scene(1).resize((180, 135)), split="test", source="b"),
        saved(tmp_path, "val.png", Image.radial_gradient("L").convert("RGB"), split="val", source="c"),
    ]
    cache = tmp_path / "hashes.csv"
    found = dedupe.hashes(samples, cache)
    assert dedupe.hashes(samples, cache).keys() == found.keys()
    pairs = dedupe.near_duplicates(samples, found)
    assert {(p.kept.split, p.dropped.split) for p in pairs} == {("test", "train"), ("train", "train")}
    assert pairs[0].across
    assert "| test | train | 2 | 0 |" in dedupe.table(pairs)
    columns = ("file", "split", "label", "category", "generator", "repo", "sha256", "width", "height", "format")
    with (tmp_path / "images.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [columns, *((s.path.name, s.split, 0, "photo", "", s.source, s.sha256, 9, 9, s.format) for s in samples)]
        )
    assert dedupe.write(pairs, tmp_path / dedupe.FILE) == 2
    assert [s.split for s in manifest.load(tmp_path)] == ["test", "val"]
    assert len(manifest.load(tmp_path, with_copies=True)) == 4
