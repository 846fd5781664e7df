"""The localiser from its splices to the graph that the companion runs."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.needs import needs

needs("torch", "train")

import torch  # noqa: E402

from naturaltrace.detection import localiser as serving  # noqa: E402
from naturaltrace.detection.card import CardError  # noqa: E402
from naturaltrace_model.data import splice_pool  # noqa: E402
from naturaltrace_model.data.autoencoders import Autoencoder  # noqa: E402
from naturaltrace_model.data.manifest import Sample  # noqa: E402
from naturaltrace_model.data.splice_draw import KINDS, SpliceDraw, worn  # noqa: E402
from naturaltrace_model.data.splice_pool import SplicePool  # noqa: E402
from naturaltrace_model.data.splices import reencode  # noqa: E402
from naturaltrace_model.networks.localiser import Localiser, LocaliserConfig  # noqa: E402
from naturaltrace_model.training import localiser as training  # noqa: E402

pytestmark = pytest.mark.torch
_SMALL = LocaliserConfig(filters=(8, 4, 4), width=12, dilations=(1, 2))


class _Half(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = torch.nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(x, 2) * self.one


def _blur(name: str) -> Autoencoder:
    return Autoencoder(name, _Half(), torch.nn.Upsample(scale_factor=2))


def _picture(seed: int, height: int = 272, width: int = 288) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    base = 128 + 50 * np.sin(x / 37 + seed)[..., None] + 30 * np.cos(y / (20 + seed))[..., None]
    return np.clip(base + rng.normal(0, 9, (height, width, 3)), 0, 255).astype(np.uint8)


def _samples(folder: Path, count: int) -> list[Sample]:
    found: list[Sample] = []
    for i in range(count):
        path = folder / f"{i}.png"
        Image.fromarray(_picture(i)).save(path)
        label, category = int(i % 4 == 3), "art" if i in (2, 5) else "photo"
        generator = "flux1" if label else ""
        found.append(Sample(path, "train", label, category, generator, f"s{i}", str(i), 288, 272, "PNG"))
    return found


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> SplicePool:
    folder = tmp_path_factory.mktemp("pool")
    splice_pool.make(_samples(folder, 8), [_blur("a"), _blur("b")], folder / "out", 6, 2, 0)
    return SplicePool.open(folder / "out")


def test_a_pool_holds_pairs_and_is_continued_where_it_ended(tmp_path: Path) -> None:
    samples = _samples(tmp_path, 8)
    autoencoders = [_blur("a"), _blur("b")]
    assert splice_pool.make(samples, autoencoders, tmp_path / "whole", 6, 2, 0) == 8
    splice_pool.make(samples, autoencoders, tmp_path / "cut", 6, 2, 0)
    table = tmp_path / "cut" / "entries.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:4]))  # three pictures, more pixels
    assert splice_pool.make(samples, autoencoders, tmp_path / "cut", 6, 2, 0) == 8
    whole, cut = SplicePool.open(tmp_path / "whole"), SplicePool.open(tmp_path / "cut")
    assert whole.entries == cut.entries
    assert all(np.array_equal(whole.pair(i)[1], cut.pair(i)[1]) for i in range(8))
    picture, twin = whole.pair(0)
    assert picture.shape == twin.shape
    assert np.diff(twin, axis=1).std() < np.diff(picture, axis=1).std()
    assert len(whole.places(0)) == 6
    assert {e.autoencoder for _, e in whole.without("a").entries} == {"b"}
    assert len(SplicePool.open(tmp_path / "whole", tmp_path / "cut").entries) == 16


def test_only_what_was_generated_is_marked(pool: SplicePool) -> None:
    draw, rng = SpliceDraw(pool, 128), np.random.default_rng(0)
    shares = {kind: np.mean([draw(rng, kind).share.mean() for _ in range(6)]) for kind in KINDS}
    assert shares["collage"] == shares["edit"] == shares["real"] == 0
    assert shares["whole"] == 1
    assert all(0.02 < shares[kind] < 0.5 for kind in ("rebuilt", "decoded", "generated"))
    assert shares["around"] > 0.5
    drawn = draw(rng)
    assert drawn.pixels.shape == (128, 128, 3)
    assert drawn.share.shape == (8, 8)


def test_a_splice_of_a_large_picture_is_brought_to_page_size(pool: SplicePool) -> None:
    halved = SplicePool(tuple((n, replace(e, scale=0.5)) for n, e in pool.entries), pool.stores)
    drawn = SpliceDraw(halved, 128)(np.random.default_rng(0), "rebuilt")
    assert drawn.pixels.shape == (128, 128, 3)
    assert 0 < drawn.share.mean() < 1


def test_wear_keeps_the_size() -> None:
    rng, picture = np.random.default_rng(0), _picture(0, 64, 80)
    assert {worn(picture, rng).shape for _ in range(12)} == {picture.shape}


def test_it_learns_where_a_picture_was_blurred(pool: SplicePool, tmp_path: Path) -> None:
    config = training.TrainConfig(splices=64, steps=60, batch=8)
    network = training.train(pool, config, tmp_path / "map.pt", _SMALL)
    within, cells = training.measure(network, pool, 24)
    assert within > 0.75
    assert cells.shape[0] == 2


def test_it_goes_on_from_an_earlier_one(pool: SplicePool, tmp_path: Path) -> None:
    first = training.train(pool, training.TrainConfig(splices=16, steps=4, batch=4), tmp_path / "first.pt", _SMALL)
    unmoved = training.TrainConfig(splices=16, steps=2, batch=4, rate=0.0, seed=1)
    second = training.train(pool, unmoved, tmp_path / "second.pt", start=training.load(tmp_path / "first.pt"))
    wanted, found = (dict(network.named_parameters()) for network in (first, second))
    assert all(torch.allclose(wanted[name], found[name]) for name in wanted)
    assert second.usual.running_mean is not None
    assert torch.allclose(second.usual.running_mean, first.usual.running_mean)  # pyright: ignore[reportArgumentType]


def test_what_compression_rounded_away_is_measured() -> None:
    """On JPEG's own grid, fine coefficients are zero; four pixels beside it they are not."""
    network, picture = Localiser(_SMALL), _picture(1, 80, 80)
    fine = slice(sum(_SMALL.filters) + 3 + 40, sum(_SMALL.filters) + 3 + 63)
    worn = reencode(picture, 60)

    def strength(pixels: NDArray[np.uint8]) -> float:
        return float(network.measure(torch.from_numpy(pixels.copy())[None])[:, fine].mean())

    assert strength(worn[:64, :64]) < strength(worn[4:68, 4:68]) - 0.5 < strength(picture[:64, :64]) - 0.5


