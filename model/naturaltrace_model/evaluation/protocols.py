"""`naturaltrace-model protocols`: trains once per fold, from scratch and alike long, and writes one table.

A fold that is done is not done again. The budget stands in every row: figures of short trainings say what carries over
and what does not, not how good a long one would be.
"""

import csv
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from naturaltrace_model.baselines.interface import Baseline, Budget, Material, chosen
from naturaltrace_model.baselines.registry import ROWS
from naturaltrace_model.baselines.table import score_regions
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.evaluation.folds import Fold, folds, source_names
from naturaltrace_model.evaluation.metrics import auc, bootstrap, recall_at
from naturaltrace_model.training.batches import Shard

_LEAST = 10  # regions of a real source that gets a rate of its own
_HEAD = (
    "protocol", "held out", "method", "steps", "crops", "width", "real", "generated", "auc", "auc_low", "auc_high",
    "recall_at_5", "false_at_5", "worst_source", "worst_false_at_5",
)  # fmt: skip


def run(
    protocols: Sequence[str],
    method: str,
    material: Material,
    judged: Sequence[Shard],
    samples: Sequence[Sample],
    budget: Budget,
    most: int,
    out: Path,
) -> list[dict[str, Any]]:
    """Every fold of `protocols`, kept in `out/FOLD/figures.json`; writes `protocols.csv` and returns its rows."""
    todo = [fold for protocol in protocols for fold in folds(protocol, material, judged, samples)]
    for fold in tqdm(todo, desc="folds", unit="fold"):
        folder = out / f"{fold.protocol}-{fold.name}".replace(" ", "-").replace(",", "")
        done = folder / "figures.json"
        wanted = {"method": method, "budget": asdict(budget), "most": most}
        if done.exists() and json.loads(done.read_text(encoding="utf-8"))["asked"] == wanted:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        row = _fold(fold, method, budget, most, folder)
        done.write_text(json.dumps({"asked": wanted, **row}, indent=1), encoding="utf-8")
        _write(out)
    return _write(out)


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """The rows for a page; for real sources the share of them beyond the 5 % point of other real images."""
    lines = [
        "| protocol | held out | real / generated regions | AUC (95 %) | recall at 5 % | false at the 5 % point "
        "| worst source |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        false = "" if r["false_at_5"] is None else f"{r['false_at_5']:.1%}"
        worst = "" if r["worst_source"] is None else f"{r['worst_source']} {r['worst_false_at_5']:.1%}"
        lines.append(
            f"| {r['protocol']} | {r['held out']} | {r['real']} / {r['generated']} "
            f"| {r['auc']:.3f} ({r['auc_low']:.3f}–{r['auc_high']:.3f}) | {r['recall_at_5']:.1%} | {false} | {worst} |"
        )
    for protocol in dict.fromkeys(r["protocol"] for r in rows):
        own = [r["auc"] for r in rows if r["protocol"] == protocol]
        lines.append(f"| {protocol} | mean, worst | | {np.mean(own):.3f}, {min(own):.3f} | | | |")
    return "\n".join(lines)


def _fold(fold: Fold, method: str, budget: Budget, most: int, folder: Path) -> dict[str, Any]:
    baseline = ROWS[method]()
    started = time.monotonic()
    # A folder of its own: what rows of one table share must not pass from fold to fold.
    baseline.fit(fold.material, budget, folder / "fit")
    generated = [score_regions(baseline, s, most) for s in fold.generated if len(s)]
    real = [score_regions(baseline, s, most) for s in fold.real if len(s)]
    fakes = np.concatenate([g.scores for g in generated]) if generated else np.zeros(0)
    reals = np.concatenate([r.scores for r in real]) if real else np.zeros(0)
    y = np.concatenate([np.zeros(len(reals)), np.ones(len(fakes))])
    s = np.concatenate([reals, fakes])
    low, high = bootstrap(lambda i: auc(y[i], s[i]), len(y), rounds=300)
    row: dict[str, Any] = {
        "protocol": fold.protocol,
        "held out": fold.name,
        "method": method,
        "steps": budget.steps,
        "crops": budget.crops,
        "width": budget.width,
        "real": len(reals),
        "generated": len(fakes),
        "auc": round(auc(y, s), 4),
        "auc_low": round(low, 4),
        "auc_high": round(high, 4),
        "recall_at_5": round(recall_at(y, s, 0.05), 4),
        "false_at_5": None,
        "worst_source": None,
        "worst_false_at_5": None,
        "seconds": round(time.monotonic() - started),
    }
    if fold.held_real:
        names = np.array(source_names([x for x in fold.real if len(x)], [r.source for r in real]))
        row |= _false(reals, names, _point(fold, baseline, most))
    return row


def _point(fold: Fold, baseline: Baseline, most: int) -> float:
    """The score that 5 % of the real crops that were trained on reach: an operating point set without the held-out."""
    train = fold.material.train
    known = score_regions(baseline, chosen(train, train.label == 0), most)
    return float(np.quantile(known.scores, 0.95))


def _false(scores: NDArray[Any], names: NDArray[Any], point: float) -> dict[str, Any]:
    rates = {
        str(name): float((scores[names == name] > point).mean())
        for name in np.unique(names)
        if (names == name).sum() >= _LEAST
    }
    worst = max(rates, key=lambda n: rates[n]) if rates else None
    return {
        "false_at_5": round(float((scores > point).mean()), 4),
        "worst_source": worst,
        "worst_false_at_5": None if worst is None else round(rates[worst], 4),
    }


def _write(out: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(out.glob("*/figures.json"))
    ]
    with (out / "protocols.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_HEAD)
        writer.writerows([["" if r[h] is None else r[h] for h in _HEAD] for r in rows])
    return rows
