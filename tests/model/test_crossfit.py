"""Folds that leave sources out, and whole images described once for any heads."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.needs import needs

needs("torch", "train")

import torch  # noqa: E402
from PIL import Image  # noqa: E402

from naturaltrace.detection import aggregate  # noqa: E402
from naturaltrace.imaging.decode import decode  # noqa: E402
from naturaltrace.imaging.prepared import prepare  # noqa: E402
from naturaltrace_model.data.image_statistics import ImageStatistics, describe_images  # noqa: E402
from naturaltrace_model.export.release import cross_fitted  # noqa: E402
from naturaltrace_model.training import crossfit  # noqa: E402
from naturaltrace_model.training.described import Described  # noqa: E402
from naturaltrace_model.training.detector import Learned  # noqa: E402
from naturaltrace_model.training.judgement import JudgementConfig  # noqa: E402
from naturaltrace_model.training.traces import TracesConfig  # noqa: E402
from tests.model.sets import picture, saved  # noqa: E402
from tests.model.small import small_detector  # noqa: E402

pytestmark = pytest.mark.torch


def _shard(folder: Path, sources: list[str], label_of: list[int], size: int, signal: float, seed: int) -> Path:
    """Twenty crops of each source; generated ones differ in the first ten statistics."""
    rng = np.random.default_rng(seed)
    source = np.repeat(np.arange(len(sources)), 20)
    label = np.array(label_of)[source]
    statistics = rng.normal(size=(len(source), size)).astype(np.float16)
    statistics[:, :10] += signal * label[:, None]
    folder.mkdir()
    np.save(folder / "statistics.npy", statistics)
    region = np.arange(len(source)) // 2
    wear = rng.random(len(source))
    np.savez(
        folder / "index.npz", label=label, family=label * 2, source=source, region=region, quality=wear, rescale=wear,
        category=label,
    )  # fmt: skip
    meta = {"sources": sources, "categories": ["photo", "generated"]}
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return folder


def test_shards_together_number_sources_by_name_and_keep_regions_apart(tmp_path: Path) -> None:
    first = _shard(tmp_path / "a", ["x", "y"], [0, 1], 4, 1.0, 0)
    second = _shard(tmp_path / "b", ["y", "z"], [1, 0], 4, 1.0, 1)
    data, names = Described.gather([(f / "statistics.npy", f) for f in (first, second)])
    assert names == ["x", "y", "z"]
    assert np.bincount(data.source).tolist() == [20, 40, 20]
    assert len(np.unique(data.region)) == 40
    with pytest.raises(ValueError, match="no shard"):
        Described.gather([])


def test_every_source_is_judged_by_the_fold_that_never_saw_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = small_detector().requires_grad_(True)
    names = [f"source {i}" for i in range(8)]
    folder = _shard(tmp_path / "shard", names, [0, 0, 0, 0, 1, 1, 1, 1], network.texture.size, 3.0, 0)
    data, found = Described.gather([(folder / "statistics.npy", folder)])
    learned = Learned(data, found, data, [*found[:-1], "views only"], None)
    config = JudgementConfig(
        steps=10, ridge=1e-3, traces=TracesConfig(first_steps=10, second_steps=20, pairs=16, batch=32)
    )
    figures = crossfit.train(network, learned, config, 2, tmp_path / "folds")
    assert figures["unseen_auc_regions"] > 0.8
    folds = list(crossfit.load_all(tmp_path / "folds"))
    assert len(folds) == 2
    left_out = [out for _, out in folds]
    assert left_out[0].isdisjoint(left_out[1])
    assert left_out[0] | left_out[1] == {*names, "views only"}
    for out in left_out:
        generated = {n for n in out if n in names[4:]}
        assert len(generated) == 2
    with pytest.raises(FileNotFoundError, match="judge --folds"):
        next(crossfit.load_all(tmp_path))


def test_described_images_give_the_features_that_the_networks_give(tmp_path: Path) -> None:
    torch.manual_seed(0)
    detector = small_detector().requires_grad_(False)
    large = saved(tmp_path, "large.png", picture(1, (420, 300)), label=1, source="a/b")
    small = saved(tmp_path, "small.png", picture(2, (180, 140)), source="c/d")
    flat = saved(tmp_path, "flat.png", Image.new("RGB", (300, 300), (90, 90, 90)), source="c/d")
    (tmp_path / "broken.png").write_bytes(b"no image")
    samples = [large, small, flat]
    count = describe_images(detector, samples, ("clean", "web"), tmp_path / "kept", workers=1)
    assert count == 4
    described = ImageStatistics.open(tmp_path / "kept", [large, small])
    rows = described.where(np.array([c == "clean" for c in described.conditions])).features(detector)
    assert [r.sample.source for r in rows] == ["a/b", "c/d"]

    seen = prepare(decode(large.path.read_bytes()))
    assert seen.crops is not None
    crops, views = (torch.from_numpy(p) for p in (seen.crops.pixels, seen.views))
    own = detector.of_crops(crops)
    place = aggregate.FEATURES.index
    # Described in bfloat16, as training is.
    assert rows[0].features[place("mean")] == pytest.approx(float(own.logit.mean()), abs=0.05)
    assert rows[0].features[place("view")] == pytest.approx(float(detector.of_views(views).logit.mean()), abs=0.05)
    assert len(ImageStatistics.open(tmp_path / "kept", [small])) == 2


def test_images_are_asked_about_by_the_fold_without_their_source_and_described_once(tmp_path: Path) -> None:
    torch.manual_seed(0)
    one, other = (small_detector().requires_grad_(False) for _ in range(2))
    other.encoder.load_state_dict(one.encoder.state_dict())
    folds = tmp_path / "folds"
    folds.mkdir()
    for number, (fold, left_out) in enumerate([(one, {"a/b"}), (other, {"c/d"})]):
        crossfit.save(folds / f"{number}.pt", fold, left_out)
    samples = [
        saved(tmp_path, f"{i}.png", picture(i, (300, 240)), label=i % 2, source=name)
        for i, name in enumerate(("a/b", "c/d", "e/f"))
    ]
    rows = list(cross_fitted(folds, samples, 1))
    assert [r.sample.source for r in rows] == ["a/b"] * 3 + ["c/d"] * 3  # no fold left "e/f" out
    described = ImageStatistics.open(tmp_path / "images", samples)
    for fold, source, own in ((one, "a/b", rows[:3]), (other, "c/d", rows[3:])):
        wanted = described.where(np.array([s.source == source for s in described.samples])).features(fold)
        assert [r.features.tolist() for r in own] == [r.features.tolist() for r in wanted]
    before = (tmp_path / "images" / "crops.npy").stat().st_mtime_ns
    assert len(list(cross_fitted(folds, samples[:1], 1))) == 3
    assert (tmp_path / "images" / "crops.npy").stat().st_mtime_ns == before
