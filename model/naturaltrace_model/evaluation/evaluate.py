"""`naturaltrace-model evaluate`: the released detector, measured on any set, in words, numbers and one HTML page."""

import argparse
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from naturaltrace.detection import card as cards
from naturaltrace.detection.detector import Detector
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.evaluation import by_source
from naturaltrace_model.evaluation.conditions import CONDITIONS
from naturaltrace_model.evaluation.report import report
from naturaltrace_model.evaluation.rows import Row, detect_all
from naturaltrace_model.evaluation.scores import judged
from naturaltrace_model.evaluation.scores import write_csv as write_csv
from naturaltrace_model.evaluation.sets import samples_of, spread
from naturaltrace_model.evaluation.summary import summarise, table
from naturaltrace_model.evaluation.sweeps import sweep_names


def evaluate_command(options: argparse.Namespace) -> None:
    """Print the figures of the released detector (or of `--card`) on `options.images`; with `--report`, draw them."""
    samples = without(samples_of(options.images, options.split), options.without)
    if options.limit:
        samples = samples[:: max(1, len(samples) // options.limit)][: options.limit]
    samples = spread(samples, options.most)
    detector = Detector(cards.read(options.card) if options.card else cards.released())
    conditions: tuple[str, ...] = tuple(options.condition or CONDITIONS)
    if options.report:
        rows = _write_report(detector, samples, conditions, options)
    elif options.scores:
        with tempfile.TemporaryDirectory() as folder:  # what is judged besides is not written into the file given
            rows = judged(detector, samples, conditions, Path(shutil.copy(options.scores, folder)))
    else:
        rows = list(detect_all(detector, samples, conditions, options.workers))
    if options.csv:
        write_csv(rows, options.csv)
    figures = summarise(rows)
    if options.json:
        print(json.dumps({"model": detector.card.name, "version": detector.card.version, "conditions": figures}))
        return
    print(f"{detector.card.name} {detector.card.version} on {len(samples)} images of {options.images}\n")
    print(table(figures))
    if options.by_source:
        print(f"\n{by_source.table(rows, figures)}")


def without(samples: list[Sample], names: Sequence[str]) -> list[Sample]:
    """Those of no generator, category or source of these names. Raises ValueError for a name that nothing has."""
    left = [s for s in samples if not {s.generator, s.category, s.source} & set(names)]
    known = {name for s in samples for name in (s.generator, s.category, s.source)}
    if unknown := set(names) - known:
        raise ValueError(f"no image is of {', '.join(sorted(unknown))}")
    return left


def _write_report(
    detector: Detector, samples: list[Sample], conditions: tuple[str, ...], options: argparse.Namespace
) -> list[Row]:
    """`report.html` and the scores it was drawn from, which the next run takes up; the rows of the conditions."""
    out: Path = options.report
    out.mkdir(parents=True, exist_ok=True)
    # Scores belong to one graph and one calibration of it.
    facts = f"{detector.card.version}-{detector.card.sha256[:8]}"
    cache = out / f"scores-{facts}.csv"
    if options.scores and not cache.exists():
        shutil.copyfile(options.scores, cache)
    rows = judged(detector, samples, conditions, cache)
    few = spread(samples, options.sweep)
    swept = judged(detector, few, ("clean", *sweep_names()), cache) if options.sweep else []
    title = f"{detector.card.name} {detector.card.version} on {options.images.name}, split {options.split}"
    page = report(title, rows, swept, detector.card.rates.likely_ai, options.table or ())
    (out / "report.html").write_text(page, encoding="utf-8")
    return rows
