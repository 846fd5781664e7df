"""From cached statistics to a trained detector: both branches' heads, each with its figures on the val split."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from naturaltrace_model.data.statistics import standardise
from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.networks.branches import (
    BentLogit,
    NaturalTraceDetector,
    TraceHeads,
    ViewHeads,
    ViewOutput,
)
from naturaltrace_model.networks.trace_net import TraceOutput
from naturaltrace_model.training import linear
from naturaltrace_model.training.described import Described, balanced
from naturaltrace_model.training.loop import Loop, LoopConfig
from naturaltrace_model.training.traces import TracesConfig, learn_traces, transfer


@dataclass(frozen=True, slots=True)
class JudgementConfig:
    """`rows`: at most so many crops are learned from (memory: 25 kB each). `twins`: a reconstruction's weight against
    an ordinary generated crop."""

    ridge: float = 0.05
    view_ridge: float = 0.02
    rows: int = 120_000
    twins: float = 0.15
    steps: int = 2500  # of either bent half
    traces: TracesConfig = field(default_factory=TracesConfig)
    stage1: bool = True
    seed: int = 0


def train_traces(
    detector: NaturalTraceDetector, crops: Described, twins: Described | None, config: JudgementConfig, out: Path
) -> None:
    """Fit `detector.trace`: logit, family and wear by convex fits, the embedding by stage 1 and 2."""
    heads = detector.trace.requires_grad_(True)
    standardise(heads.standard, crops.statistics)
    rows = _spread(len(crops), config.rows, config.seed)
    some = crops.take(rows)
    weights = linear.row_weights(some.label, some.source, some.kind)
    ordinary = some
    if twins is not None and config.twins:
        extra = torch.full((len(twins),), config.twins * float(weights[some.label == 1].mean()))
        some, weights = some.joined(twins), torch.cat([weights, extra])
    x = heads.standard(some.tensor())
    logit = heads.head_logit
    linear.put(logit.line, *linear.fit_logistic(x, torch.from_numpy(some.label).float(), weights, config.ridge))
    # Reconstructions stay out of the bent half: their few decoders would be learned by heart.
    heads.head_logit = bend(logit, x[: len(ordinary)], ordinary, config, out / "crop.csv")
    known = torch.from_numpy(some.family < heads.head_family.out_features)
    few = torch.arange(len(x))[known][:: max(1, len(x) // 20_000)]
    linear.fit_softmax(x[few], torch.from_numpy(some.family)[few], weights[few], heads.head_family, 1e-2)
    linear.put(
        heads.head_quality, *linear.fit_ridge(x[: len(rows)], torch.from_numpy(some.wear[: len(rows)]).float(), 0.05)
    )
    del x
    traces = config.traces
    if config.stage1:
        found = learn_traces(heads, some, traces, out)
    else:
        found = heads
        found.prototypes.copy_(F.normalize(torch.randn_like(found.prototypes), dim=1))
    if traces.second_steps:
        found = transfer(found, some, traces, out)
    detector.trace = found.eval().requires_grad_(False)


def train_views(detector: NaturalTraceDetector, views: Described, config: JudgementConfig, out: Path) -> None:
    """Fit `detector.view`: half of the logit by a convex fit, half with a bend; the embedding as principal directions,
    and the families on it."""
    heads = detector.view.requires_grad_(True)
    standardise(heads.standard, views.statistics)
    x = heads.standard(views.tensor())
    weights = linear.row_weights(views.label, views.source, views.kind)
    logit = heads.head_logit
    linear.put(logit.line, *linear.fit_logistic(x, torch.from_numpy(views.label).float(), weights, config.view_ridge))
    name_families(heads, x, torch.from_numpy(views.family), weights)
    heads.head_logit = bend(logit, x, views, config, out / "view.csv")
    detector.view = heads.eval().requires_grad_(False)


def bend(logit: BentLogit, x: Tensor, data: Described, config: JudgementConfig, log: Path) -> BentLogit:
    """Train the bent half on the standardised statistics x (N, size) of `data`, whose linear half is fitted already;
    the averaged logit, at rest."""
    logit.line.requires_grad_(False)
    drawn = balanced(data, 256, np.random.default_rng(config.seed))
    label = torch.from_numpy(data.label).float()

    def step() -> dict[str, Tensor]:
        rows = next(drawn)
        bent = logit.bend(F.dropout(x[rows], 0.3)).squeeze(1)
        return {"bent": F.binary_cross_entropy_with_logits(bent, label[rows] * 0.9 + 0.05)}

    loop = Loop(logit, LoopConfig(config.steps, 1e-3, weight_decay=0.05), log)
    loop.run(step)
    found = loop.average.network.eval().requires_grad_(False)
    found.balance(x[:: max(1, len(x) // 4000)])
    return found


def name_families(heads: ViewHeads, x: Tensor, family: Tensor, weights: Tensor) -> None:
    """Make the embedding the principal directions of x (N, size), and fit the families (N,) on it.

    Directions that a network had learned to tell the known families by told *unknown* generators apart worse: from
    five samples each, 0.69 of images of ten generators were named rightly, by principal directions 0.73.
    """
    rows = torch.arange(len(x))[:: max(1, len(x) // 20_000)]
    some = x[rows] - x[rows].mean(0)
    _, vectors = torch.linalg.eigh(some.T @ some / len(some))
    directions = vectors[:, -heads.head_embedding.out_features :].T.flip(0)
    scale = 1 / (some @ directions.T).square().sum(1).mean().sqrt()
    linear.put(heads.head_embedding, directions * scale, -(directions @ x[rows].mean(0)) * scale)
    with torch.no_grad():
        embedded = heads.head_embedding(x[rows])
    linear.fit_softmax(embedded, family[rows], weights[rows], heads.head_family, 1e-5)


def validate_traces(heads: TraceHeads, data: Described) -> dict[str, float]:
    """AUC of single crops by logit and by nearness, of regions by logit, and how well wear is foretold."""
    found = outputs_of(heads, data)
    logit, near = found.logit.numpy(), -found.proximity.numpy()
    quality = found.quality.numpy()
    of_region = data.by_region(data.label).astype(np.int64)
    return {
        "auc_logit": auc(data.label, logit),
        "auc_proximity": auc(data.label, near),
        "auc_regions": auc(of_region, data.by_region(logit)),
        "auc_regions_proximity": auc(of_region, data.by_region(near)),
        "correlation_quality": float(np.corrcoef(quality[:, 0], data.wear[:, 0])[0, 1]),
        "correlation_rescale": float(np.corrcoef(quality[:, 1], data.wear[:, 1])[0, 1]),
    }


def validate_views(heads: ViewHeads, data: Described) -> dict[str, float]:
    """AUC of single views, and how often the family of a generated one is named."""
    found = outputs_of(heads, data)
    family = found.family[:, 1:].argmax(1).numpy() + 1
    generated = data.label == 1
    return {
        "auc": auc(data.label, found.logit.numpy()),
        "family_accuracy": float((family == data.family)[generated].mean()),
    }


@overload
def outputs_of(heads: TraceHeads, data: Described, rows: NDArray[np.int64] | None = None) -> TraceOutput: ...
@overload
def outputs_of(heads: ViewHeads, data: Described, rows: NDArray[np.int64] | None = None) -> ViewOutput: ...
@torch.no_grad()
def outputs_of(
    heads: TraceHeads | ViewHeads, data: Described, rows: NDArray[np.int64] | None = None
) -> TraceOutput | ViewOutput:
    """What the heads say of these rows (of all by default), a few hundred at a time."""
    rows = np.arange(len(data)) if rows is None else rows
    found = [heads(data.tensor(chunk)) for chunk in np.array_split(rows, max(1, len(rows) // 512))]
    return type(found[0])(*(torch.cat(parts) for parts in zip(*found, strict=True)))


def _spread(count: int, most: int, seed: int) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])
