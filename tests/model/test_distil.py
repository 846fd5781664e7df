"""The encoder is taught in two goes: what it knows already stays as it is while a deeper stage is added."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.needs import needs

needs("torch", "train")

import torch  # noqa: E402

from naturaltrace_model.networks.encoder import Encoder, EncoderConfig  # noqa: E402
from naturaltrace_model.training import distil  # noqa: E402

pytestmark = pytest.mark.torch

SHALLOW = EncoderConfig((8, 8, 16), (1, 1, 1), ((0, 8), (1, 8), (2, 12)))
DEEP = EncoderConfig((8, 8, 16, 16), (1, 1, 1, 1), ((0, 8), (1, 8), (2, 12), (3, 12)))


def test_resting_stages_stay_as_they_are_while_the_others_learn() -> None:
    torch.manual_seed(1)
    shallow = Encoder(SHALLOW).eval()
    network = distil.deepen(shallow, DEEP, resting=2).train()
    pixels = torch.randint(0, 256, (4, 64, 64, 3), dtype=torch.uint8)
    optimiser = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    for _ in range(2):
        optimiser.zero_grad()
        torch.stack([found.square().mean() for found in network(pixels)]).sum().backward()
        optimiser.step()
    with torch.no_grad():
        before, after = shallow(pixels), network.eval()(pixels)
    assert all(torch.equal(b, a) for b, a in zip(before[:2], after[:2], strict=True))
    assert not torch.equal(before[2], after[2])
    assert after[3].shape == (4, 12, 4, 4)


def test_an_encoder_of_another_shape_is_no_start() -> None:
    other = Encoder(replace(SHALLOW, widths=(8, 12, 16)))
    with pytest.raises(ValueError, match="not the beginning"):
        distil.deepen(other, DEEP, resting=2)


def test_batches_draw_from_all_folders_every_source_alike(tmp_path: Path) -> None:
    """Two folders, each with one source of its own number 0: pieces and whole views of both come up as often."""
    folders = [tmp_path / name for name in ("many", "few")]
    for value, count, folder in zip((10, 200), (90, 10), folders, strict=True):
        folder.mkdir()
        np.save(folder / "crops.npy", np.full((count, 128, 128, 3), value, np.uint8))
        np.save(folder / "views.npy", np.full((count, 160, 160, 3), value, np.uint8))
        np.savez(folder / "index.npz", source=np.zeros(count, np.int64), label=np.zeros(count, np.int64))
    config = distil.DistilConfig(batch=64, whole=32, balance=1.0)
    pieces, whole = next(distil.Pictures.open(folders, folders).batches(config))
    assert pieces.shape == (64, 128, 128, 3)
    assert whole.shape == (32, 160, 160, 3)
    for drawn in (pieces, whole):
        share = float((drawn[:, 0, 0, 0] == 200).float().mean())
        assert 0.25 < share < 0.75
