"""Trains the localiser on splices drawn from a pool: which places differ from the rest of their own picture.

What is measured of the pixels is fixed, so it is measured once for each splice and kept; what is learned, the judging,
then goes through all of them many times.
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from naturaltrace_model.data.splice_draw import Drawn, SpliceDraw
from naturaltrace_model.data.splice_pool import SplicePool
from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.networks.localiser import Localiser, LocaliserConfig
from naturaltrace_model.training.average import MovingAverage
from naturaltrace_model.training.checkpoint import write_whole

_SIDE = 256  # pixels of a splice
_FILLED, _CLEAR = 0.7, 0.1  # shares from, and up to, which a cell is taken for fill or for original
_PAIRS = 128  # of each picture that are compared in one step
_RANKING = 0.5  # weight of the pairs beside the cells'
_KEPT = 0.995  # of the running mean of the weights in each step
_JITTER = 0.05  # of the measures of a whole picture, so that none is learned by its exact strength
_TOGETHER = 8
_USUAL = 500  # splices that what is usual is taken from
_SAVED_EVERY = 2000  # steps


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How many splices are drawn, and how long is learned from them."""

    splices: int = 10_000
    steps: int = 4000
    batch: int = 32
    rate: float = 3e-3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """Splices as the network judges them: `measures` fp16 (N, 16, 16, M), `share` (N, 16, 16), `weight` (N,)."""

    measures: NDArray[np.float16]
    share: NDArray[np.float32]
    weight: NDArray[np.float32]


def measure_all(network: Localiser, pool: SplicePool, count: int, seed: int, kept: Path) -> Measured:
    """Draw `count` splices and measure them; the measures (74 kB each) lie in the file `kept`."""
    rng, draw, side = np.random.default_rng(seed), SpliceDraw(pool, _SIDE), _SIDE // 16
    shape = (count, side, side, network.config.measures)
    measures = np.lib.format.open_memmap(kept, "w+", np.float16, shape)
    share, weight = np.zeros((count, side, side), np.float32), np.zeros(count, np.float32)
    for start in tqdm(range(0, count, _TOGETHER), unit="batch", mininterval=10):
        own = slice(start, min(count, start + _TOGETHER))
        drawn = [draw(rng) for _ in range(*own.indices(count))]
        with torch.inference_mode():
            measures[own] = network.measure(pixels_of(drawn)).permute(0, 2, 3, 1).numpy()
        share[own], weight[own] = [d.share for d in drawn], [d.weight for d in drawn]
    return Measured(measures, share, weight)


def train(
    pool: SplicePool,
    config: TrainConfig,
    out: Path,
    network_config: LocaliserConfig | None = None,
    start: Localiser | None = None,
) -> Localiser:
    """Train on all of `pool`, from `start` where there is one; the running mean of the weights is written to `out` and
    returned. Every so many steps `out` holds what there is so far."""
    torch.manual_seed(config.seed)
    network = (start or Localiser(network_config)).eval()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        kept = Path(folder) / "measures.npy"
        data = measure_all(network, pool, config.splices, config.seed, kept)
        if start is None:
            _note_usual(network, data)
        _learn(network, data, config, out)
    save(out, network)
    return load(out)


def _note_usual(network: Localiser, data: Measured) -> None:
    """What is usual of each measure. It is fixed before anything is learned, which a step's third is saved by."""
    some = torch.from_numpy(data.measures[:_USUAL].astype(np.float32)).flatten(0, 2)
    mean, var = network.usual.running_mean, network.usual.running_var
    assert mean is not None
    assert var is not None
    mean.copy_(some.mean(0))
    var.copy_(some.var(0))


def _learn(network: Localiser, data: Measured, config: TrainConfig, out: Path) -> None:
    rng = np.random.default_rng([config.seed, 1])
    network.train().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    network.usual.eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.rate, weight_decay=0.05)
    average = MovingAverage(network, _KEPT)
    seen: list[tuple[float, float]] = []
    for step in range(config.steps):
        for group in optimiser.param_groups:
            group["lr"] = config.rate * min(1.0, (step + 1) / 50) * (0.5 + 0.5 * np.cos(np.pi * step / config.steps))
        rows = np.sort(rng.integers(len(data.weight), size=config.batch))
        x = torch.from_numpy(data.measures[rows]).permute(0, 3, 1, 2).float()
        x += torch.randn(*x.shape[:2], 1, 1) * _JITTER
        with torch.autocast("cpu", torch.bfloat16):
            logits = network.judge(x)
        share, weight = torch.from_numpy(data.share[rows]), torch.from_numpy(data.weight[rows])
        cells, pairs = losses(logits.float(), share, weight[:, None, None])
        optimiser.zero_grad()
        (cells + _RANKING * pairs).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        average.update(network)
        seen.append((float(cells.detach()), float(pairs.detach())))
        if (step + 1) % 200 == 0:
            print(step + 1, np.mean(seen[-200:], axis=0).round(4), flush=True)
        if (step + 1) % _SAVED_EVERY == 0:
            save(out, average.network)
    network.load_state_dict(average.network.state_dict())
    network.eval()


def losses(logits: Tensor, share: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Each cell against its share, and pairs within a picture: a filled cell must stand above one of the original."""
    cells = (F.binary_cross_entropy_with_logits(logits, share, reduction="none") * weight).mean()
    filled, clear = (share > _FILLED).flatten(1), (share < _CLEAR).flatten(1)
    both = filled.any(1) & clear.any(1)
    if not both.any():
        return cells, logits.new_zeros(())
    own = logits.flatten(1)[both]
    i, j = (torch.multinomial(kind[both].float(), _PAIRS, replacement=True) for kind in (filled, clear))
    return cells, F.softplus(own.gather(1, j) - own.gather(1, i)).mean()


def measure(network: Localiser, pool: SplicePool, count: int, seed: int = 0) -> tuple[float, NDArray[np.float32]]:
    """On `count` splices of a pool: the cells' AUC within one splice, on average; all logits and shares, (2, N)."""
    rng, draw = np.random.default_rng([seed, 1]), SpliceDraw(pool, _SIDE)
    alone: list[float] = []
    cells: list[NDArray[np.float32]] = []
    for _ in range(count):
        drawn = draw(rng)
        with torch.no_grad():
            logits = network(pixels_of([drawn]))[0].numpy()
        inside = drawn.share > 0.5
        if inside.any() and not inside.all():
            alone.append(auc(inside.ravel(), logits.ravel()))
        cells.append(np.stack([logits.ravel(), drawn.share.ravel()]))
    return float(np.mean(alone)), np.concatenate(cells, axis=1)


def pixels_of(batch: Sequence[Drawn]) -> Tensor:
    return torch.from_numpy(np.stack([d.pixels for d in batch]))


def save(path: Path, network: Localiser) -> None:
    """Write a checkpoint."""
    write_whole(path, {"localiser": network.state_dict(), "config": json.dumps(network.config.to_json())})


def load(path: Path) -> Localiser:
    """The network of a checkpoint, in evaluation mode on the CPU."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    network = Localiser(LocaliserConfig.from_json(json.loads(stored["config"])))
    network.load_state_dict(stored["localiser"])
    return network.eval()
