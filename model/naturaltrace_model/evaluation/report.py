"""`evaluate --report DIR`: everything that is measured of a detector on one set, as one HTML page."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from naturaltrace_model.evaluation import by_source, svg
from naturaltrace_model.evaluation.breakdown import LEAST, Group, Judged, content_of, groups
from naturaltrace_model.evaluation.curves import Curve, reliability, risk_coverage, roc
from naturaltrace_model.evaluation.metrics import average_precision, recall_at
from naturaltrace_model.evaluation.page import Section, Table, page
from naturaltrace_model.evaluation.release_dates import year
from naturaltrace_model.evaluation.report_sweeps import benchmark_tasks, sweeps
from naturaltrace_model.evaluation.rows import Row
from naturaltrace_model.evaluation.summary import by_condition, summarise

_MISTAKES = 15
_WORST = 20  # sources of either label that the page names


def report(
    title: str, rows: Sequence[Row], swept: Sequence[Row], promised: float | None, more: Sequence[Path] = ()
) -> str:
    """The page for `rows` (of any of the three conditions) and `swept` (of the sweeps, on fewer images).

    `promised` is the share of real images that calibration allowed to be flagged; `more` are tables (CSV) or probes
    (JSON) of other commands, each put in under its file's name.
    """
    by, figures = by_condition(rows), summarise(rows)
    sections = [
        _headline(figures, by),
        _curves(by),
        _generators(by),
        _categories(by, promised),
        _in_time(by),
        _sources(rows, figures),
        *sweeps(by_condition(swept)),
        benchmark_tasks(by, by_condition(swept)),
        _mistakes(by),
        *map(_added, more),
    ]
    images = {r.sample.sha256: r.sample for r in rows}.values()
    lead = (
        f"{sum(s.label == 0 for s in images)} real and {sum(s.label == 1 for s in images)} generated images of "
        f"{len({s.source for s in images})} sources. Intervals are 95 %, by bootstrap over images: images of one "
        "source resemble each other, so that another draw of sources would differ by more. “Flagged” is a badge "
        "“AI-generated” or “Likely AI”."
    )
    return page(title, lead, [s for s in sections if s.tables or s.charts])


def _headline(figures: dict[str, Any], by: dict[str, list[Row]]) -> Section:
    table: list[tuple[str, ...]] = []
    for name, f in figures.items():
        judged = Judged.of(by[name])
        low, high = f.get("auc_interval", (float("nan"), float("nan")))
        low_b, high_b = f.get("balanced_accuracy_interval", (float("nan"), float("nan")))
        table.append(
            (
                name, f"{f['real']} / {f['generated']}", f"{f['auc']:.3f} ({low:.3f}–{high:.3f})",
                f"{f['balanced_accuracy']:.1%} ({low_b:.1%}–{high_b:.1%})",
                f"{average_precision(judged.label, judged.chance):.3f}",
                f"{recall_at(judged.label, judged.chance, 0.05):.1%}",
                f"{recall_at(judged.label, judged.chance, 0.01):.1%}",
                f"{f['real_at_likely_ai']:.1%}", f"{f['generated_at_likely_ai']:.1%}", f"{f['answered']:.1%}",
                f"{f['error_among_answered']:.1%}", f"{f['calibration_error']:.3f}",
                f"{f['calibration_error_balanced']:.3f}",
            )
        )  # fmt: skip
    head = (
        "condition", "real / generated", "AUC (95 %)", "balanced accuracy (95 %)", "average precision",
        "recall at 5 % false", "recall at 1 % false", "real flagged", "generated flagged", "answered",
        "error among answered", "calibration error", "the same, classes equal",
    )  # fmt: skip
    text = (
        "clean: as the image came. web: longest edge at most 768 px, JPEG quality 60. hard: 512 px, quality 40. "
        "Balanced accuracy is at probability 0.5."
    )
    return Section("In short", text, [Table(head, table)])


def _curves(by: dict[str, list[Row]]) -> Section:
    judged = {name: Judged.of(rows) for name, rows in by.items()}
    both = {n: j for n, j in judged.items() if len(set(j.label.tolist())) == 2}
    if not both:
        return Section("Curves", "")
    charts = [
        svg.lines(
            "ROC",
            [svg.Series(n, roc(j.label, j.chance)) for n, j in both.items()],
            "real images flagged",
            "generated images found",
            diagonal=True,
        ),
        svg.lines(
            "Risk and coverage",
            [svg.Series(n, risk_coverage(j.label, j.chance)) for n, j in both.items()],
            "share answered, surest first",
            "error among answered",
            y_range=(0, 0.5),
        ),
        svg.lines(
            "Calibration",
            [svg.Series(n, reliability(j.label, j.chance), dots=True) for n, j in both.items()],
            "probability said",
            "share generated",
            diagonal=True,
        ),
    ]
    text = (
        "The probability is for equal numbers of real and generated images; where a set holds fewer generated ones, "
        "its calibration curve lies below the diagonal."
    )
    return Section("Curves", text, charts=charts)


def _generators(by: dict[str, list[Row]]) -> Section:
    tables, charts = _grouped(by, 1, lambda r: r.sample.generator, "generator", None)
    text = "Each generator's images against all real images of the same condition. Few images give wide intervals."
    return Section("By generator", text, tables, charts)


def _categories(by: dict[str, list[Row]], promised: float | None) -> Section:
    tables, charts = _grouped(by, 0, lambda r: r.sample.category, "category", promised)
    kinds, _ = _grouped(by, 0, lambda r: content_of(r.sample.category), "content", None)
    text = (
        "Real images that would be branded, by category and by kind of content; AUC is of all generated images "
        "against those of the group. The set does not say what its generated images show."
    )
    if promised is not None:
        text += f" The dashed line is the rate that calibration promised, {promised:.1%}."
    return Section("Real images, by category and content", text, [*tables, *kinds], charts)


def _grouped(
    by: dict[str, list[Row]], label: int, key: Callable[[Row], str | None], what: str, guide: float | None
) -> tuple[list[Table], list[str]]:
    found = {name: groups(rows, label, key) for name, rows in by.items()}
    if not any(found.values()):
        return [], []
    order = [g.name for g in next(iter(found.values()))]
    index = {name: {g.name: g for g in each} for name, each in found.items()}
    head = (what, "images", *(f"{c}: {t}" for c in found for t in ("AUC (95 %)", "flagged", "P ≥ 0.5")))
    rows = [
        (
            group,
            str(max(each[group].images for each in index.values() if group in each)),
            *(text for c in found for text in _cells(index[c].get(group))),
        )
        for group in order
    ]
    charts = [
        svg.bars(
            f"Flagged by {what}, {c}",
            [svg.Bar(g.name, g.flagged, *g.flagged_interval, f"of {g.images}") for g in each if g.images >= LEAST],
            guide=guide,
        )
        for c, each in found.items()
    ]
    return [Table(head, rows)], charts


def _cells(group: Group | None) -> tuple[str, str, str]:
    if group is None:
        return "–", "–", "–"
    low, high = group.auc_interval
    interval = f" ({low:.2f}–{high:.2f})" if low == low else ""
    return f"{group.auc:.3f}{interval}", f"{group.flagged:.1%}", f"{group.beyond_half:.1%}"


def _in_time(by: dict[str, list[Row]]) -> Section:
    def released(row: Row) -> str | None:
        found = year(row.sample.generator)
        return None if found is None else str(found)

    tables, _ = _grouped(by, 1, released, "year of release", None)
    tables = [Table(t.head, sorted(t.rows, key=lambda r: r[0]), t.caption) for t in tables]
    charts: list[str] = []
    curves: list[svg.Series] = []
    for name, rows in by.items():
        found = sorted(groups(rows, 1, released), key=lambda g: g.name)
        curves.append(svg.Series(name, Curve([float(g.name) for g in found], [g.auc for g in found]), dots=True))
    years = sorted({x for c in curves for x in c.curve.x})
    if len(years) > 1:
        charts.append(
            svg.lines(
                "AUC by the generator's year of release",
                curves,
                "year",
                "AUC",
                x_range=(years[0], years[-1]),
                y_range=(0.4, 1),
                ticks=[(x, f"{x:.0f}") for x in years],
            )
        )
    text = (
        "Generators by the year in which they became public (release_dates.csv); labels that name no single generator "
        "have none. Training with later generators left out is `naturaltrace-model protocols --protocol temporal`."
    )
    return Section("In time", text, tables, charts)


def _sources(rows: Sequence[Row], figures: dict[str, Any]) -> Section:
    """AUC over draws of sources, and each source by itself: what another set may look like."""
    nan = float("nan")
    intervals = [
        (name, "{:.3f}–{:.3f}".format(*f.get("auc_interval_of_sources", (nan, nan)))) for name, f in figures.items()
    ]
    found = by_source.sources(rows)
    tables = [Table(("condition", "AUC, 95 % of draws of sources"), intervals)]
    for label, title in enumerate(("Real", "Generated")):
        own = [s for s in found if s.label == label]
        lines = [(s.name, str(s.images), f"{s.auc:.3f}", f"{s.flagged:.1%}") for s in own[:_WORST]]
        caption = f"{title}: {len(own)} sources, mean AUC {by_source.mean_auc(own):.3f}"
        if len(own) > _WORST:
            caption += f"; the worst {_WORST}"
        tables.append(Table(("source", "images", "AUC", "flagged"), lines, caption))
    text = (
        "Images of one source resemble each other. Drawn anew are sources here, with replacement and with all their "
        "images; below, each source's images against all of the other class, mean over the conditions, worst first."
    )
    return Section("By source", text, tables)


def _mistakes(by: dict[str, list[Row]]) -> Section:
    rows = by.get("clean") or next(iter(by.values()))
    judged = [r for r in rows if r.detection.probability is not None]

    def chance(row: Row) -> float:
        return row.detection.probability or 0.0

    real = sorted((r for r in judged if r.sample.label == 0), key=lambda r: -chance(r))[:_MISTAKES]
    generated = sorted((r for r in judged if r.sample.label == 1), key=chance)[:_MISTAKES]
    head = ("file (sha256)", "source", "what", "probability", "verdict")
    tables = [
        Table(head, [_mistake(r, r.sample.category) for r in real], "Real, taken for generated"),
        Table(head, [_mistake(r, r.sample.generator) for r in generated], "Generated, taken for real"),
    ]
    return Section("Worst mistakes", "By probability, in the condition “clean” where it was measured.", tables)


def _mistake(row: Row, what: str) -> tuple[str, ...]:
    name = row.sample.sha256[:16] or row.sample.path.name
    return name, row.sample.source, what, f"{row.detection.probability:.3f}", row.detection.level.value


def _added(path: Path) -> Section:
    """A table of another command, as it was written."""
    title = path.stem.replace("-", " ").replace("_", " ").capitalize()
    if path.suffix == ".json":
        lines: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        head = tuple(lines[0]) if lines else ()
        rows = [tuple(_short(line[h]) for h in head) for line in lines]
    else:
        with path.open(newline="", encoding="utf-8") as file:
            read = list(csv.reader(file))
        head, rows = tuple(read[0]), [tuple(r) for r in read[1:]]
    return Section(title, f"From {path.name}.", [Table(head, rows)] if rows else [])


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list):
        return "–".join(_short(v) for v in value)  # pyright: ignore[reportUnknownVariableType]
    return str(value)
