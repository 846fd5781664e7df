"""Runs the rows one by one and writes the table; a row that is done is not done again."""

import csv
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from naturaltrace_model.baselines.interface import Baseline, Budget, Material
from naturaltrace_model.baselines.registry import ROWS
from naturaltrace_model.evaluation.metrics import auc, bootstrap, recall_at, split_point
from naturaltrace_model.training.batches import Shard

_FIGURES = ("auc", "auc_low", "auc_high", "balanced_accuracy", "recall_at_5")
Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Scored:
    """One score per region (the mean of its crops), with what is known of it."""

    scores: Array
    label: Array
    family: Array
    source: Array


def score_regions(baseline: Baseline, shard: Shard, most: int) -> Scored:
    """At most `most` regions of each class, evenly over the shard, which lies in random order."""
    groups = list(shard.rows_of_region().values())
    labels = np.array([shard.label[g[0]] for g in groups])
    picked = [groups[i] for label in (0, 1) for i in np.flatnonzero(labels == label)[:most]]
    rows = np.concatenate(picked)
    by_crop = baseline.score(np.stack([shard.crops[int(r)] for r in rows]))
    ends = np.cumsum([len(g) for g in picked])[:-1]
    first = np.array([g[0] for g in picked])
    means = np.array([part.mean() for part in np.split(by_crop, ends)])
    return Scored(means, shard.label[first], shard.family[first], shard.source[first])


def run(
    names: Sequence[str], material: Material, judged: dict[str, Shard], budget: Budget, most: int, out: Path
) -> list[dict[str, Any]]:
    """Every row of `names` on the shards `judged` (by split), kept in `out/NAME/figures.json`; all that are there."""
    for name in tqdm(names, desc="baselines", unit="row"):
        done = out / name / "figures.json"
        if done.exists() and json.loads(done.read_text(encoding="utf-8"))["budget"] == asdict(budget):
            continue
        done.parent.mkdir(parents=True, exist_ok=True)
        done.write_text(json.dumps(_row(name, material, judged, budget, most, done.parent), indent=1), encoding="utf-8")
        write(out)
    return write(out)


def write(out: Path) -> list[dict[str, Any]]:
    """`table.csv` and `table.md` of the rows that are done; the rows, in the registry's order."""
    rows: list[dict[str, Any]] = [
        json.loads((out / name / "figures.json").read_text(encoding="utf-8"))
        for name in ROWS
        if (out / name / "figures.json").exists()
    ]
    if rows:
        splits = list(rows[0]["splits"])
        with (out / "table.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            facts = ("name", "idea", "parameters", "seconds")
            writer.writerow((*facts, *(f"{s}_{f}" for s in splits for f in _FIGURES)))
            for r in rows:
                writer.writerow((*(r[f] for f in facts), *(r["splits"][s][f] for s in splits for f in _FIGURES)))
        (out / "table.md").write_text(markdown(rows), encoding="utf-8")
    return rows


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """The table for a page, its budget in the line above it."""
    budget, splits = rows[0]["budget"], list(rows[0]["splits"])
    counts = ", ".join(f"{s}: {f['real']} real and {f['generated']} generated regions" for s, f in _of(rows[0]))
    lines = [
        f"{budget['steps']} steps of {budget['batch']} crops per row, trunk width {budget['width']}, "
        f"seed {budget['seed']}; judged on {counts}.",
        "",
        "| row | idea | parameters |"
        + "".join(f" {s} AUC (95 %) | {s} balanced accuracy | {s} recall at 5 % |" for s in splits),
        "|---|---|---|" + "---|---|---|" * len(splits),
    ]
    for r in rows:
        cells = "".join(
            f" {f['auc']:.3f} ({f['auc_low']:.3f}–{f['auc_high']:.3f}) | {f['balanced_accuracy']:.1%} "
            f"| {f['recall_at_5']:.1%} |"
            for _, f in _of(r)
        )
        lines.append(f"| {r['name']} | {r['idea']} | {r['parameters']:,} |{cells}")
    return "\n".join(lines) + "\n"


def _of(row: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(row["splits"].items())


def _row(
    name: str, material: Material, judged: dict[str, Shard], budget: Budget, most: int, folder: Path
) -> dict[str, Any]:
    baseline = ROWS[name]()
    started = time.monotonic()
    baseline.fit(material, budget, folder)
    seconds = time.monotonic() - started
    scored = {split: score_regions(baseline, shard, most) for split, shard in judged.items()}
    # The threshold comes from the first split, so that no split but that one flatters itself.
    first = next(iter(scored.values()))
    point = split_point(first.label, first.scores)
    return {
        "name": name,
        "idea": baseline.idea,
        "parameters": baseline.parameters,
        "seconds": round(seconds),
        "budget": asdict(budget),
        "splits": {split: _figures(s, point) for split, s in scored.items()},
    }


def _figures(scored: Scored, point: float) -> dict[str, Any]:
    y, s = scored.label, scored.scores
    low, high = bootstrap(lambda i: auc(y[i], s[i]), len(y))
    called = s >= point
    figures = {
        "auc": auc(y, s),
        "auc_low": low,
        "auc_high": high,
        "balanced_accuracy": float((called[y == 1].mean() + (~called[y == 0]).mean()) / 2),
        "recall_at_5": recall_at(y, s, 0.05),
    }
    rounded: dict[str, Any] = {k: round(v, 4) for k, v in figures.items()}
    return {"real": int((y == 0).sum()), "generated": int((y == 1).sum()), **rounded}
