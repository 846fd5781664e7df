"""The figures of a set of rows, as the card holds them and as tables print them."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.result import PixelLevel
from naturaltrace_model.evaluation.metrics import auc, balanced_accuracy, bootstrap, calibration_error

if TYPE_CHECKING:
    from naturaltrace_model.evaluation.rows import Row

_FLAGGED = (PixelLevel.AI, PixelLevel.LIKELY_AI)


def summarise(rows: "Sequence[Row]", *, intervals: bool = True) -> dict[str, Any]:
    """Figures by condition: `auc` and `balanced_accuracy` (at probability 0.5) over images that got a probability,
    each with its 95 % interval over draws of images, the AUC's over draws of whole sources as well; the rest over all
    images. Rates are 0..1."""
    return {condition: _one(own, intervals) for condition, own in by_condition(rows).items()}


def by_condition(rows: "Sequence[Row]") -> "dict[str, list[Row]]":
    """The rows of each condition, in the order in which conditions come."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.condition, []).append(row)
    return found


def _one(rows: "Sequence[Row]", intervals: bool) -> dict[str, Any]:
    judged = [r for r in rows if r.detection.probability is not None]
    labels = np.array([r.sample.label for r in judged])
    chance = np.array([r.detection.probability for r in judged], dtype=np.float64)
    levels = np.array([r.detection.level for r in rows])
    truth = np.array([r.sample.label for r in rows])
    flagged = np.isin(levels, _FLAGGED)
    answered = levels != PixelLevel.UNCLEAR
    wrong = np.where(truth == 1, levels == PixelLevel.NO_SIGN, flagged)
    figures: dict[str, Any] = {
        "real": int((truth == 0).sum()),
        "generated": int((truth == 1).sum()),
        "without_probability": len(rows) - len(judged),
        "auc": auc(labels, chance),
        "balanced_accuracy": balanced_accuracy(labels, chance >= 0.5),
        "calibration_error": calibration_error(labels, chance) if len(judged) else float("nan"),
        "calibration_error_balanced": calibration_error(labels, chance, balanced=True) if len(judged) else float("nan"),
        "estimated_quality": _mean_quality(judged),
        "real_at_ai": _rate(levels[truth == 0] == PixelLevel.AI),
        "real_at_likely_ai": _rate(flagged[truth == 0]),
        "generated_at_ai": _rate(levels[truth == 1] == PixelLevel.AI),
        "generated_at_likely_ai": _rate(flagged[truth == 1]),
        "generated_at_no_sign": _rate(levels[truth == 1] == PixelLevel.NO_SIGN),
        "real_at_no_sign": _rate(levels[truth == 0] == PixelLevel.NO_SIGN),
        "answered": _rate(answered),
        "error_among_answered": _rate(wrong[answered]),
        "real_flagged_by_category": _by(rows, flagged, 0, lambda r: r.sample.category),
        "generated_flagged_by_family": _by(rows, flagged, 1, lambda r: r.sample.family),
    }
    if intervals and len(judged):
        figures["auc_interval"] = bootstrap(lambda i: auc(labels[i], chance[i]), len(judged))
        sources = np.array([r.sample.source for r in judged])
        figures["auc_interval_of_sources"] = bootstrap(lambda i: auc(labels[i], chance[i]), len(judged), groups=sources)
        figures["balanced_accuracy_interval"] = bootstrap(
            lambda i: balanced_accuracy(labels[i], chance[i] >= 0.5), len(judged)
        )
    return _rounded(figures)


def table(figures: dict[str, Any]) -> str:
    """The chief figures as a Markdown table, a row per condition."""
    lines = [
        "| condition | real / generated | AUC (95 %) | balanced accuracy | real flagged | generated flagged "
        "| answered | error among answered | calibration error: set as it is, classes equal |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for condition, f in figures.items():
        low, high = f.get("auc_interval", (float("nan"), float("nan")))
        lines.append(
            f"| {condition} | {f['real']} / {f['generated']} | {f['auc']:.3f} ({low:.3f}–{high:.3f}) "
            f"| {f['balanced_accuracy']:.1%} | {f['real_at_likely_ai']:.1%} | {f['generated_at_likely_ai']:.1%} "
            f"| {f['answered']:.1%} | {f['error_among_answered']:.1%} | {f['calibration_error']:.3f}, "
            f"{f.get('calibration_error_balanced', float('nan')):.3f} |"
        )
    return "\n".join(lines)


def _by(
    rows: "Sequence[Row]", flagged: NDArray[Any], label: int, key: "Callable[[Row], str]"
) -> dict[str, dict[str, float | int]]:
    groups: dict[str, list[bool]] = defaultdict(list)
    for row, flag in zip(rows, flagged, strict=True):
        if row.sample.label == label:
            groups[key(row)].append(bool(flag))
    return {name: {"images": len(g), "flagged": sum(g) / len(g)} for name, g in sorted(groups.items())}


def _mean_quality(judged: "Sequence[Row]") -> float:
    """Mean estimated JPEG quality, 0..100: it ought to fall from clean to hard."""
    known = [r.detection.jpeg_quality for r in judged if r.detection.jpeg_quality is not None]
    return round(float(np.mean(known)), 1) if known else float("nan")


def _rate(which: NDArray[Any]) -> float:
    return float(np.mean(which)) if len(which) else float("nan")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, tuple):
        return [_rounded(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    return value
