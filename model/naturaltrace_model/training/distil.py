"""Trains the encoder: to do what a teacher does, on crops and views alike, without any label.

First every block by itself, from what the teacher's block before it gives to what the teacher's own gives: sixteen
small problems, none of which waits for another. Then all of them one after the other, as they will run.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from naturaltrace.imaging.crops import CROP
from naturaltrace_model.data.statistics import drawn
from naturaltrace_model.data.teacher import Teacher
from naturaltrace_model.networks.encoder import Encoder, EncoderConfig
from naturaltrace_model.training.checkpoint import write_whole
from naturaltrace_model.training.loop import Loop, LoopConfig

_SCALES = (160, 192, 256)  # pixels that a stored view is shown at
_FLAT = 0.2  # of the channels' mean deviation: a channel that hardly moves need not be foretold to a hair


@dataclass(frozen=True, slots=True)
class DistilConfig:
    """Steps of each part, and of each step by turns: `pieces` of 128 px, half of them crops and half pieces of views,
    or `views`."""

    blockwise: int = 600
    whole: int = 1500
    pieces: int = 32
    views: int = 16
    blockwise_rate: float = 4e-3
    whole_rate: float = 1.5e-3
    pooled: float = 2.0  # what errors of the statistics that are judged by count, against 1 for each map's
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

    def batches(self, config: DistilConfig) -> Iterator[Tensor]:
        """Endless, by turns: uint8 (pieces, 128, 128, 3) and uint8 (views, S, S, 3)."""
        rng = np.random.default_rng(config.seed)
        crop_chance, view_chance = (_chances(g, config.balance) for g in (self.crop_groups, self.view_groups))

        def some(
            parts: Sequence[NDArray[np.uint8]], chance: NDArray[np.float64], count: int
        ) -> list[NDArray[np.uint8]]:
            return [_row(parts, row) for row in rng.choice(len(chance), count, p=chance)]

        def stacked(found: list[NDArray[np.uint8]]) -> Tensor:
            return torch.from_numpy(np.stack([f[:, ::-1] if rng.random() < 0.5 else f for f in found]))

        while True:
            found = some(self.crops, crop_chance, config.pieces // 2)
            for view in some(self.views, view_chance, config.pieces - config.pieces // 2):
                view = _at(view, int(rng.choice(_SCALES)))
                y, x = rng.integers(len(view) - CROP + 1, size=2)
                found.append(view[y : y + CROP, x : x + CROP])
            yield stacked(found)
            yield stacked(some(self.views, view_chance, config.views))


def train(network: Encoder, pictures: Pictures, held: Pictures, config: DistilConfig, out: Path) -> Encoder:
    """Train and return the averaged encoder; writes `out/encoder.pt` now and then, and two CSV logs.

    The logs' figures on held pictures: of each tap, the share of the variance of its map, of its means and of its
    deviations that is foretold.
    """
    device = next(network.parameters()).device
    teacher = Teacher(len(network.blocks)).to(device)
    batches = (batch.to(device) for batch in pictures.batches(config))
    scale = _Scale.measure(network, teacher, [next(batches) for _ in range(6)])
    views = [batch for batch, _ in zip(held.batches(config), range(12), strict=False)][1::2]
    held_views = torch.cat(views).to(device)

    def run(
        name: str, network: Encoder, steps: int, rate: float, errors: Callable[[Encoder, Tensor], dict[str, Tensor]]
    ) -> Encoder:
        loop = Loop(network, LoopConfig(steps, rate, weight_decay=0.0), out / f"{name}.csv")

        def after(number: int) -> dict[str, float]:
            save(out / "encoder.pt", loop.average.network, number)
            with torch.autocast(device.type, torch.bfloat16):
                return foretold(loop.average.network, teacher, held_views)

        loop.run(lambda: errors(network, next(batches)), after)
        return loop.average.network.requires_grad_(True)

    if config.blockwise:
        scale.set_out(network)
        network = run(
            "blockwise",
            network,
            config.blockwise,
            config.blockwise_rate,
            lambda n, p: _by_block(n, teacher(p), p, scale),
        )
    if config.whole:
        network = run(
            "whole",
            network,
            config.whole,
            config.whole_rate,
            lambda n, p: _as_whole(n, teacher(p), p, scale, config.pooled),
        )
    return network


@torch.no_grad()
def foretold(network: Encoder, teacher: Teacher, pixels: Tensor) -> dict[str, float]:
    """Of each tap, the share of the variance of the teacher's map, its means and its deviations that is foretold."""
    figures: dict[str, float] = {}
    wanted = teacher(pixels)
    for tap, mine in zip(network.config.taps, network(pixels), strict=True):
        theirs, mine = wanted[tap + 1].float(), mine.float()
        missed = (theirs - mine).square().mean((0, 2, 3)) / theirs.var((0, 2, 3))
        figures[f"map{tap}"] = round(1 - float(missed.mean()), 3)
        for name, a, b in (("mean", theirs.mean((2, 3)), mine.mean((2, 3))), ("deviation", *_deviations(theirs, mine))):
            figures[f"{name}{tap}"] = round(float(_correlation(a, b).square().mean()), 3)
    return figures


