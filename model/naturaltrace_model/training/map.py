"""Fits the dense branch to pictures of which a part was replaced: by a reconstruction, or by a generated picture.

What is sought is how a fill differs from the rest of its own picture; what must not matter is how places differ
anyway, within a picture and between pictures. Both are moments over the splices, and the weights their quotient
(Fisher's discriminant). One pass, no steps to tune.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from naturaltrace.imaging.crops import CROP
from naturaltrace_model.data.autoencoders import Autoencoder
from naturaltrace_model.data.splices import Mask, Splice, cells, draw_mask, lightly_worn, paste
from naturaltrace_model.data.twins import rebuilt_regions
from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.networks.map_net import CELL, MapNet, MapNetConfig
from naturaltrace_model.training.batches import Shard
from naturaltrace_model.training.checkpoint import write_whole

_EVERY = 2  # cells: neighbours tell little new
_CROPS = 4  # of each splice, one somewhere in each quarter


@dataclass(frozen=True, slots=True)
class MapConfig:
    """`ridge` is a share of each mean's own variance. `held_out`: the share of the splices that only calibrates and
    measures; their pictures are in no other splice."""

    splices: int = 4000
    ridge: float = 1e-3
    held_out: float = 0.15
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SpliceSource:
    """Real regions (N, S, S, 3) and their reconstructions, neither worn, S more than 128; `origin` (N,) says which of
    them share a source, so that none is both fitted to and measured on; `generated` (M, 128, 128, 3) are crops of
    generated pictures, as fills of another kind."""

    regions: NDArray[np.uint8]
    rebuilt: NDArray[np.uint8]
    origin: NDArray[np.int64]
    generated: NDArray[np.uint8]

    @staticmethod
    def make(shard: Path, autoencoders: list[Autoencoder], most: int, seed: int, kept: Path) -> "SpliceSource":
        """Reconstruct `most` of the regions that the shard kept, drawn from all of them; `kept` remembers the result
        for the next run with the same shard, autoencoders and seed."""
        regions: NDArray[np.uint8] = np.load(shard / "regions.npy", mmap_mode="r")
        crops = Shard.open(shard)
        source_of = dict(zip(crops.region.tolist(), crops.source.tolist(), strict=True))
        with np.load(shard / "regions.npz") as facts:
            number = facts["number"]
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(regions))[:most]
        chosen = regions[rows]
        if kept.exists() and len(stored := np.load(kept, mmap_mode="r")) >= len(rows):
            rebuilt = np.asarray(stored[: len(rows)])
        else:
            rebuilt = rebuilt_regions(chosen, autoencoders, seed)
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept, rebuilt)
        origin = np.array([source_of[int(number[r])] for r in rows], dtype=np.int64)
        generated = np.flatnonzero(crops.label == 1)
        some = np.sort(rng.choice(generated, min(2000, len(generated)), replace=False))
        return SpliceSource(chosen, rebuilt, origin, np.asarray(crops.crops[some]))

    def rows(self, held: bool) -> NDArray[np.int64]:
        """The regions to be fitted to, or those held out: every fifth source, whole."""
        return np.flatnonzero((np.unique(self.origin, return_inverse=True)[1] % 5 == 0) == held)

    def draw(self, rng: Generator, row: int) -> Splice:
        """A splice of one region. Of ten fills nine are its reconstruction, one is a generated picture laid over it;
        the wear is what a finished edit goes through."""
        real, fill = self.regions[row], self.rebuilt[row]
        side = real.shape[0]
        mask = draw_mask(rng, side, side, 0.12, 0.6)
        if rng.random() < 0.35:
            mask = ~mask
        if len(self.generated) and rng.random() < 0.1:
            fill, mask = laid_over(real, self.generated[int(rng.integers(len(self.generated)))], mask, rng)
        turn, flip = int(rng.integers(4)), rng.random() < 0.5
        pixels = paste(real, fill, mask, float(rng.choice((0.0, 0.0, 1.5, 3.0))))
        pixels, mask = np.rot90(pixels, turn), np.rot90(mask, turn)
        if flip:
            pixels, mask = pixels[:, ::-1], mask[:, ::-1]
        return Splice(lightly_worn(np.ascontiguousarray(pixels), rng), np.ascontiguousarray(mask))


def laid_over(
    real: NDArray[np.uint8], other: NDArray[np.uint8], mask: Mask, rng: Generator
) -> tuple[NDArray[np.uint8], Mask]:
    """`other` somewhere on `real`, and what of the mask lies within it."""
    room = real.shape[0] - other.shape[0]
    y, x = (int(v) for v in rng.integers(room + 1, size=2))
    fill, within = real.copy(), np.zeros_like(mask)
    fill[y : y + other.shape[0], x : x + other.shape[1]] = other
    within[y : y + other.shape[0], x : x + other.shape[1]] = True
    return fill, mask & within


def train(source: SpliceSource, config: MapConfig, out: Path) -> dict[str, float]:
    """Fit, calibrate, write `out`, return the figures on the splices held out."""
    network = MapNet(MapNetConfig()).eval()
    with torch.no_grad():
        few = _splices(source, replace(config, splices=min(config.splices, 60)), held=False)
        network.standardise(torch.cat([network.measures(crops) for crops, _ in few]))
    network.weights.copy_(solve(network, _splices(source, config, held=False), config.ridge))
    logits: list[NDArray[np.float32]] = []
    truth: list[NDArray[np.float32]] = []
    alone: list[float] = []
    for crops, mask in _splices(source, config, held=True):
        with torch.no_grad():
            found = network(crops).numpy()
        logits.append(found)
        truth.append(mask)
        inside = mask > 0.5
        if inside.any() and not inside.all():
            alone.append(auc(inside.ravel(), found.ravel()))
    found, target = np.concatenate(logits), np.concatenate(truth)
    network.scale.copy_(torch.tensor(_platt(found, target)))
    figures = {
        "splices": float(config.splices),
        "cell_auc": round(auc((target > 0.5).ravel(), found.ravel()), 4),
        "cell_auc_within_one_splice": round(float(np.mean(alone)), 4),
    }
    save(out, network, figures)
    return figures


def solve(network: MapNet, splices: Iterator[tuple[Tensor, NDArray[np.float32]]], ridge: float) -> Tensor:
    """The weights that best tell fills from the rest of their own picture; each item the crops of one picture and the
    share of each cell that is fill."""
    size = network.size
    within, between = torch.zeros(2, size, size, dtype=torch.float64)
    towards, total = torch.zeros(2, size, dtype=torch.float64)
    places = count = 0
    for crops, mask in splices:
        with torch.no_grad():
            means = network.means(network.cells(crops))[:, :, ::_EVERY, ::_EVERY]
        x = means.permute(0, 2, 3, 1).flatten(0, 2)
        y = torch.from_numpy(mask[:, ::_EVERY, ::_EVERY].copy()).flatten()
        own = x.mean(0)
        x, y = x - own, y - y.mean()
        within += (x.T @ x).double()
        towards += (x.T @ y).double()
        between += torch.outer(own, own).double()
        total += own.double()
        places, count = places + len(x), count + 1
    middle = total / count
    spread = within / places + between / count - torch.outer(middle, middle)
    # The floor: means that hardly vary, like those of a bent sum that is always nought, get no weight.
    spread += torch.diag(ridge * spread.diagonal() + 1e-7)
    return torch.linalg.solve(spread, towards / places).float().view_as(network.weights)


def _splices(source: SpliceSource, config: MapConfig, *, held: bool) -> Iterator[tuple[Tensor, NDArray[np.float32]]]:
    """Per splice its crops (4, 128, 128, 3) and the share (4, 16, 16) of each cell that is fill."""
    rng = np.random.default_rng([config.seed, int(held)])
    rows = source.rows(held)
    share = config.held_out if held else 1 - config.held_out
    order: list[int] = []
    for _ in tqdm(range(max(1, round(config.splices * share))), unit="splice", mininterval=10):
        order = order or rng.permutation(rows).tolist()
        splice = source.draw(rng, order.pop())
        # At any offset: crops are not cut along the grid of blocks that a file was compressed in.
        reach = splice.mask.shape[0] - CROP
        corners = [
            (int(low + rng.integers(reach // 3 + 1)), int(left + rng.integers(reach // 3 + 1)))
            for low in (0, reach - reach // 3)
            for left in (0, reach - reach // 3)
        ][:_CROPS]
        cut = [(slice(y, y + CROP), slice(x, x + CROP)) for y, x in corners]
        yield (
            torch.from_numpy(np.stack([splice.pixels[c] for c in cut])),
            np.stack([cells(splice.mask[c], CELL) for c in cut]),
        )


def save(path: Path, network: MapNet, figures: dict[str, float]) -> None:
    """Write a checkpoint of the dense branch."""
    config = json.dumps(network.config.to_json())
    write_whole(path, {"network": network.state_dict(), "config": config, "figures": json.dumps(figures)})


def load(path: Path) -> MapNet:
    """The branch of a checkpoint, in evaluation mode on the CPU."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    network = MapNet(MapNetConfig.from_json(json.loads(stored["config"])))
    network.load_state_dict(stored["network"])
    return network.eval()


def _platt(logits: NDArray[np.float32], targets: NDArray[np.float32]) -> tuple[float, float]:
    """Slope and shift that make the logits honest on splices that were not fitted to."""
    x, y = torch.from_numpy(logits.ravel()).double(), torch.from_numpy(targets.ravel()).double()
    spread = float(x.std()) or 1.0
    x = x / spread
    line = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([line], max_iter=50)

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = F.binary_cross_entropy_with_logits(x * line[0] + line[1], y)
        loss.backward()
        return loss

    optimiser.step(closure)  # pyright: ignore[reportArgumentType]
    return float(line[0].detach()) / spread, float(line[1].detach())
