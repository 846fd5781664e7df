"""How often an untouched picture is said to have a part that looks generated. It must be rare: nobody edited these."""

from collections.abc import Sequence
from typing import Any

from naturaltrace.detection.detector import Detector
from naturaltrace.detection.part import Part
from naturaltrace.evidence.adviser import standing_out
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.evaluation.conditions import MET, under
from naturaltrace_model.evaluation.rows import decoded


def measure(detector: Detector, part: Part | None, samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """By category and of all: images, each as it came and as the web hands it on, and how many of these had a region
    that stands out."""
    seen: dict[str, list[bool]] = {}
    for sample, image in decoded(samples):
        for condition in MET:
            met = under(image, condition)
            (found,) = detector.detect_many([met])
            if found.heat is not None:
                region = standing_out(part, found, max(met.width, met.height))
                seen.setdefault(sample.category, []).append(region is not None)
    every = [v for own in seen.values() for v in own]
    return [
        {"category": category, "images": len(own), "alarms": sum(own)}
        for category, own in (*sorted(seen.items()), ("all", every))
    ]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The figures as a Markdown table."""
    lines = ["| untouched | images | with a part that stands out |", "|---|---|---|"]
    for row in rows:
        if row["images"]:
            share = row["alarms"] / row["images"]
            lines.append(f"| {row['category']} | {row['images']} | {row['alarms']} ({share:.1%}) |")
    return "\n".join(lines)