def test_pairs_are_compared_within_one_picture_only() -> None:
    share = torch.zeros(2, 4, 4)
    share[0, :2] = 1
    logits = torch.where(share > 0.5, 3.0, -3.0)
    logits[1] += 100  # nothing was filled there: how hot it is as a whole is the cells' affair
    cells, pairs = training.losses(logits, share, torch.ones(2, 1, 1))
    assert float(pairs) < 0.01
    assert float(cells) > 10
    assert float(training.losses(logits, share * 0, torch.ones(2, 1, 1))[1]) == 0


@pytest.fixture(scope="module")
def card_file(pool: SplicePool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs("onnx", "train")
    from naturaltrace_model.export import localiser as export

    folder = tmp_path_factory.mktemp("map")
    torch.manual_seed(0)
    network = Localiser(_SMALL).eval()
    mean, var = network.usual.running_mean, network.usual.running_var
    assert mean is not None
    assert var is not None
    mean.uniform_(-3, 0)  # as after training: not what a fresh network takes for usual, which would be no change at all
    var.uniform_(0.3, 3)
    training.save(folder / "map.pt", network)
    untouched = _samples(folder, 4)
    return export.release(folder / "map.pt", pool, untouched, "1.2.3", folder / "out", lambda _: 80.0)


def test_the_released_graph_computes_what_was_trained(card_file: Path) -> None:
    card = serving.read(card_file)
    localiser, network = serving.Localiser(card, 1), training.load(card_file.parent.parent / "map.pt")
    assert (card.name, card.version) == ("natural-trace-map", "1.2.3")
    for shape in ((48, 80), (240, 176), (33, 50)):
        page = _picture(3, *shape)
        padded = np.pad(page, ((0, -shape[0] % 16), (0, -shape[1] % 16), (0, 0)), mode="edge")
        with torch.no_grad():
            wanted = network(torch.from_numpy(padded)[None])[0].numpy() * card.slope + card.shift
        assert np.allclose(localiser.log_odds(page), wanted, atol=2e-3)


def test_a_localiser_that_computes_something_else_is_refused(card_file: Path) -> None:
    raw = json.loads(card_file.read_text())
    path = card_file.parent / "other.json"
    for change in (
        {"self_test": [[v + 1 for v in row] for row in raw["self_test"]]},
        {"graph": {**raw["graph"], "sha256": "0" * 64}},
        {"graph": {**raw["graph"], "file": "../map.pt"}},
        {"schema": 99},
        {"part": {}},
        {"part": {**raw["part"], "by_quality": [{"below": 50}]}},
    ):
        path.write_text(json.dumps({**raw, **change}))
        with pytest.raises(CardError):
            serving.Localiser(serving.read(path), 1)


def test_each_kind_of_image_counts_alike_for_the_threshold() -> None:
    needs("onnx", "train")
    from naturaltrace_model.export.localiser import threshold

    many, few = [0.0] * 990 + [1.0] * 10, [0.0] * 5 + [2.0] * 5
    assert threshold({"many": many}, 0.02) < 1
    assert threshold({"many": many, "few": few}, 0.02) > 2


def test_the_threshold_hangs_on_what_compression_left() -> None:
    needs("onnx", "train")
    from naturaltrace_model.export.localiser import Look, by_quality

    poor, fine = [Look("photo", 60, n / 1000) for n in range(200)], [Look("photo", 95, n / 100) for n in range(200)]
    large = [Look("photo", 60, 9.0, scaled=True)]
    low, middle, high = by_quality([*poor, *fine, *large], 0.01)
    assert (low["below"], middle["below"]) == (70, 85)
    assert low["contrast"] < 0.2 < high["contrast"] < 2
    assert middle["contrast"] > 1.5  # nothing was seen of these: what holds for all
