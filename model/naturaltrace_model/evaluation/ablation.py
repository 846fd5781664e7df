"""What each part of learning the traces is worth: the same statistics, one part left out at a time."""

import copy
import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from naturaltrace_model.networks.branches import NaturalTraceDetector
from naturaltrace_model.training import judgement
from naturaltrace_model.training.described import Described
from naturaltrace_model.training.judgement import JudgementConfig

# What users complain of most when it is flagged: pictures that are real and look made.
HARD = (
    "meme", "screenshot", "chart", "art", "anime", "comic", "render", "studio", "stock", "scan", "historic", "bw",
)  # fmt: skip
_FIGURES = ("auc_regions", "auc_regions_proximity", "auc_logit", "auc_proximity")


def ablate(
    detector: NaturalTraceDetector,
    crops: Described,
    twins: Described | None,
    val: Described,
    categories: NDArray[np.str_],
    config: JudgementConfig,
    out: Path,
) -> Iterator[dict[str, str | float]]:
    """One row per variant, with its figures on val; `categories` (N,) names the category of each of `crops`.

    Yields rows as they are measured, so that a stopped run leaves those it has.
    """
    traces = config.traces
    hard = np.array([any(word in str(name) for word in HARD) for name in categories]) & (crops.label == 0)
    variants: list[tuple[str, Described, Described | None, JudgementConfig]] = [
        ("all of it", crops, twins, config),
        ("real pictures alone (stage 1)", crops, twins, replace(config, traces=replace(traces, second_steps=0))),
        ("without stage 1", crops, twins, replace(config, stage1=False)),
        ("without the soft contrastive loss", crops, twins, replace(config, traces=replace(traces, contrast=0.0))),
        ("without reconstructions", crops, None, config),
        ("without hard real pictures", crops.take(np.flatnonzero(~hard)), twins, config),
    ]
    for name, rows, extra, changed in variants:
        network = copy.deepcopy(detector)
        judgement.train_traces(network, rows, extra, changed, out / name.replace(" ", "-"))
        found = judgement.validate_traces(network.trace, val)
        yield {"variant": name, **{figure: round(found[figure], 4) for figure in _FIGURES}}


def write(rows: list[dict[str, str | float]], path: Path) -> None:
    """One row per variant."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["variant", *_FIGURES])
        table.writeheader()
        table.writerows(rows)
