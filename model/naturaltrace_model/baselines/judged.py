"""The released way as a row of the table: its encoder, which never saw a label, and its crop heads on these crops.

What it is given differs from the other rows in one thing, which the table's page has to say: the encoder was trained
beforehand, without labels. Its heads see no other picture than the row's own crops.
"""

import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from naturaltrace.detection import card as cards
from naturaltrace_model.baselines.interface import Budget, Material
from naturaltrace_model.baselines.ours import shared
from naturaltrace_model.data.kinds import kind_numbers
from naturaltrace_model.data.statistics import statistics_of
from naturaltrace_model.export.restored import encoder_of
from naturaltrace_model.networks.branches import NaturalTraceDetector
from naturaltrace_model.training import judgement
from naturaltrace_model.training.batches import Shard
from naturaltrace_model.training.described import Described
from naturaltrace_model.training.detector import around, load, save
from naturaltrace_model.training.judgement import JudgementConfig

_BATCH = 64


class Judged:
    """Convex and bent logit, or, with `by_proximity`, the distance to the natural traces learned on the statistics."""

    def __init__(self, idea: str, config: JudgementConfig | None = None, *, by_proximity: bool = False) -> None:
        self.idea = idea
        self._config, self._by_proximity = config or JudgementConfig(), by_proximity
        self._detector: NaturalTraceDetector | None = None

    @property
    def parameters(self) -> int:
        """Encoder, and what the row's score needs of the heads."""
        if self._detector is None:
            return 0
        heads = self._detector.trace
        head = heads.head_hom if self._by_proximity else heads.head_logit
        return sum(p.numel() for part in (self._detector.encoder, head) for p in part.parameters())

    def fit(self, material: Material, budget: Budget, folder: Path) -> None:
        """Learn from at most as many crops as the networks see; the rows that share the heads learn them once."""
        folder = shared(folder, "released", budget)
        if (folder / "detector.pt").exists():
            self._detector = load(folder / "detector.pt")
            return
        torch.manual_seed(budget.seed)
        statistics = _statistics()
        detector = around(statistics.detector.encoder)
        train = statistics.described(material.train, _regions(material.train, budget))
        twins = None
        if material.twins is not None and len(material.twins):
            twins = statistics.described(material.twins, np.arange(len(material.twins)))
        config = replace(self._config, rows=budget.crops, seed=budget.seed)
        judgement.train_traces(detector, train, twins, config, folder)
        save(folder / "detector.pt", detector)
        self._detector = detector

    @torch.no_grad()
    def score(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        if self._detector is None:
            raise ValueError("fit first")
        found = self._detector.trace(torch.from_numpy(_statistics().of(np.asarray(crops))).float())
        return (-found.proximity if self._by_proximity else found.logit).double().numpy()


class _Statistics:
    """Statistics by the released encoder, each crop's made once: the folds of a protocol share most of theirs."""

    def __init__(self, detector: NaturalTraceDetector) -> None:
        self.detector = detector
        self._known: dict[bytes, NDArray[np.float16]] = {}

    def of(self, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Of crops (N, 128, 128, 3): (N, size)."""
        keys = [hashlib.blake2b(np.ascontiguousarray(crop).data, digest_size=16).digest() for crop in crops]
        new = [i for i, key in enumerate(keys) if key not in self._known]
        for start in range(0, len(new), _BATCH):
            rows = new[start : start + _BATCH]
            found = statistics_of(self.detector, crops[rows])
            self._known |= {keys[i]: own for i, own in zip(rows, found, strict=True)}
        return np.stack([self._known[key] for key in keys])

    def described(self, shard: Shard, rows: NDArray[np.int64]) -> Described:
        chunks = np.array_split(rows, max(1, len(rows) // 1024))
        parts = [self.of(np.stack([shard.crops[int(r)] for r in chunk])) for chunk in chunks]
        return Described(
            np.concatenate(parts),
            shard.label[rows],
            shard.family[rows],
            shard.source[rows],
            shard.region[rows],
            np.stack([shard.quality[rows], shard.rescale[rows]], 1),
            kind_numbers(shard.categories)[shard.category[rows]],
        )


@cache
def _statistics() -> _Statistics:
    return _Statistics(around(encoder_of(cards.released())))


def _regions(shard: Shard, budget: Budget) -> NDArray[np.int64]:
    """The crops of whole regions, drawn evenly: as many as the budget has; stage 1 needs both crops of a region."""
    regions = np.random.default_rng(budget.seed).permutation(np.unique(shard.region))
    share = min(1.0, budget.crops / len(shard))
    return np.flatnonzero(np.isin(shard.region, regions[: max(1, round(share * len(regions)))]))
