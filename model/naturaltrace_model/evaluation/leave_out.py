"""Leave-one-out on cached statistics: the judgement is fitted again without one generator family or real source.

The encoder never saw a label, so refitting the linear judgement of both looks is all that leaving out has to undo. (It
did see the left-out pictures without labels; `protocols` trains whole networks from scratch instead, at small budgets.)
"""

import copy
import csv
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from naturaltrace.detection.aggregate import score
from naturaltrace.detection.card import Aggregation
from naturaltrace_model.data.image_statistics import ImageStatistics
from naturaltrace_model.data.manifest import FAMILIES
from naturaltrace_model.data.statistics import standardise
from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.networks.branches import NaturalTraceDetector, Standard
from naturaltrace_model.training import judgement, linear
from naturaltrace_model.training.described import Described
from naturaltrace_model.training.detector import Learned
from naturaltrace_model.training.judgement import JudgementConfig

_FEWEST = 80  # rows of a family or source, below which a figure would say nothing


@dataclass(frozen=True, slots=True)
class Fold:
    """`look`: "crops" (regions of two crops), "views", or "images" (both looks, all heads, as they are released). `auc`
    for a left-out family; `flagged`, the share of a left-out real source beyond the 5 % point of val's real pictures.
    """

    look: str
    left_out: str
    count: int
    auc: float | None = None
    flagged: float | None = None


def families(train: Described, val: Described, look: str, *, most: int, ridge: float, seed: int = 0) -> list[Fold]:
    """One fold per generator family: fitted without it, judged on all of it against val's real pictures."""
    standard, found = _standard(train), list[Fold]()
    real = np.flatnonzero(val.label == 0)
    for family in tqdm(np.unique(train.family[train.label == 1]), desc=f"families, {look}"):
        own = np.flatnonzero(train.family == family)
        if len(own) < _FEWEST:
            continue
        weights, _ = _fit(train, standard, np.flatnonzero(train.family != family), most, ridge, seed)
        theirs = np.flatnonzero(val.family == family)
        generated = np.concatenate(
            [_scores(train, own[:4000], standard, weights), _scores(val, theirs, standard, weights)]
        )
        photos = _scores(val, real, standard, weights)
        labels = np.r_[np.zeros(len(photos)), np.ones(len(generated))].astype(np.int64)
        value = auc(labels, np.concatenate([photos, generated]))
        found.append(Fold(look, FAMILIES[family], len(generated), auc=round(value, 4)))
    return found


def real_sources(
    train: Described, val: Described, look: str, names: list[str], *, most: int, ridge: float, seed: int = 0
) -> list[Fold]:
    """One fold per real source: fitted without it; how much of it lies beyond the 5 % point of val's real pictures."""
    standard, found = _standard(train), list[Fold]()
    real = np.flatnonzero(val.label == 0)
    for source in tqdm(np.unique(train.source[train.label == 0]), desc=f"real sources, {look}"):
        own = np.flatnonzero((train.source == source) & (train.label == 0))
        if len(own) < _FEWEST:
            continue
        weights, _ = _fit(train, standard, np.flatnonzero(train.source != source), most, ridge, seed)
        point = np.quantile(_scores(val, real, standard, weights), 0.95)
        flagged = float((_scores(train, own[:4000], standard, weights) > point).mean())
        found.append(Fold(look, names[source], len(own), flagged=round(flagged, 4)))
    return found


def whole_images(
    network: NaturalTraceDetector,
    learned: Learned,
    described: ImageStatistics,
    aggregation: Aggregation,
    unseen: set[str],
    config: JudgementConfig,
    out: Path,
) -> Iterator[Fold]:
    """One fold per generator family: every head is trained again without it and without the sources `unseen`, whose
    real images its own are told from. Yields folds as they are done."""
    family = np.array([FAMILIES.index(s.family) for s in described.samples])
    real = np.array([s.label == 0 and s.source in unseen for s in described.samples])
    crop_kept = ~np.isin(np.array(learned.crop_sources)[learned.crops.source], list(unseen))
    view_kept = ~np.isin(np.array(learned.view_sources)[learned.views.source], list(unseen))
    for number in np.unique(family[family > 0]):
        judged = described.where(real | (family == number))
        if sum(s.label for s in judged.samples) < _FEWEST:
            continue
        own = copy.deepcopy(network)
        crops = learned.crops.take(np.flatnonzero(crop_kept & (learned.crops.family != number)))
        judgement.train_traces(own, crops, learned.twins, config, out)
        views = learned.views.take(np.flatnonzero(view_kept & (learned.views.family != number)))
        judgement.train_views(own, views, config, out)
        rows = judged.features(own)
        label = np.array([r.sample.label for r in rows])
        value = auc(label, np.array([score(r.features, aggregation) for r in rows]))
        yield Fold("images", FAMILIES[number], int(label.sum()), auc=round(value, 4))


def write(folds: list[Fold], path: Path) -> None:
    """One row per fold."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, list(Fold.__slots__))
        rows.writeheader()
        rows.writerows(asdict(f) for f in folds)


def table(folds: list[Fold]) -> str:
    """What `write` wrote, to read; each block ends with its mean and its worst."""
    lines: list[str] = []
    for look in dict.fromkeys(f.look for f in folds):
        for name, worst in (("auc", min), ("flagged", max)):
            own = [(f.left_out, v) for f in folds if f.look == look and (v := getattr(f, name)) is not None]
            if own:
                lines += [f"{look}, {name}", *(f"  {left:52}{value:.3f}" for left, value in own)]
                lines += [f"  mean {np.mean([v for _, v in own]):.3f}, worst {worst(v for _, v in own):.3f}"]
    return "\n".join(lines)


def _standard(train: Described) -> Standard:
    standard = Standard(train.statistics.shape[1])
    standardise(standard, train.statistics)
    return standard


def _fit(
    train: Described, standard: Standard, rows: NDArray[np.int64], most: int, ridge: float, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    rows = np.sort(np.random.default_rng(seed).permutation(rows)[:most])
    some = train.take(rows)
    weights = linear.row_weights(some.label, some.source, some.kind)
    x = standard(some.tensor())
    return linear.fit_logistic(x, torch.from_numpy(some.label).float(), weights, ridge, rounds=40)


def _scores(data: Described, rows: NDArray[np.int64], standard: Standard, weights: torch.Tensor) -> NDArray[np.float64]:
    """Per region (its crops' mean) or view."""
    if not len(rows):
        return np.zeros(0)
    parts = [standard(data.tensor(chunk)) @ weights for chunk in np.array_split(rows, max(1, len(rows) // 512))]
    values = torch.cat(parts).numpy().astype(np.float64)
    _, place = np.unique(data.region[rows], return_inverse=True)
    return np.bincount(place, values) / np.bincount(place)
