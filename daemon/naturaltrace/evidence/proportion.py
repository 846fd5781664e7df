"""One image's figures beside those of known images: ranks among quantiles, the nearest natural trace."""

from collections.abc import Sequence

from naturaltrace.detection.quantiles import share_up_to
from naturaltrace.detection.result import Detection
from naturaltrace.evidence.reference import Reference


def share_above(value: float, quantiles: Sequence[float]) -> float:
    """The share (0..1) of images whose figure is higher, read off evenly spaced quantiles, ascending."""
    return 1 - share_up_to(value, quantiles)


def more_natural(reference: Reference, detection: Detection) -> int | None:
    """How many of 100 real images of like quality are nearer to the natural traces, 1..99; None where not known."""
    if detection.proximity is None or detection.jpeg_quality is None or not reference.nearness:
        return None
    quality = detection.jpeg_quality / 100
    own = next((b for b in reference.nearness if quality < b.high), reference.nearness[-1])
    return min(99, max(1, round(100 * share_above(detection.proximity, own.proximity))))


def nearest_kind(reference: Reference, detection: Detection) -> str | None:
    """The kind of real images that the nearest natural trace is found in most often."""
    if detection.traits is None or not reference.traces:
        return None
    crop = detection.traits.crop
    if len(reference.traces[0].direction) != len(crop):
        return None
    return max(reference.traces, key=lambda t: float(t.direction @ crop)).kind


def statistics_report(reference: Reference, detection: Detection) -> dict[str, object]:
    """Each classic statistic with where it lies among real and among generated images (shares 0..1 that are lower)."""
    report: dict[str, object] = {}
    for name, value in detection.statistics.items():
        entry: dict[str, float] = {"value": float(f"{value:.4g}")}
        for of, quantiles in reference.statistics.get(name, {}).items():
            entry[f"rank_among_{of}"] = round(1 - share_above(value, quantiles), 3)
        report[name] = entry
    return report
