"""Trains the dense branch on crops of which a part was replaced: by a reconstruction, or by a generated picture."""

import json
import time
from dataclasses import dataclass
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
from naturaltrace_model.data.splices import Splice, cells, draw_mask, lightly_worn, paste
from naturaltrace_model.data.twins import rebuilt_regions
from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.networks.map_net import CELL, MapNet, MapNetConfig
from naturaltrace_model.training.batches import Shard
from naturaltrace_model.training.checkpoint import write_whole


@dataclass(frozen=True, slots=True)
class MapConfig:
    """`minutes` ends training early on a busy machine; the learning rate knows."""

    splices: int = 4000
    steps: int = 1500
    batch: int = 32
    learning_rate: float = 3e-3
    minutes: float = 12.0
    held_out: float = 0.1  # share of the splices that only calibrates and measures
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SpliceSource:
    """Real regions (N, 256, 256, 3), their reconstructions, and a shard for whole generated and real crops."""

    regions: NDArray[np.uint8]
    rebuilt: NDArray[np.uint8]
    shard: Shard

    @staticmethod
    def make(shard: Path, autoencoders: list[Autoencoder], most: int, seed: int, kept: Path) -> "SpliceSource":
        """Reconstruct the first `most` regions that the shard kept; `kept` remembers them for the next run."""
        regions: NDArray[np.uint8] = np.load(shard / "regions.npy", mmap_mode="r")[:most]
        if kept.exists() and len(stored := np.load(kept, mmap_mode="r")) >= most:
            rebuilt = stored[:most]
        else:
            rebuilt = rebuilt_regions(np.asarray(regions), autoencoders, seed)
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept, rebuilt)
        return SpliceSource(np.asarray(regions), np.asarray(rebuilt), Shard.open(shard))

    def draw(self, rng: Generator) -> Splice:
        """Of ten: a reconstruction pasted into its original (5), a generated crop into a real one (1), a real one into
        another (1); a crop that is real (1), a reconstruction (1) or generated (1) as a whole."""
        kind = int(rng.integers(10))
        if kind < 5 or kind in (7, 8):
            real, fill = self._pair(rng)
        else:
            real, fill = self._crop(rng, 0), self._crop(rng, 0 if kind == 6 else 1)
        mask = draw_mask(rng, CROP, CROP, 0.1, 0.7) if kind < 7 else np.full((CROP, CROP), kind > 7)
        pixels = paste(real, fill, mask, float(rng.choice((0.0, 0.0, 1.5, 3.0))))
        return Splice(lightly_worn(pixels, rng), mask & (kind != 6))

    def _pair(self, rng: Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        row = int(rng.integers(len(self.regions)))
        y, x = rng.integers(self.regions.shape[1] - CROP + 1, size=2)
        turn, flip = int(rng.integers(4)), rng.random() < 0.5
        pair: list[NDArray[np.uint8]] = []
        for whole in (self.regions, self.rebuilt):
            piece = np.rot90(whole[row, y : y + CROP, x : x + CROP], turn)
            pair.append(piece[:, ::-1] if flip else piece)
        return pair[0], pair[1]

    def _crop(self, rng: Generator, label: int) -> NDArray[np.uint8]:
        rows = np.flatnonzero(self.shard.label == label)
        return self.shard.crops[int(rows[int(rng.integers(len(rows)))])]


def train(source: SpliceSource, config: MapConfig, out: Path, cache: Path) -> dict[str, float]:
    """Train, write `out`, return the figures on the splices held out.

    What the fixed filters make of the splices is kept in `cache` (about 160 kB a splice) and read from there.
    """
    torch.manual_seed(config.seed)
    network = MapNet()
    inputs, targets = prepare(network, source, config, cache)
    held = max(1, int(len(inputs) * config.held_out))
    rng = np.random.default_rng(config.seed + 1)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=0.02)
    network.train()
    started, step = time.monotonic(), 0
    with tqdm(total=config.steps, unit="step", mininterval=10) as bar:
        while step < config.steps:
            spent = (time.monotonic() - started) / 60 / config.minutes
            done = max(step / config.steps, spent)
            if done >= 1:
                break
            for group in optimiser.param_groups:
                group["lr"] = config.learning_rate * min(1.0, (step + 1) / 50) * 0.5 * (1 + np.cos(np.pi * done))
            rows = np.sort(rng.integers(held, len(inputs), size=config.batch))
            x = torch.from_numpy(inputs[rows]).float() / 127
            y = torch.from_numpy(targets[rows])
            with torch.autocast("cpu", torch.bfloat16):
                logits = network.of_prepared(x)
            loss = F.binary_cross_entropy_with_logits(logits, y)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            step += 1
            bar.update()
            if step % 50 == 0:
                bar.set_postfix(loss=round(float(loss.detach()), 3))
    network.eval()
    logits = _logits(network, inputs[:held])
    network.scale.copy_(torch.tensor(_platt(logits, targets[:held])))
    part = (targets[:held] > 0.02).any(axis=(1, 2)) & (targets[:held] < 0.98).any(axis=(1, 2))
    figures = {
        "steps": float(step),
        "cell_auc": round(auc((targets[:held] > 0.5).ravel(), logits.ravel()), 4),
        "cell_auc_of_splices": round(auc((targets[:held][part] > 0.5).ravel(), logits[part].ravel()), 4),
    }
    save(out, network, figures)
    return figures


def prepare(
    network: MapNet, source: SpliceSource, config: MapConfig, cache: Path
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Drawn splices as the layers read them, in 1/127, (N, 40, 64, 64), on disk; and each cell's generated share."""
    cache.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(config.seed)
    inputs: NDArray[np.int8] | None = None
    targets = np.zeros((config.splices, CROP // CELL, CROP // CELL), dtype=np.float32)
    for start in tqdm(range(0, config.splices, config.batch), unit="batch", mininterval=10):
        drawn = [source.draw(rng) for _ in range(min(config.batch, config.splices - start))]
        x = network.prepare(torch.from_numpy(np.stack([d.pixels for d in drawn])))
        if inputs is None:
            shape = (config.splices, *x.shape[1:])
            inputs = np.lib.format.open_memmap(cache / "prepared.npy", mode="w+", dtype=np.int8, shape=shape)
        inputs[start : start + len(drawn)] = (x * 127).round().to(torch.int8).numpy()
        targets[start : start + len(drawn)] = [cells(d.mask, CELL) for d in drawn]
    assert inputs is not None
    return inputs, targets


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


@torch.no_grad()
def _logits(network: MapNet, inputs: NDArray[np.int8]) -> NDArray[np.float32]:
    parts = [network.of_prepared(torch.from_numpy(inputs[i : i + 32]).float() / 127) for i in range(0, len(inputs), 32)]
    return torch.cat(parts).numpy()


def _platt(logits: NDArray[np.float32], targets: NDArray[np.float32]) -> tuple[float, float]:
    """Slope and shift that make the logits honest on splices that training never saw."""
    x, y = torch.from_numpy(logits.ravel()).double(), torch.from_numpy(targets.ravel()).double()
    line = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([line], max_iter=50)

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = F.binary_cross_entropy_with_logits(x * line[0] + line[1], y)
        loss.backward()
        return loss

    optimiser.step(closure)  # pyright: ignore[reportArgumentType]
    return float(line[0].detach()), float(line[1].detach())
