"""Every source by the detector that never saw it: what the folds of `judge --folds` say of whole images.

Hundreds of sources stand behind these figures, where a test split has twenty; the encoder is one for all folds.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.aggregate import FEATURES, score
from naturaltrace.detection.card import Aggregation
from naturaltrace_model.calibration.fit import RATES, threshold
from naturaltrace_model.data.kinds import KINDS, image_weights, kind_number, kind_numbers
from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.evaluation.rows import FeatureRow

_LOOKS = {"crops": ("mean", 1), "nearness": ("proximity", -1), "views": ("view", 1)}


def figures(rows: Sequence[FeatureRow], aggregation: Aggregation) -> dict[str, float]:
    """AUC by each look and by all of them together (`image`); NaN where one of the labels is missing."""
    label = np.array([r.sample.label for r in rows])
    values = np.stack([r.features for r in rows])
    found = {name: auc(label, sign * values[:, FEATURES.index(f)]) for name, (f, sign) in _LOOKS.items()}
    return found | {"image": auc(label, _scores(rows, aggregation))}


def flagged(rows: Sequence[FeatureRow], aggregation: Aggregation) -> list[tuple[str, int, float]]:
    """Of each kind and category of real pictures its sources and the share beyond the one score that the promised
    share of all real pictures passes, kinds counted by their shares; the worst category first, after the kinds.

    Empty where there are too few real pictures to promise it.
    """
    real = [r for r in rows if r.sample.label == 0]
    categories = np.array([r.sample.category for r in real])
    scores = _scores(real, aggregation)
    point = threshold(scores, RATES.likely_ai, image_weights(kind_numbers(categories.tolist())))
    if point is None:
        return []
    sources = np.array([r.sample.source for r in real])
    kinds = np.array([KINDS[kind_number(c)] for c in categories])

    def lines(names: NDArray[np.str_]) -> list[tuple[str, int, float]]:
        own = [(str(name), names == name) for name in np.unique(names)]
        found = [(name, len(np.unique(sources[is_])), float((scores[is_] >= point).mean())) for name, is_ in own]
        return sorted(found, key=lambda line: -line[2])

    return [*((f"all {name}", count, share) for name, count, share in lines(kinds)), *lines(categories)]


def table(rows: Sequence[FeatureRow], sets: Mapping[str, set[str]], aggregation: Aggregation) -> str:
    """For reading: a line for each set of sources and one for all, then who would be flagged."""
    lines = [
        "| sources | of them | images × conditions | crops | nearness | views | image |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, sources in (*sets.items(), ("all", {r.sample.source for r in rows})):
        own = [r for r in rows if r.sample.source in sources]
        if own:
            values = " | ".join(f"{v:.3f}" for v in figures(own, aggregation).values())
            lines.append(f"| {name} | {len({r.sample.source for r in own})} | {len(own)} | {values} |")
    lines += ["", "| real pictures | sources | flagged |", "|---|---|---|"]
    lines += [f"| {name} | {count} | {share:.1%} |" for name, count, share in flagged(rows, aggregation)]
    return "\n".join(lines)


def _scores(rows: Sequence[FeatureRow], aggregation: Aggregation) -> NDArray[np.float64]:
    return np.array([score(r.features, aggregation) for r in rows])