@dataclass(frozen=True, slots=True)
class _Scale:
    """What errors are counted in, (1, C, 1, 1) each: the deviations of what the teacher's stem and blocks give, and of
    what its blocks add; and the means of the latter."""

    of_outputs: list[Tensor]
    of_branches: list[Tensor]
    means: list[Tensor]

    @staticmethod
    @torch.no_grad()
    def measure(network: Encoder, teacher: Teacher, batches: Sequence[Tensor]) -> "_Scale":
        seen = [teacher(batch) for batch in batches]
        outputs = [_across([s[i] for s in seen]) for i in range(len(seen[0]))]
        branches = [_across([_branch(s, i, network) for s in seen]) for i in range(len(outputs))]
        return _Scale(
            [_deviation(o) for o in outputs],
            [_deviation(b) for b in branches],
            [b.mean(1)[None, :, None, None] for b in branches],
        )

    @torch.no_grad()
    def set_out(self, network: Encoder) -> None:
        """Begin where the teacher's means and deviations are: without it, most steps go into finding these."""
        parts = [network.stem, *network.blocks]
        for part, deviation, mean in zip(parts, self.of_branches, self.means, strict=True):
            norm = [m for m in part.modules() if isinstance(m, nn.BatchNorm2d)][-1]
            norm.weight.copy_(deviation.flatten())
            norm.bias.copy_(mean.flatten())


def _by_block(network: Encoder, wanted: list[Tensor], pixels: Tensor, scale: _Scale) -> dict[str, Tensor]:
    """How far each block is from the teacher's, given what the teacher's block before it gives."""
    found = network.branches(pixels, wanted)
    return {
        f"block{i}": ((x - _branch(wanted, i, network)) / deviation).float().square().mean()
        for i, (x, deviation) in enumerate(zip(found, scale.of_branches, strict=True))
    }


def _as_whole(
    network: Encoder, wanted: list[Tensor], pixels: Tensor, scale: _Scale, weight: float
) -> dict[str, Tensor]:
    """How far the encoder is from the teacher after each block, and in the statistics of its taps."""
    found = [x.float() / d for x, d in zip(network.stages(pixels), scale.of_outputs, strict=True)]
    wanted = [x.float() / d for x, d in zip(wanted, scale.of_outputs, strict=True)]
    parts = {f"map{i}": F.mse_loss(f, w) for i, (f, w) in enumerate(zip(found, wanted, strict=True))}
    # What is judged by in the end are statistics over places, which errors that cancel out leave alone.
    pooled = [_pooled_error(found[tap + 1].flatten(2), wanted[tap + 1].flatten(2)) for tap in network.config.taps]
    return parts | {"pooled": weight * torch.stack(pooled).sum()}


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


def _branch(stages: list[Tensor], i: int, network: Encoder) -> Tensor:
    """What block i - 1 of the teacher adds to its input, or gives where it adds nothing; i = 0 is the stem."""
    return stages[i] - stages[i - 1] if i and network.skips[i - 1] else stages[i]


def _across(maps: Sequence[Tensor]) -> Tensor:
    """(B, C, h, w) each to (C, places)."""
    return torch.cat([x.float().permute(1, 0, 2, 3).flatten(1) for x in maps], dim=1)


def _deviation(across: Tensor) -> Tensor:
    deviation = across.std(1)
    return (deviation.square() + (_FLAT * deviation.mean()).square()).sqrt()[None, :, None, None]


def _deviations(*maps: Tensor) -> tuple[Tensor, ...]:
    return tuple(x.flatten(2).std(2) for x in maps)


def _correlation(a: Tensor, b: Tensor) -> Tensor:
    """(N, C) twice to the correlation (C,) of each column."""
    a, b = a - a.mean(0), b - b.mean(0)
    return (a * b).sum(0) / (a.square().sum(0) * b.square().sum(0)).sqrt().clamp_min(1e-9)


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
