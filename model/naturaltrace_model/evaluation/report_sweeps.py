"""The report's sections on what happens to an image on its way."""

from collections.abc import Sequence
from typing import Any

from naturaltrace_model.evaluation import svg
from naturaltrace_model.evaluation.breakdown import LEAST, Judged, figures, groups
from naturaltrace_model.evaluation.curves import Curve
from naturaltrace_model.evaluation.page import Section, Table
from naturaltrace_model.evaluation.rows import Row
from naturaltrace_model.evaluation.sweeps import CHAINS, DEGRADATIONS, MEANING, PREPARATIONS

_HEAD = ("images", "AUC", "real flagged", "generated flagged", "answered")
_WORN = ("clean", "jpeg-65", "jpeg-35", "blur-2", "noise-10", "scale-0.5")
Found = Sequence[tuple[str, dict[str, Any]]]


def sweeps(by: dict[str, list[Row]]) -> list[Section]:
    """One degradation at a time, and chains of sites; `by` holds the rows of each passage."""
    charts: list[str] = []
    rows: list[tuple[str, ...]] = []
    for kind, strengths in DEGRADATIONS.items():
        found = [(f"{s:g}", figures(by[f"{kind}-{s:g}"])) for s in strengths if f"{kind}-{s:g}" in by]
        if found:
            rows += [_row(f"{MEANING[kind]} {strength}", f) for strength, f in found]
            charts.append(_chart(f"By {MEANING[kind]}", found, MEANING[kind]))
    one = Section(
        "One degradation at a time",
        "A sample of the set, every image at every strength, from its clean state.",
        [Table(("passage", *_HEAD), rows)] if rows else [],
        charts,
    )
    chains = [(n.removeprefix("chain-"), figures(by[n])) for n in ("clean", *CHAINS) if n in by]
    if len(chains) < 2:
        return [one]
    text = (
        "One to five sites in a row, each scaling down to a width of its own and saving again as JPEG (quality 55 to "
        "87) or WebP. The same images throughout."
    )
    table = Table(("sites passed", *_HEAD), [_row(n, f) for n, f in chains])
    return [one, Section("Chains of sites", text, [table], [_chart("By number of sites", chains, "sites passed")])]


def benchmark_tasks(by: dict[str, list[Row]], swept: dict[str, list[Row]]) -> Section:
    """AIGIBench asks four things; here they are asked of this detector."""
    rows = by.get("clean") or next(iter(by.values()))
    judged = Judged.of(rows)
    real = judged.chance[judged.label == 0]
    right = f"{(real < 0.5).mean():.1%}" if len(real) else "–"
    tables = [
        Table(
            ("generator", "images", "real accuracy", "fake accuracy", "average precision"),
            [
                (g.name, str(g.images), right, f"{g.beyond_half:.1%}", f"{g.average_precision:.3f}")
                for g in groups(rows, 1, lambda r: r.sample.generator)
                if g.images >= LEAST
            ],
            "1. Generalisation to many sources, at probability 0.5 (the real images are the same for every generator)",
        )
    ]
    worn = [(n, figures(swept[n])) for n in _WORN if n in swept]
    if len(worn) > 1:
        tables.append(Table(("after", *_HEAD), [_row(n, f) for n, f in worn], "2. Robustness to degradation"))
    prepared = [(n, figures(swept[n])) for n in ("clean", *PREPARATIONS) if n in swept]
    if len(prepared) > 1:
        lines = [_row(PREPARATIONS.get(n, "whole, many crops, as it ships"), f) for n, f in prepared]
        tables.append(Table(("given to the detector", *_HEAD), lines, "4. Preparation at test time"))
    text = (
        "The four tasks of AIGIBench in this set's terms. The third, sensitivity to what training adds, needs "
        "trainings: it is the table of `naturaltrace-model baselines`, rows “without …”."
    )
    return Section("AIGIBench's four tasks", text, tables)


def _chart(title: str, found: Found, x_label: str) -> str:
    places = [float(i) for i in range(len(found))]
    series = [
        svg.Series(name, Curve(places, [f[key] for _, f in found]), dots=True)
        for name, key in (("AUC", "auc"), ("real flagged", "real_flagged"), ("generated flagged", "generated_flagged"))
    ]
    ticks = [(x, name) for x, (name, _) in zip(places, found, strict=True)]
    return svg.lines(title, series, x_label, "share, or AUC", x_range=(0, max(1, len(found) - 1)), ticks=ticks)


def _row(name: str, f: dict[str, Any]) -> tuple[str, ...]:
    return (
        name, str(f["images"]), f"{f['auc']:.3f}", f"{f['real_flagged']:.1%}", f"{f['generated_flagged']:.1%}",
        f"{f['answered']:.1%}",
    )  # fmt: skip
