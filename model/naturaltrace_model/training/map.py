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

_TWIN_DISTANCE = 25.0  # mean grey levels


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
    """Real regions (N, 256, 256, 3) and their reconstructions, neither worn; a shard for whole generated and real
    crops; and, from stage 2's reconstructions, `pairs` (P, 2) of rows that show the same place of both shards."""

    regions: NDArray[np.uint8]
    rebuilt: NDArray[np.uint8]
    shard: Shard
    twins: Shard | None = None
    pairs: NDArray[np.int64] | None = None

    @staticmethod
    def make(
        shard: Path, twins: Path | None, autoencoders: list[Autoencoder], most: int, seed: int, kept: Path
    ) -> "SpliceSource":
        """Reconstruct the first `most` regions that the shard kept; `kept` remembers them for the next run. Of `twins`
        only what those same autoencoders made is used."""
        regions: NDArray[np.uint8] = np.load(shard / "regions.npy", mmap_mode="r")[:most]
        if kept.exists() and len(stored := np.load(kept, mmap_mode="r")) >= most:
            rebuilt = stored[:most]
        else:
            rebuilt = rebuilt_regions(np.asarray(regions), autoencoders, seed)
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept, rebuilt)
        crops = Shard.open(shard)
        if twins is None:
            return SpliceSource(np.asarray(regions), np.asarray(rebuilt), crops)
        others = Shard.open(twins)
        pairs = same_places(crops, others, {a.name for a in autoencoders})
        return SpliceSource(np.asarray(regions), np.asarray(rebuilt), crops, others, pairs)

    def draw(self, rng: Generator, held: bool = False) -> tuple[Splice, Splice]:
        """One mask and its complement, worn alike: each place is once the original and once the fill, so that knowing
        what a place shows helps nobody.

        Of ten: a reconstruction and its original (7, two of them whole), a generated and a real crop (2, one of them
        whole), two real ones, whose masks are empty (1). `held` draws from a tenth that is otherwise left alone.
        """
        kind = int(rng.integers(10))
        if kind < 7:
            real, fill = self._pair(rng, held)
        else:
            real, fill = self._crop(rng, 0, held), self._crop(rng, 0 if kind == 9 else 1, held)
        whole = kind in (5, 6, 8)
        mask = np.zeros((CROP, CROP), dtype=np.bool_) if whole else draw_mask(rng, CROP, CROP, 0.15, 0.6)
        feather = float(rng.choice((0.0, 0.0, 1.5, 3.0)))
        seed = int(rng.integers(2**31))
        splices: list[Splice] = []
        for own in (mask, ~mask):
            worn = lightly_worn(paste(real, fill, own, feather), np.random.default_rng(seed))
            splices.append(Splice(worn, own & (kind != 9)))
        return splices[0], splices[1]

    def _pair(self, rng: Generator, held: bool) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        if self.twins is not None and self.pairs is not None and rng.random() < 0.5:
            cut = len(self.pairs) // 10
            mine, theirs = self.pairs[int(rng.integers(cut) if held else rng.integers(cut, len(self.pairs)))]
            return self.shard.crops[mine], self.twins.crops[theirs]
        cut = len(self.regions) // 10
        row = int(rng.integers(cut) if held else rng.integers(cut, len(self.regions)))
        y, x = rng.integers(self.regions.shape[1] - CROP + 1, size=2)
        turn, flip = int(rng.integers(4)), rng.random() < 0.5
        pair: list[NDArray[np.uint8]] = []
        for whole in (self.regions, self.rebuilt):
            piece = np.rot90(whole[row, y : y + CROP, x : x + CROP], turn)
            pair.append(piece[:, ::-1] if flip else piece)
        return pair[0], pair[1]

    def _crop(self, rng: Generator, label: int, held: bool) -> NDArray[np.uint8]:
        # Crops of one region lie side by side in the shard: the cut keeps them together.
        rows = np.flatnonzero(self.shard.label == label)
        cut = len(rows) // 10
        rows = rows[:cut] if held else rows[cut:]
        return self.shard.crops[int(rows[int(rng.integers(len(rows)))])]


def same_places(shard: Shard, twins: Shard, names: set[str]) -> NDArray[np.int64]:
    """Rows (P, 2) of real crops and of their reconstructions by the named autoencoders that show the very same place.

    A region's crops and its reconstruction's were cut by the same draw, but of the first the most textured was taken,
    which may lie elsewhere in the reconstruction.
    """
    wanted = {i for i, name in enumerate(twins.sources) if name in names}
    rows_of = shard.rows_of_region()
    pairs = [
        (int(mine), int(theirs))
        for region, rows in twins.rows_of_region().items()
        for mine, theirs in zip(rows_of.get(region, ()), rows, strict=False)
        if int(twins.source[theirs]) in wanted
    ]
    alike = [p for p in pairs if _distance(shard.crops[p[0]], twins.crops[p[1]]) < _TWIN_DISTANCE]
    return np.array(alike, dtype=np.int64)


def _distance(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    return float(np.abs(a[::4, ::4].astype(np.int16) - b[::4, ::4]).mean())


def train(source: SpliceSource, config: MapConfig, out: Path, cache: Path) -> dict[str, float]:
    """Train, write `out`, return the figures on the splices held out.

    What the fixed filters make of the splices is kept in `cache` (about 160 kB a splice) and read from there.
    """
    torch.manual_seed(config.seed)
    network = MapNet()
    inputs, targets = prepare(network, source, config, cache)
    held = held_out(config)
    rng = np.random.default_rng(config.seed + 1)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=0.05)
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
            first = rng.integers(held // 2, len(inputs) // 2, size=config.batch // 2) * 2
            rows = np.sort(np.concatenate([first, first + 1]))
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


def held_out(config: MapConfig) -> int:
    """How many of the splices only measure: they come first, whole batches of them."""
    return max(1, int(config.splices * config.held_out) // config.batch) * config.batch


def prepare(
    network: MapNet, source: SpliceSource, config: MapConfig, cache: Path
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Drawn splices as the layers read them, in 1/127, (N, 40, 64, 64), on disk; and each cell's generated share."""
    cache.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(config.seed)
    inputs: NDArray[np.int8] | None = None
    targets = np.zeros((config.splices, CROP // CELL, CROP // CELL), dtype=np.float32)
    for start in tqdm(range(0, config.splices, config.batch), unit="batch", mininterval=10):
        pairs = [source.draw(rng, start < held_out(config)) for _ in range(config.batch // 2)]
        drawn = [splice for pair in pairs for splice in pair][: config.splices - start]
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
