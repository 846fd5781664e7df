"""The encoder learns to do what a teacher of its shape does: block by block, then as a whole."""

import ast
import csv
from pathlib import Path

import numpy as np
import pytest

from tests.needs import needs

needs("torch", "train")

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from naturaltrace_model.networks.encoder import Encoder, EncoderConfig, Group  # noqa: E402
from naturaltrace_model.training import distil  # noqa: E402
from naturaltrace_model.training.distil import DistilConfig, Pictures  # noqa: E402

pytestmark = pytest.mark.torch

SMALL = EncoderConfig(8, (Group(3, 1, 1, 8, 1), Group(3, 2, 3, 12, 2), Group(5, 2, 3, 16, 1)), (0, 2, 3))


class OtherEncoder(torch.nn.Module):
    """In the teacher's place: an encoder with weights of its own."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.encoder = Encoder(SMALL).train()
        with torch.no_grad():
            self.encoder(torch.randint(0, 256, (8, 128, 128, 3), dtype=torch.uint8))  # sets its norms to what it sees
        self.encoder.eval()

    @torch.no_grad()
    def forward(self, pixels: Tensor) -> list[Tensor]:
        return self.encoder.stages(pixels)


def textures(folder: Path, count: int, seed: int) -> Path:
    """A folder of crops and views of blotches, each of its own coarseness and colours."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    for name, side in (("crops", 128), ("views", 256)):
        found = np.empty((count, side, side, 3), np.uint8)
        for row in found:
            coarse = int(rng.choice((2, 4, 8, 16)))
            blotches = rng.integers(0, 256, (side // coarse, side // coarse, 3))
            row[:] = blotches.repeat(coarse, 0).repeat(coarse, 1)
        np.save(folder / f"{name}.npy", found)
    np.savez(folder / "index.npz", source=np.arange(count) % 3, label=np.zeros(count, np.int64))
    return folder


def test_a_student_of_the_teachers_shape_comes_to_do_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distil, "Teacher", OtherEncoder)
    torch.manual_seed(0)
    learned, held = (textures(tmp_path / name, 30, seed) for seed, name in enumerate(("learned", "held")))
    pictures, held_pictures = (Pictures.open([folder], [folder]) for folder in (learned, held))
    config = DistilConfig(blockwise=60, whole=30, pieces=8, views=2)
    network = distil.train(Encoder(SMALL), pictures, held_pictures, config, tmp_path / "run")
    logs = {name: list(csv.reader((tmp_path / "run" / f"{name}.csv").open())) for name in ("blockwise", "whole")}
    first = next(ast.literal_eval(row[2]) for row in logs["blockwise"] if "mean0" in row[2])
    last = ast.literal_eval(logs["whole"][-1][2])
    for figure, least in (("map0", 0.7), ("mean0", 0.7), ("mean3", 0.65)):
        assert last[figure] > max(least, first[figure])
    again, step = distil.load(tmp_path / "run" / "encoder.pt")
    assert step == 30
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), network.parameters(), strict=True))


def test_batches_draw_from_all_folders_every_source_alike(tmp_path: Path) -> None:
    """Two folders, each with one source of its own number 0: pieces and whole views of both come up as often."""
    folders = [tmp_path / name for name in ("many", "few")]
    for value, count, folder in zip((10, 200), (90, 10), folders, strict=True):
        folder.mkdir()
        np.save(folder / "crops.npy", np.full((count, 128, 128, 3), value, np.uint8))
        np.save(folder / "views.npy", np.full((count, 160, 160, 3), value, np.uint8))
        np.savez(folder / "index.npz", source=np.zeros(count, np.int64), label=np.zeros(count, np.int64))
    batches = Pictures.open(folders, folders).batches(DistilConfig(pieces=64, views=32, balance=1.0))
    for shape in ((64, 128, 128, 3), (32, 160, 160, 3)):
        drawn = next(batches)
        assert drawn.shape == shape
        assert 0.25 < float((drawn[:, 0, 0, 0] == 200).float().mean()) < 0.75
