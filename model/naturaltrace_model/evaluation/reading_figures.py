"""How far readings can be relied on: closed set, open set and chances, with 95 % intervals over sources."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naturaltrace.evidence.reading import chances
from naturaltrace_model.evaluation.attribution import oscr
from naturaltrace_model.evaluation.gallery import Embedded
from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.evaluation.readings import (
    LEVELS,
    Judged,
    Mask,
    Matrix,
    Names,
    Rows,
    by_folds,
    calibrate,
    on_others,
    source_shares,
)


def measure(judged: Judged, temperature: float, unknown: float, repeats: int = 400) -> dict[str, Any]:
    """Closed set, open set and how far chances can be relied on, with 95 % intervals over sources."""
    p = chances(judged.scores, temperature, unknown)
    best, strange = judged.scores.argmax(1), judged.strange
    right = best == judged.truth
    top3 = (np.argsort(-judged.scores, axis=1)[:, :3] == judged.truth[:, None]).any(1)
    known = ~strange & (judged.trial == "")
    named = p[:, :-1].max(1) > 0.5
    told = (named & (known | strange)).astype(np.float64)

    def balanced(values: NDArray[Any], rows: Mask, times: NDArray[np.int64] | None = None) -> float:
        """By names, within these by sources; `times` (N,) says how often each row's source was drawn."""
        rows = rows if times is None else rows & (times > 0)
        if not rows.any():
            return float("nan")
        drawn = np.ones(int(rows.sum())) if times is None else times[rows]
        weight = source_shares(judged.truth[rows].astype(np.str_), judged.source[rows], 0.0, drawn)
        return float((weight * values[rows]).sum() / weight.sum())

    def open_set(times: NDArray[np.int64] | None = None) -> dict[str, float]:
        found: dict[str, float] = {}
        for trial in sorted(set(judged.trial.tolist()) - {""}):
            own = np.flatnonzero(judged.trial == trial)
            own = own if times is None else np.repeat(own, times[own])
            area = auc(~strange[own], 1 - p[own, -1])
            if area == area:
                found[trial] = area
        return found

    def opened(times: NDArray[np.int64]) -> float:
        areas = open_set(times)
        return float(np.mean([*areas.values()])) if areas else float("nan")

    apart = open_set()
    kept = judged.where(known | strange)  # known images once, not once in each trial
    weight = kept.weight * told[known | strange]
    trial = judged.trial != ""
    return {
        "names": list(judged.names),
        "images_of_known": int(known.sum()),
        "sources": len(set(judged.source.tolist())),
        "images_of_strangers": int(strange.sum()),
        "closed_set_balanced_accuracy": balanced(right, known),
        "closed_set_balanced_accuracy_interval": _interval(
            judged.source, lambda times: balanced(right, known, times), repeats
        ),
        "closed_set_accuracy": _share(right[known]),
        "closed_set_top3": balanced(top3, known),
        "accuracy_by_name": {
            name: balanced(right, known & (judged.truth == i))
            for i, name in enumerate(judged.names)
            if (known & (judged.truth == i)).any()
        },
        "open_set_auroc": float(np.mean([*apart.values()])) if apart else float("nan"),
        "open_set_auroc_interval": _interval(judged.source, opened, repeats),
        "open_set_auroc_by_left_out_lineage": apart,
        "oscr": oscr(1 - p[trial & ~strange, -1], right[trial & ~strange], 1 - p[trial & strange, -1]),
        "named_when_known": _share(named[known]),
        "right_when_named": _share(right[known & named]),
        "named_when_strange": _share(named[strange]),
        # As if half of all images were of generators without a name here, which is what chances are calibrated for.
        "chance_told_when_named": _mean(p[known | strange, :-1].max(1), weight),
        "held_when_named": _mean((right & ~strange)[known | strange], weight),
    }


def report(learned: Embedded, others: Embedded | None) -> dict[str, Any]:
    """Both levels: by folds over the sources that were learned from, and on the sources of `others`, of which the same
    must have been seen: texture, or none."""
    found: dict[str, Any] = {}
    for level in LEVELS:
        rows = Rows.of(learned, level)
        names = rows.names()
        if len(names) < 2:
            continue
        directions = rows.directions()
        rows = rows.along(directions)
        judged = by_folds(rows, names)
        fitted = calibrate(judged)
        found[level] = {"by_source": measure(judged, *fitted)}
        asked = None if others is None else Rows.of(others, level)
        if asked is not None and asked.generated.any():
            found[level]["other_sources"] = measure(on_others(rows, asked.along(directions), names), *fitted)
    return found


def _interval(source: Names, figure: Callable[[NDArray[np.int64]], float], repeats: int) -> list[float]:
    """2.5 and 97.5 % over draws of sources, with replacement."""
    rng = np.random.default_rng(0)
    names, at = np.unique(source, return_inverse=True)
    found = [
        figure(np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))[at]) for _ in range(repeats)
    ]
    kept = [v for v in found if v == v]
    return [float(v) for v in np.quantile(kept, [0.025, 0.975])] if kept else []


def _share(values: NDArray[Any]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _mean(values: NDArray[Any], weight: Matrix) -> float:
    return float((weight * values).sum() / weight.sum()) if weight.sum() else float("nan")
