"""Trains the encoder: to foretell a teacher's middle layers, on crops and views alike, without any label."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from naturaltrace.imaging.crops import CROP
from naturaltrace_model.data.teacher import Teacher
from naturaltrace_model.networks.encoder import Encoder, EncoderConfig
from naturaltrace_model.training.checkpoint import write_whole
from naturaltrace_model.training.loop import Loop, LoopConfig

_SCALES = (160, 192, 256)  # pixels that a stored view is shown at


@dataclass(frozen=True, slots=True)
class DistilConfig:
    steps: int = 4400
    batch: int = 64
    learning_rate: float = 3e-3
    balance: float = 0.6  # 1: each source and class alike often; 0: each picture
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Pictures:
    """Crops (N, 128, 128, 3) and views (M, S, S, 3), and of each its source and class as one number, for balance."""

    crops: NDArray[np.uint8]
    crop_groups: NDArray[np.int64]
    views: NDArray[np.uint8]
    view_groups: NDArray[np.int64]

    @staticmethod
    def open(shard: Path, views: Path) -> "Pictures":
        def read(folder: Path, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
            with np.load(folder / "index.npz") as index:
                groups = index["source"] * 2 + index["label"]
            return np.load(folder / name, mmap_mode="r"), groups

        return Pictures(*read(shard, "crops.npy"), *read(views, "views.npy"))

    def batches(self, config: DistilConfig) -> Iterator[Tensor]:
        """Endless: uint8 (B, 128, 128, 3), half crops, half pieces of views at several scales."""
        rng = np.random.default_rng(config.seed)
        crop_chance, view_chance = (_chances(g, config.balance) for g in (self.crop_groups, self.view_groups))
        half = config.batch // 2
        while True:
            found = [self.crops[row] for row in rng.choice(len(crop_chance), half, p=crop_chance)]
            for row in rng.choice(len(view_chance), config.batch - half, p=view_chance):
                view = _at(self.views[row], int(rng.choice(_SCALES)))
                y, x = rng.integers(len(view) - CROP + 1, size=2)
                found.append(view[y : y + CROP, x : x + CROP])
            yield torch.from_numpy(np.stack([f[:, ::-1] if rng.random() < 0.5 else f for f in found]))


def train(network: Encoder, pictures: Pictures, held: Pictures, config: DistilConfig, out: Path) -> Encoder:
    """Train and return the averaged encoder; writes `out/encoder.pt` now and then, and a CSV log."""
    device = next(network.parameters()).device
    teacher = Teacher().to(device)
    batches = pictures.batches(config)
    means, deviations = _moments(teacher, batches, device)

    def parts_of(pixels: Tensor, encoder: Encoder) -> dict[str, Tensor]:
        wanted = [(w - m) / d for w, m, d in zip(teacher(pixels), means, deviations, strict=True)]
        found = [f.float() for f in encoder(pixels)]
        parts = {f"map{i}": F.mse_loss(f, w) for i, (f, w) in enumerate(zip(found, wanted, strict=True))}
        # What is judged by in the end are statistics over places, which errors that cancel out leave alone.
        parts["pooled"] = torch.stack(
            [_pooled_error(f.flatten(2), w.flatten(2)) for f, w in zip(found, wanted, strict=True)]
        ).sum()
        return parts

    loop = Loop(network, LoopConfig(config.steps, config.learning_rate, weight_decay=0.02), out / "encoder.csv")
    test = next(held.batches(DistilConfig(batch=128, seed=config.seed + 1))).to(device)

    def after(number: int) -> dict[str, float]:
        save(out / "encoder.pt", loop.average.network, number)
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            return {name: round(float(value), 3) for name, value in parts_of(test, loop.average.network).items()}

    loop.run(lambda: parts_of(next(batches).to(device), network), after)
    return loop.average.network


def save(path: Path, network: Encoder, step: int) -> None:
    """Write a checkpoint of the encoder."""
    write_whole(path, {"encoder": network.state_dict(), "config": network.config.to_json(), "step": step})


def load(path: Path) -> tuple[Encoder, int]:
    """The encoder of a checkpoint, in evaluation mode on the CPU, and its training step."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    network = Encoder(EncoderConfig.from_json(stored["config"]))
    network.load_state_dict(stored["encoder"])
    return network.eval(), int(stored["step"])


def _pooled_error(found: Tensor, wanted: Tensor) -> Tensor:
    return F.mse_loss(found.mean(2), wanted.mean(2)) + F.mse_loss(found.std(2), wanted.std(2))


@torch.no_grad()
def _moments(teacher: Teacher, batches: Iterator[Tensor], device: torch.device) -> tuple[list[Tensor], list[Tensor]]:
    """Mean and deviation (1, C, 1, 1) of each of the teacher's maps."""
    seen = [teacher(next(batches).to(device)) for _ in range(6)]
    taps = [torch.cat(tap) for tap in zip(*seen, strict=True)]
    means = [t.mean((0, 2, 3), keepdim=True) for t in taps]
    return means, [t.std((0, 2, 3), keepdim=True) + 1e-3 for t in taps]


def _chances(groups: NDArray[np.int64], balance: float) -> NDArray[np.float64]:
    _, place, counts = np.unique(groups, return_inverse=True, return_counts=True)
    weights = counts[place].astype(np.float64) ** -balance
    return weights / weights.sum()


def _at(view: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    if side == len(view):
        return view
    planes = torch.from_numpy(np.array(view)).permute(2, 0, 1)[None].float()
    scaled = F.interpolate(planes, size=(side, side), mode="bilinear", antialias=True)
    return scaled.round().clamp(0, 255).byte()[0].permute(1, 2, 0).numpy()
