"""Fits `evidence.json`: what the released graph's figures look like on known images (`evidence.reference`).

Nearness, natural traces, statistics and the rate of false "parts" come from val images; attribution from a gallery.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from naturaltrace.detection.card import Card
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.result import Detection
from naturaltrace.evidence import reference as references
from naturaltrace.evidence.reading import Reading
from naturaltrace.evidence.reference import AttributionReference, Floats, pack
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.evaluation.conditions import MET, under
from naturaltrace_model.evaluation.rows import decoded

_QUANTILES = 101
_BINS = 3
_FEWEST_IN_BIN = 40
_PART_RATE = 0.02
_PART_CHANCE = 0.5
# The categories of the manifest, in words that the explanations have ([kind] in wording/*.toml).
_KIND_OF = {
    "photo-face": "portrait",
    "photo-stock": "stock",
    "photo-product": "stock",
    "photo-historic": "old",
    "photo-bw": "old",
    "document-scan": "old",
    "art": "art",
    "anime-comic": "art",
    "screenshot-graphic": "graphic",
    "poster-cover": "graphic",
    "render-game": "render",
    "meme-social": "social",
}


@dataclass(slots=True)
class Seen:
    """What the detector said of the images that the reference is fitted to."""

    real: list[tuple[Sample, Detection]] = field(default_factory=list[tuple[Sample, Detection]])
    generated: list[tuple[Sample, Detection]] = field(default_factory=list[tuple[Sample, Detection]])


def look(detector: Detector, samples: Iterable[Sample]) -> Seen:
    """Each image as it came and as the web hands it on."""
    seen = Seen()
    for sample, image in decoded(samples):
        for condition in MET:
            evidence = detector.explain(under(image, condition))
            if evidence is not None:
                (seen.generated if sample.label else seen.real).append((sample, evidence.detection))
    return seen


def fit(card: Card, seen: Seen, prototypes: Floats | None, attribution: AttributionReference | None) -> dict[str, Any]:
    """The whole document. `prototypes` (K, E) are the trace branch's natural traces; None leaves these out."""
    document: dict[str, Any] = {
        "schema": references.SCHEMA,
        "graph_sha256": card.sha256,
        "measured_on": {"real": len(seen.real), "generated": len(seen.generated), "conditions": list(MET)},
        "nearness": _nearness([d for _, d in seen.real]),
        "statistics": _statistics(seen),
        "part": _part([d for _, d in (*seen.real, *seen.generated)]),
    }
    if prototypes is not None:
        document["traces"] = _traces(seen.real, prototypes)
    if attribution is not None:
        document["attribution"] = _attribution(attribution)
    return document


def write(document: dict[str, Any], path: Path) -> None:
    """Write `evidence.json`."""
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _nearness(detections: Sequence[Detection]) -> list[dict[str, Any]]:
    known = [
        (d.jpeg_quality / 100, d.proximity)
        for d in detections
        if d.jpeg_quality is not None and d.proximity is not None
    ]
    if not known:
        return []
    quality, proximity = (np.array(column) for column in zip(*known, strict=True))
    bins = max(1, min(_BINS, len(known) // _FEWEST_IN_BIN))
    edges = [0.0, *np.quantile(quality, np.linspace(0, 1, bins + 1)[1:-1]).tolist(), 1.01]
    return [
        {"low": round(low, 4), "high": round(high, 4), "proximity": _quantiles(proximity[own])}
        for low, high in pairwise(edges)
        if (own := (quality >= low) & (quality < high)).any()
    ]


def _statistics(seen: Seen) -> dict[str, dict[str, list[float]]]:
    found: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for of, own in (("real", seen.real), ("generated", seen.generated)):
        for name in own[0][1].statistics if own else ():
            found[name][of] = _quantiles(np.array([d.statistics[name] for _, d in own]))
    return dict(found)


def _part(detections: Sequence[Detection]) -> dict[str, float] | None:
    """The contrast that at most one in fifty images without a splice reaches (the conformal quantile)."""
    best = [
        max((r.contrast for r in d.regions if r.chance >= _PART_CHANCE and 0.005 <= r.share <= 0.6), default=0.0)
        for d in detections
    ]
    if len(best) < 1 / _PART_RATE:
        return None
    rank = int(np.ceil((1 - _PART_RATE) * (len(best) + 1))) - 1
    contrast = sorted(best)[min(rank, len(best) - 1)]
    return {"contrast": round(float(contrast) + 1e-6, 4), "chance": _PART_CHANCE, "rate": _PART_RATE}


def _traces(real: Sequence[tuple[Sample, Detection]], prototypes: Floats) -> list[dict[str, Any]]:
    """Each natural trace with the kind that is commonest among the real images nearest to it, for its share of all."""
    nearest: dict[int, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    for sample, detection in real:
        if detection.traits is not None:
            kind = _KIND_OF.get(sample.category, "photo")
            nearest[int((prototypes @ detection.traits.crop).argmax())][kind] += 1
            total[kind] += 1
    return [
        {
            "direction": pack(prototypes[i]),
            "kind": max(own, key=lambda k, own=own: own[k] / (total[k] + 5)),
        }
        for i, own in sorted(nearest.items())
        if own.total() >= 3
    ]


def _attribution(found: AttributionReference) -> dict[str, Any]:
    return {
        "mean": pack(found.mean),
        "projection": pack(found.projection),
        "temperature": round(found.temperature, 5),
        "unknown": round(found.unknown, 4),
        "generators": [
            {"name": g.name, "family": g.family, "prototypes": pack(g.prototypes)} for g in found.generators
        ],
        **{
            level: reading(own)
            for level, own in (("groups", found.groups), ("models", found.models))
            if own is not None
        },
    }


def reading(found: Reading) -> dict[str, Any]:
    return {
        "names": list(found.names),
        "weights": pack(found.weights),
        "bias": pack(found.bias),
        "temperature": round(found.temperature, 5),
        "unknown": round(found.unknown, 4),
        "of_texture": found.of_texture,
    }


def _quantiles(values: Floats) -> list[float]:
    return [round(float(v), 5) for v in np.quantile(values, np.linspace(0, 1, _QUANTILES))]
