"""Figures by source: a set has fewer sources than images, and what a release promises is about sources never seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Any

import numpy as np

from naturaltrace_model.evaluation.breakdown import groups
from naturaltrace_model.evaluation.rows import Row
from naturaltrace_model.evaluation.summary import by_condition

_LABELS = ("real", "generated")


@dataclass(frozen=True, slots=True)
class Source:
    """One source's images of one label, against all images of the other label; means over the conditions."""

    name: str
    label: int
    images: int
    auc: float
    flagged: float


def sources(rows: Sequence[Row]) -> list[Source]:
    """Every source of either label, the worst AUC first; one with images of both labels is there twice."""
    made: list[Source] = []
    for label in (0, 1):
        each = [groups(own, label, lambda r: r.sample.source, intervals=False) for own in by_condition(rows).values()]
        for name in dict.fromkeys(g.name for found in each for g in found):
            own = [g for found in each for g in found if g.name == name]
            figures = np.array([(g.auc, g.flagged) for g in own])
            worth, flagged = (float(v) for v in figures.mean(0))
            made.append(Source(name, label, max(g.images for g in own), worth, flagged))
    return sorted(made, key=lambda s: s.auc if isfinite(s.auc) else inf)


def mean_auc(found: Sequence[Source]) -> float:
    """The mean over sources; NaN where none has an AUC, as in a set of one label."""
    known = [s.auc for s in found if isfinite(s.auc)]
    return float(np.mean(known)) if known else nan


def table(rows: Sequence[Row], figures: dict[str, Any]) -> str:
    """For reading: the interval of each condition (of `summary.summarise`), the means over sources, every source."""
    found = sources(rows)
    lines: list[str] = []
    for condition, f in figures.items():
        low, high = f.get("auc_interval_of_sources", (nan, nan))
        lines.append(f"{condition}: AUC {f['auc']:.3f}, {low:.3f} to {high:.3f} in 95 % of draws of other sources")
    for label, name in enumerate(_LABELS):
        own = [s for s in found if s.label == label]
        if own:
            lines.append(
                f"{len(own)} sources of {name} images: mean AUC {mean_auc(own):.3f}, "
                f"mean share flagged {np.mean([s.flagged for s in own]):.1%}"
            )
    lines += ["", "| source | label | images | AUC | flagged |", "|---|---|---|---|---|"]
    lines += [f"| {s.name} | {_LABELS[s.label]} | {s.images} | {s.auc:.3f} | {s.flagged:.1%} |" for s in found]
    return "\n".join(lines)
