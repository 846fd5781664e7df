"""The natural-trace branch at the table's budget, whole and with one part left out; and what its encoder says alone.

Stage 1 takes a quarter of the steps and sees real crops only; stage 2 the rest. Rows that leave something out keep the
sum of steps.
"""

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from naturaltrace_model.baselines.interface import Budget, Material, chosen
from naturaltrace_model.baselines.trained import in_batches
from naturaltrace_model.data.shards import HARD
from naturaltrace_model.networks.trace_net import TraceNet, TraceNetConfig
from naturaltrace_model.training import checkpoint, stage1, stage2
from naturaltrace_model.training.batches import Shard

_STAGE1_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Parts:
    """What of the method a row keeps."""

    stage1: bool = True
    contrast: bool = True
    aligned_fakes: bool = True
    hard_real: bool = True


class Ours:
    """Both stages; the score is the linear logit, or, with `by_proximity`, the distance to the natural traces."""

    def __init__(self, idea: str, parts: Parts | None = None, *, by_proximity: bool = False) -> None:
        self.idea = idea
        self._parts, self._by_proximity = parts or Parts(), by_proximity
        self._network: TraceNet | None = None

    @property
    def parameters(self) -> int:
        return served_parameters(self._network)

    def fit(self, material: Material, budget: Budget, folder: Path) -> None:
        train = material.train if self._parts.hard_real else without_hard_real(material.train)
        network, anchor = _network(budget), None
        first = round(budget.steps * _STAGE1_SHARE) if self._parts.stage1 else 0
        before = shared(folder, "stage1", budget) if self._parts.hard_real else folder
        if self._parts == Parts():
            folder = shared(folder, "whole", budget)
            if (folder / "done").exists():
                self._network, _ = checkpoint.load(folder / "stage2.pt")
                return
        if first:
            network = _traces(train, budget, first, before)
            anchor = copy.deepcopy(network).to(_device()).requires_grad_(False)
        network = network.to(_device(), memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        config = stage2.Stage2Config(
            steps=budget.steps - first,
            batch=budget.batch,
            pairs=max(1, budget.batch // 8),
            learning_rate=budget.learning_rate,
            contrast=0.1 if self._parts.contrast else 0.0,
            seed=budget.seed,
        )
        twins = material.twins if self._parts.aligned_fakes else None
        if twins is not None and not self._parts.hard_real:
            twins = chosen(twins, np.isin(twins.twin, train.region))  # no reconstruction without its real crop
        # What the log validates on is of no account here; a few training crops keep it short.
        watched = chosen(train, np.linspace(0, len(train) - 1, num=min(64, len(train))).astype(np.int64))
        self._network = stage2.train(network, train, twins, watched, config, folder, anchor=anchor).eval()
        (folder / "done").touch()

    def score(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        if self._network is None:
            raise ValueError("fit first")
        network, by_proximity = self._network, self._by_proximity

        def one(batch: Tensor) -> Tensor:
            found = network(batch.to(_device()))
            return -found.proximity if by_proximity else found.logit

        return in_batches(one, crops)


class _RealOnly:
    """A row that fits nothing but the encoder, on real images."""

    def __init__(self, idea: str) -> None:
        self.idea = idea
        self._network: TraceNet | None = None

    @property
    def parameters(self) -> int:
        return served_parameters(self._network)

    def fit(self, material: Material, budget: Budget, folder: Path) -> None:
        self._network = real_only_encoder(material, budget, folder)

    def fitted(self) -> TraceNet:
        """The encoder. Raises ValueError before `fit`."""
        if self._network is None:
            raise ValueError("fit first")
        return self._network


class OneClass(_RealOnly):
    """Stage 1 alone, for all of the budget: the distance to prototypes learned from real images."""

    def __init__(self) -> None:
        super().__init__("distance to prototypes of real images; no generated image is ever seen")

    def score(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        network = self.fitted()
        return in_batches(lambda batch: -network(batch.to(_device())).proximity, crops)


class Steadiness(_RealOnly):
    """RIGID and, with `blur`, MINDER: how far a small disturbance moves an image's embedding in our real-only encoder.

    Nothing is fitted but the encoder. The sign is the papers': generated images are said to move further.
    """

    def __init__(self, idea: str, *, blur: bool) -> None:
        super().__init__(idea)
        self._blur = blur

    def score(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        network = self.fitted()
        noise = torch.Generator().manual_seed(0)

        def one(batch: Tensor) -> Tensor:
            def embedded(pixels: Tensor) -> Tensor:
                return F.normalize(network(pixels.clamp(0, 255).to(torch.uint8).to(_device())).features, dim=1)

            whole = batch.float()
            before = embedded(whole)
            moved = 1 - (before * embedded(whole + torch.randn(whole.shape, generator=noise) * 5.0 + 0.5)).sum(1)
            if self._blur:
                soft = F.avg_pool2d(F.pad(whole.permute(0, 3, 1, 2), (1, 1, 1, 1), mode="replicate"), 3, stride=1)
                blurred = 1 - (before * embedded(soft.permute(0, 2, 3, 1) + 0.5)).sum(1)
                moved = torch.minimum(moved, blurred)
            return moved

        return in_batches(one, crops)


def real_only_encoder(material: Material, budget: Budget, folder: Path) -> TraceNet:
    """Stage 1 on real crops for all of the budget; the rows that share it train it once, beside their own folders."""
    return _traces(material.train, budget, budget.steps, shared(folder, "real-only", budget)).to(_device()).eval()


def without_hard_real(shard: Shard) -> Shard:
    """The shard less the real categories that `data.shards` counts as hard."""
    hard = np.array([name in HARD for name in shard.categories])
    return chosen(shard, (shard.label == 1) | ~hard[shard.category])


def served_parameters(network: TraceNet | None) -> int:
    """Those that serving needs: the head of stage 1's other half is left out."""
    if network is None:
        return 0
    return sum(p.numel() for name, p in network.named_parameters() if not name.startswith("head_het"))


def shared(folder: Path, what: str, budget: Budget) -> Path:
    """Where rows of one budget leave what they have in common, so that it is trained once."""
    facts = f"{budget.steps}x{budget.batch}-{budget.width}-{budget.learning_rate}-{budget.seed}"
    return folder.parent / "shared" / f"{what}-{facts}"


def _traces(train: Shard, budget: Budget, steps: int, folder: Path) -> TraceNet:
    """Stage 1 on real crops, or its checkpoint where it was trained before."""
    if not (folder / "stage1.pt").exists():
        config = stage1.Stage1Config(
            steps=steps, pairs=budget.batch // 2, negatives=0, learning_rate=budget.learning_rate, seed=budget.seed
        )
        stage1.train(_network(budget), _some_real(train, 2 * steps * budget.batch, budget.seed), None, config, folder)
    network, _ = checkpoint.load(folder / "stage1.pt")
    return network


def _some_real(train: Shard, crops: int, seed: int) -> Shard:
    """About so many real crops, two of a region: a short training needs no more, and finds its prototypes sooner."""
    regions = np.unique(train.region[train.label == 0])
    drawn = np.random.default_rng(seed).permutation(regions)[: max(1000, crops // 2)]
    return chosen(train, (train.label == 0) & np.isin(train.region, drawn))


def _network(budget: Budget) -> TraceNet:
    torch.manual_seed(budget.seed)
    network = TraceNet(TraceNetConfig(widths=budget.widths))
    return network.to(_device(), memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
