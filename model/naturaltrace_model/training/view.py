"""Trains the global branch: real against generated, with a teacher's features as a second task."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.networks.view_net import ViewNet, ViewNetConfig
from naturaltrace_model.training import distributed
from naturaltrace_model.training.batches import family_chances
from naturaltrace_model.training.checkpoint import write_whole
from naturaltrace_model.training.loop import Loop, LoopConfig

_SEEN = 128  # pixels of the 160 that training looks at, at a random place; a multiple of 32


@dataclass(frozen=True, slots=True)
class ViewShard:
    """A folder of views (`data.views`), mapped into memory; `teacher` is empty where none was asked."""

    views: NDArray[np.uint8]
    teacher: NDArray[np.uint8]
    label: NDArray[np.int64]
    family: NDArray[np.int64]

    @staticmethod
    def open(folder: Path) -> "ViewShard":
        with np.load(folder / "index.npz") as index:
            label, family = index["label"], index["family"]
        return ViewShard(
            np.load(folder / "views.npy", mmap_mode="r"), np.load(folder / "teacher.npy", mmap_mode="r"), label, family
        )


@dataclass(frozen=True, slots=True)
class ViewConfig:
    steps: int = 1600
    batch: int = 128
    learning_rate: float = 2e-3
    smoothing: float = 0.05
    distil: float = 1.0
    family: float = 0.2
    seed: int = 0


def train(network: ViewNet, shard: ViewShard, validation: ViewShard, config: ViewConfig, out: Path) -> ViewNet:
    """Train and return the averaged network; writes `out/view.pt` at each validation, and a CSV log."""
    device = next(network.parameters()).device
    batches = _batches(shard, config.batch, config.seed)
    mean, deviation = _statistics(shard)
    forward = distributed.shared(network)

    def step() -> dict[str, Tensor]:
        views, label, family, rows = next(batches)
        out = forward(views.to(device))
        label = label.to(device)
        target = label * (1 - config.smoothing) + config.smoothing / 2
        parts = {
            "bce": F.binary_cross_entropy_with_logits(out.logit, target),
            "family": config.family * F.cross_entropy(out.family, family.to(device)),
        }
        if len(shard.teacher):
            wanted = (torch.from_numpy(shard.teacher[rows]).float().sqrt() - mean) / deviation
            parts["distil"] = config.distil * F.mse_loss(out.teacher, wanted.to(device))
        return parts

    loop = Loop(network, LoopConfig(config.steps, config.learning_rate), out / "view.csv")

    def after(number: int) -> dict[str, float]:
        save(out / "view.pt", loop.average.network, number)
        return validate(loop.average.network, validation)

    loop.run(step, after)
    return loop.average.network


def save(path: Path, network: ViewNet, step: int) -> None:
    """Write a checkpoint of the global branch."""
    config = json.dumps(network.config.to_json())
    write_whole(path, {"network": network.state_dict(), "config": config, "step": step})


def load(path: Path) -> ViewNet:
    """The network of a checkpoint, in evaluation mode on the CPU."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    network = ViewNet(ViewNetConfig.from_json(json.loads(stored["config"])))
    network.load_state_dict(stored["network"])
    return network.eval()


@torch.no_grad()
def validate(network: ViewNet, shard: ViewShard, batch: int = 128) -> dict[str, float]:
    """AUC of single views of sources that training never sees."""
    device = next(network.parameters()).device
    logits: list[Tensor] = []
    with torch.autocast(device.type, torch.bfloat16):
        for rows in torch.arange(len(shard.label)).split(batch):
            logits.append(network(torch.from_numpy(shard.views[rows.numpy()]).to(device)).logit.cpu())
    return {"auc": round(auc(shard.label, torch.cat(logits).numpy()), 4)}


def _statistics(shard: ViewShard) -> tuple[Tensor, Tensor]:
    """Mean and deviation of the teacher's square-rooted features, from a sample of views."""
    if not len(shard.teacher):
        return torch.zeros(1), torch.ones(1)
    rows = np.linspace(0, len(shard.label) - 1, num=min(4000, len(shard.label))).astype(np.int64)
    roots = torch.from_numpy(shard.teacher[rows]).float().sqrt()
    return roots.mean(0), roots.std(0) + 0.1


def _batches(shard: ViewShard, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor, Tensor, NDArray[np.int64]]]:
    """Endless: views uint8 (B, 128, 128, 3), labels, families and rows; half real, families by square root of size."""
    rng = np.random.default_rng(seed)
    real, generated = np.flatnonzero(shard.label == 0), np.flatnonzero(shard.label == 1)
    chance = family_chances(shard.family[generated])
    while True:
        rows = np.concatenate([rng.choice(real, size // 2), rng.choice(generated, size - size // 2, p=chance)])
        views = np.empty((size, _SEEN, _SEEN, 3), dtype=np.uint8)
        for i, row in enumerate(rows):
            y, x = rng.integers(shard.views.shape[1] - _SEEN + 1, size=2)
            view = shard.views[row, y : y + _SEEN, x : x + _SEEN]
            views[i] = view[:, ::-1] if rng.random() < 0.5 else view
        label = torch.from_numpy(shard.label[rows]).float()
        yield torch.from_numpy(views), label, torch.from_numpy(shard.family[rows]), rows
