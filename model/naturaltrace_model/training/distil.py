"""Trains the encoder: to foretell a teacher's middle layers, on crops and views alike, without any label."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from naturaltrace.imaging.crops import CROP
from naturaltrace_model.data.statistics import drawn
from naturaltrace_model.data.teacher import Teacher
from naturaltrace_model.networks.encoder import Encoder, EncoderConfig
from naturaltrace_model.training.checkpoint import write_whole
from naturaltrace_model.training.loop import Loop, LoopConfig

_SCALES = (160, 192, 256)  # pixels that a stored view is shown at


@dataclass(frozen=True, slots=True)
class DistilConfig:
    """Of each step: `batch` pieces of 128 px, half of them crops and half pieces of views, and `whole` views."""

    steps: int = 4400
    batch: int = 64
    whole: int = 0
    learning_rate: float = 3e-3
    balance: float = 0.6  # 1: each source and class alike often; 0: each picture
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Pictures:
    """Crops (128, 128, 3) and views (S, S, 3), in parts as they lie on the disk, and of each its source and class as
    one number, for balance."""

    crops: Sequence[NDArray[np.uint8]]
    crop_groups: NDArray[np.int64]
    views: Sequence[NDArray[np.uint8]]
    view_groups: NDArray[np.int64]

    @staticmethod
    def open(shards: Sequence[Path], views: Sequence[Path]) -> "Pictures":
        return Pictures(*_read(shards, "crops.npy"), *_read(views, "views.npy"))

    def batches(self, config: DistilConfig) -> Iterator[list[Tensor]]:
        """Endless: uint8 (batch, 128, 128, 3), and uint8 (whole, S, S, 3) where `whole` is not 0."""
        rng = np.random.default_rng(config.seed)
        crop_chance, view_chance = (_chances(g, config.balance) for g in (self.crop_groups, self.view_groups))
        half = config.batch // 2

        def some(parts: Sequence[NDArray[np.uint8]], chance: NDArray[np.float64], count: int) -> list[NDArray[np.uint8]]:
            return [_row(parts, row) for row in rng.choice(len(chance), count, p=chance)]

        def stacked(found: list[NDArray[np.uint8]]) -> Tensor:
            return torch.from_numpy(np.stack([f[:, ::-1] if rng.random() < 0.5 else f for f in found]))

        while True:
            found = some(self.crops, crop_chance, half)
            for view in some(self.views, view_chance, config.batch - half):
                view = _at(view, int(rng.choice(_SCALES)))
                y, x = rng.integers(len(view) - CROP + 1, size=2)
                found.append(view[y : y + CROP, x : x + CROP])
            pieces = [stacked(found)]
            yield [*pieces, stacked(some(self.views, view_chance, config.whole))] if config.whole else pieces


def train(network: Encoder, pictures: Pictures, held: Pictures, config: DistilConfig, out: Path) -> Encoder:
    """Train and return the averaged encoder; writes `out/encoder.pt` now and then, and a CSV log."""
    device = next(network.parameters()).device
    teacher = Teacher(len(network.config.taps)).to(device)
    batches = pictures.batches(config)
    moments = _moments(teacher, batches, device)

    def parts_of(batch: list[Tensor], encoder: Encoder) -> dict[str, Tensor]:
        parts: dict[str, Tensor] = {}
        for pixels in batch:
            for name, error in _errors(pixels.to(device), encoder, teacher, moments).items():
                parts[name] = parts.get(name, 0) + error / len(batch)
        return parts

    loop = Loop(network, LoopConfig(config.steps, config.learning_rate, weight_decay=0.02), out / "encoder.csv")
    test = next(held.batches(replace(config, batch=128, seed=config.seed + 1)))

    def after(number: int) -> dict[str, float]:
        save(out / "encoder.pt", loop.average.network, number)
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            return {name: round(float(value), 3) for name, value in parts_of(test, loop.average.network).items()}

    loop.run(lambda: parts_of(next(batches), network), after)
    return loop.average.network


def deepen(shallow: Encoder, config: EncoderConfig, resting: int) -> Encoder:
    """A new encoder that begins with the stages and taps of a shallower one, the first `resting` of them at rest."""
    stages, taps = len(shallow.stages), len(shallow.adapt)
    if (config.widths[:stages], config.depths[:stages], config.taps[:taps]) != (
        shallow.config.widths, shallow.config.depths, shallow.config.taps,
    ):  # fmt: skip
        raise ValueError("the encoder to start from is not the beginning of the one that is wanted")
    network = Encoder(config)
    network.load_state_dict(shallow.state_dict(), strict=False)
    network.rest(resting)
    return network


def save(path: Path, network: Encoder, step: int) -> None:
    """Write a checkpoint of the encoder."""
    write_whole(path, {"encoder": network.state_dict(), "config": network.config.to_json(), "step": step})


def load(path: Path) -> tuple[Encoder, int]:
    """The encoder of a checkpoint, in evaluation mode on the CPU, and its training step."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    network = Encoder(EncoderConfig.from_json(stored["config"]))
    network.load_state_dict(stored["encoder"])
    return network.eval(), int(stored["step"])


def _errors(
    pixels: Tensor, encoder: Encoder, teacher: Teacher, moments: list[tuple[Tensor, Tensor]]
) -> dict[str, Tensor]:
    """By how much each of the teacher's maps, in deviations, is missed, and their statistics over places."""
    wanted = [(w - m) / d for w, (m, d) in zip(teacher(pixels), moments, strict=True)]
    found = [f.float() for f in encoder(pixels)]
    parts = {f"map{i}": F.mse_loss(f, w) for i, (f, w) in enumerate(zip(found, wanted, strict=True))}
    # What is judged by in the end are statistics over places, which errors that cancel out leave alone.
    parts["pooled"] = torch.stack(
        [_pooled_error(f.flatten(2), w.flatten(2)) for f, w in zip(found, wanted, strict=True)]
    ).sum()
    return parts


def _pooled_error(found: Tensor, wanted: Tensor) -> Tensor:
    return F.mse_loss(found.mean(2), wanted.mean(2)) + F.mse_loss(found.std(2), wanted.std(2))


@torch.no_grad()
def _moments(teacher: Teacher, batches: Iterator[list[Tensor]], device: torch.device) -> list[tuple[Tensor, Tensor]]:
    """Mean and deviation (1, C, 1, 1) of each of the teacher's maps, on pieces."""
    seen = [teacher(next(batches)[0].to(device)) for _ in range(6)]
    taps = [torch.cat(tap) for tap in zip(*seen, strict=True)]
    return [(t.mean((0, 2, 3), keepdim=True), t.std((0, 2, 3), keepdim=True) + 1e-3) for t in taps]


def _read(folders: Sequence[Path], name: str) -> tuple[list[NDArray[np.uint8]], NDArray[np.int64]]:
    parts, groups, first = list[NDArray[np.uint8]](), list[NDArray[np.int64]](), 0
    for folder in folders:
        with np.load(folder / "index.npz") as index:
            own = index["source"] * 2 + index["label"]
        parts.append(drawn(folder, name))
        groups.append(own + first)
        first = int(groups[-1].max()) + 1
    return parts, np.concatenate(groups)


def _row(parts: Sequence[NDArray[np.uint8]], row: int) -> NDArray[np.uint8]:
    for part in parts:
        if row < len(part):
            return part[row]
        row -= len(part)
    raise IndexError(row)


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
