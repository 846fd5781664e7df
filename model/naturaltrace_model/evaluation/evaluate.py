"""`naturaltrace-model evaluate`: the released detector, measured on any set, in words and numbers."""

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path

from naturaltrace.detection import card as cards
from naturaltrace.detection.detector import Detector
from naturaltrace_model.evaluation.conditions import CONDITIONS
from naturaltrace_model.evaluation.rows import Row, detect_all, samples_of
from naturaltrace_model.evaluation.summary import summarise, table


def evaluate_command(options: argparse.Namespace) -> None:
    """Print the figures of the released detector (or of `--card`) on `options.images`."""
    samples = samples_of(options.images, options.split)
    if options.limit:
        samples = samples[:: max(1, len(samples) // options.limit)][: options.limit]
    detector = Detector(cards.read(options.card) if options.card else cards.released())
    rows = list(detect_all(detector, samples, options.condition or CONDITIONS))
    if options.csv:
        write_csv(rows, options.csv)
    figures = summarise(rows)
    if options.json:
        print(json.dumps({"model": detector.card.name, "version": detector.card.version, "conditions": figures}))
        return
    print(f"{detector.card.name} {detector.card.version} on {len(samples)} images of {options.images}\n")
    print(table(figures))


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """One line per image and condition. Images are named by their sha256, never by a path."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ("sha256", "label", "category", "generator", "condition", "level", "reason", "probability", "quality")
        )
        for r in rows:
            d = r.detection
            writer.writerow(
                (
                    r.sample.sha256 or r.sample.path.name,
                    r.sample.label,
                    r.sample.category,
                    r.sample.generator,
                    r.condition,
                    d.level.value,
                    d.reason.value if d.reason else "",
                    "" if d.probability is None else f"{d.probability:.4f}",
                    "" if d.jpeg_quality is None else f"{d.jpeg_quality:.0f}",
                )
            )
