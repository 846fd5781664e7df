"""The encoder's texture statistics, and the judgement that is fitted on them."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.needs import needs

needs("torch", "train")

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from naturaltrace_model.networks.branches import BentLogit, NaturalTraceDetector  # noqa: E402
from naturaltrace_model.networks.texture import TextureStatistics  # noqa: E402
from naturaltrace_model.training import detector as training  # noqa: E402
from naturaltrace_model.training import distil, linear  # noqa: E402
from naturaltrace_model.training.described import Described, pairs  # noqa: E402
from naturaltrace_model.training.judgement import JudgementConfig, train_traces, train_views, validate_traces  # noqa: E402
from naturaltrace_model.training.traces import TracesConfig  # noqa: E402

pytestmark = pytest.mark.torch


def _maps(seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(2, c, s, s, generator=generator) for c, s in ((16, 64), (60, 16), (80, 4))]


def test_places_add_up_to_what_the_weights_say_of_the_whole() -> None:
    texture = TextureStatistics((16, 60, 80))
    weights = torch.randn(texture.size)
    maps = _maps()
    places = texture.places(maps, weights)
    assert places.shape == (2, 8, 8)
    torch.testing.assert_close(places.mean((1, 2)), texture(maps) @ weights, rtol=1e-3, atol=1e-2)
    alone = weights.clone()
    alone[: 2 * (16 + 60)] = 0  # the coarsest tap's are left, whose places are two of the map's wide
    assert torch.equal(*(texture.places(maps, alone)[:, i::2, j::2] for i, j in ((0, 0), (1, 1))))


def test_statistics_do_not_know_where_anything_is() -> None:
    texture = TextureStatistics((16, 60, 80))
    maps = _maps()
    turned = [m.rot90(1, (2, 3)) for m in maps]
    torch.testing.assert_close(texture(maps), texture(turned), rtol=1e-3, atol=1e-4)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(texture(maps), texture(_maps(1)), rtol=1e-3, atol=1e-4)


def test_place_map_of_a_detector_averages_to_its_linear_logit() -> None:
    detector = NaturalTraceDetector().eval()
    views = torch.randint(0, 256, (2, 160, 160, 3), dtype=torch.uint8)
    with torch.no_grad():
        maps = detector.encoder(views)
        places = detector.places(maps, detector.view)
        statistics = detector.view.standard(detector.texture(maps))
        logit = detector.view.head_logit.line(statistics).squeeze(1)
        torch.testing.assert_close(places.mean((1, 2)), logit, rtol=1e-3, atol=1e-3)


def test_halves_of_a_logit_have_their_parts_of_it() -> None:
    torch.manual_seed(0)
    logit, x = BentLogit(12, 8).eval(), torch.randn(500, 12)
    with torch.no_grad():
        torch.testing.assert_close(logit(x), logit.line(x).squeeze(1))
        logit.balance(x)
        halves = logit.mix[0] * logit.line(x), logit.mix[1] * logit.bend(x)
        torch.testing.assert_close(logit(x), (halves[0] + halves[1]).squeeze(1))
    torch.testing.assert_close(3 * halves[0].std(), halves[1].std())
    torch.testing.assert_close(halves[0].std() + halves[1].std(), logit.line(x).std())


def test_convex_fit_finds_the_direction_and_weighs_sources_alike() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(600, 5, generator=generator)
    y = (x[:, 2] > 0).float()
    weights, _ = linear.fit_logistic(x, y, torch.ones(600), ridge=1e-3)
    assert int(weights.abs().argmax()) == 2
    assert weights[2] > 0
    labels, sources = np.array([0] * 90 + [1] * 10), np.array([0] * 80 + [1] * 10 + [2] * 10)
    found = linear.row_weights(labels, sources, np.zeros(100, dtype=np.int64)).numpy()
    assert found[labels == 0].sum() == pytest.approx(found[labels == 1].sum())
    assert found[85] == pytest.approx(found[0] * 8**0.5)


def _described(path: Path, count: int, size: int) -> Described:
    """Two crops to a region; generated ones differ in the first ten statistics."""
    rng = np.random.default_rng(count)
    label = np.repeat(rng.integers(0, 2, count // 2), 2)
    statistics = rng.normal(size=(count, size)).astype(np.float16)
    statistics[:, :10] += 1.5 * label[:, None]
    folder = path / str(count)
    folder.mkdir()
    np.save(folder / "statistics.npy", statistics)
    np.savez(
        folder / "index.npz",
        label=label, family=label * 2, source=label * 3 + rng.integers(0, 3, count), region=np.arange(count) // 2,
        quality=rng.random(count), rescale=rng.random(count), category=label,
    )  # fmt: skip
    (folder / "meta.json").write_text(json.dumps({"sources": [], "categories": ["photo", "generated"]}), "utf-8")
    return Described.open(folder / "statistics.npy", folder)


def test_a_shard_that_does_not_say_what_its_pictures_are_is_refused(tmp_path: Path) -> None:
    _described(tmp_path, 40, 12)
    folder = tmp_path / "40"
    (folder / "meta.json").write_text(json.dumps({"sources": []}), "utf-8")
    with pytest.raises(ValueError, match="draw it again"):
        Described.open(folder / "statistics.npy", folder)


def test_heads_learn_from_statistics_and_survive_a_checkpoint(tmp_path: Path) -> None:
    torch.manual_seed(0)
    detector = NaturalTraceDetector()
    train, held = (_described(tmp_path, count, detector.texture.size) for count in (600, 300))
    config = JudgementConfig(
        steps=10, traces=TracesConfig(first_steps=20, second_steps=60, pairs=32, batch=64), ridge=1e-3
    )
    train_traces(detector, train, None, config, tmp_path)
    train_views(detector, train, config, tmp_path)
    found = validate_traces(detector.trace, held)
    assert found["auc_logit"] > 0.8
    assert found["auc_proximity"] > 0.7
    training.save(tmp_path / "detector.pt", detector)
    again = training.load(tmp_path / "detector.pt")
    with torch.no_grad():
        before, after = (d.trace(held.tensor(slice(0, 8))) for d in (detector.eval(), again))
    torch.testing.assert_close(before.logit, after.logit)
    torch.testing.assert_close(before.proximity, after.proximity)


def test_statistics_of_another_shard_are_refused(tmp_path: Path) -> None:
    _described(tmp_path, 20, 8)
    _described(tmp_path, 40, 8)
    with pytest.raises(ValueError, match="20 rows"):
        Described.open(tmp_path / "20" / "statistics.npy", tmp_path / "40")


def test_pairs_are_two_crops_of_one_real_region(tmp_path: Path) -> None:
    data = _described(tmp_path, 80, 8)
    first, second = next(pairs(data, 50, np.random.default_rng(0)))
    assert (data.region[first] == data.region[second]).all()
    assert (first != second).all()
    assert (data.label[first] == 0).all()


def test_encoder_survives_a_checkpoint(tmp_path: Path) -> None:
    network = distil.Encoder().eval()
    distil.save(tmp_path / "encoder.pt", network, 7)
    again, step = distil.load(tmp_path / "encoder.pt")
    pixels = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    with torch.no_grad():
        for before, after in zip(network(pixels), again(pixels), strict=True):
            torch.testing.assert_close(before, after)
    assert step == 7
    assert [m.shape[-1] for m in again(pixels)] == [32, 16, 8, 4, 4, 2, 2, 2, 2]
