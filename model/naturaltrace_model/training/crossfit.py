"""Every source judged by a detector that never saw it: what calibration is fitted to, and training's honest figure.

Sources are dealt to a few folds, and the heads are trained once without each. A handful of val sources says little of
how scores spread over sources; all of them together, each judged from outside, say more, and none is lost to training.
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.networks.branches import NaturalTraceDetector
from naturaltrace_model.training import judgement
from naturaltrace_model.training.checkpoint import write_whole
from naturaltrace_model.training.judgement import JudgementConfig

if TYPE_CHECKING:
    from naturaltrace_model.training.detector import Learned


def deal(learned: "Learned", folds: int) -> list[set[str]]:
    """The names of the sources that each fold leaves out: each about as many of either class and size."""
    crops, names = learned.crops, learned.crop_sources
    generated = np.bincount(crops.source, crops.label, minlength=len(names))
    every = np.bincount(crops.source, minlength=len(names))
    order = sorted(range(len(names)), key=lambda i: (generated[i] * 2 > every[i], -every[i], names[i]))
    found = [{names[i] for i in order[k::folds]} for k in range(folds)]
    for name in learned.view_sources:  # too few crops to have any
        if not any(name in fold for fold in found):
            min(found, key=len).add(name)
    return found


def train(
    network: NaturalTraceDetector, learned: "Learned", config: JudgementConfig, folds: int, out: Path
) -> dict[str, float]:
    """One detector per fold, written to `out`; the AUC of regions and of views, each by a detector that never saw its
    source."""
    crop_names, view_names = np.array(learned.crop_sources), np.array(learned.view_sources)
    logit, near, whole = (np.zeros(n) for n in (len(learned.crops), len(learned.crops), len(learned.views)))
    for number, left_out in enumerate(deal(learned, folds)):
        here = np.isin(crop_names[learned.crops.source], list(left_out))
        there = np.isin(view_names[learned.views.source], list(left_out))
        fold = copy.deepcopy(network)
        judgement.train_traces(
            fold, learned.crops.take(np.flatnonzero(~here)), learned.twins, config, out / str(number)
        )
        judgement.train_views(fold, learned.views.take(np.flatnonzero(~there)), config, out / str(number))
        save(out / f"{number}.pt", fold, left_out)
        found = judgement.outputs_of(fold.trace, learned.crops, np.flatnonzero(here))
        logit[here], near[here] = found.logit.numpy(), -found.proximity.numpy()
        whole[there] = judgement.outputs_of(fold.view, learned.views, np.flatnonzero(there)).logit.numpy()
    by_region = learned.crops.by_region
    label = by_region(learned.crops.label).astype(np.int64)
    return {
        "unseen_auc_regions": auc(label, by_region(logit)),
        "unseen_auc_regions_proximity": auc(label, by_region(near)),
        "unseen_view_auc": auc(learned.views.label, whole),
    }


def save(path: Path, detector: NaturalTraceDetector, left_out: set[str]) -> None:
    """Write one fold's detector and the sources it never saw."""
    write_whole(path, detector.stored() | {"left_out": sorted(left_out)})


def load_all(folder: Path) -> Iterator[tuple[NaturalTraceDetector, set[str]]]:
    """Every fold's detector and the sources it never saw. Raises FileNotFoundError where the folder has none."""
    paths = sorted(folder.glob("*.pt"))
    if not paths:
        raise FileNotFoundError(f"no folds in {folder}: they are written by `naturaltrace-model judge --folds`")
    for path in paths:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        yield NaturalTraceDetector.restored(stored), set(stored["left_out"])
