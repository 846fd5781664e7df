"""Thresholds for an added detector, from images of which the user knows how they were made.

The thresholds are conformal: on images drawn like these, no more than the promised share goes wrong. Where there are
too few images to promise a rate, that level is left out, and the detector says "can't tell" instead.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.card import CardError
from naturaltrace.detectors.foreign import ForeignDetector
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.errors import ImagingError
from naturaltrace.scan.walk import folder_files, is_image_name

RATES = {"ai": 0.005, "likely_ai": 0.03, "no_sign": 0.05}
_LEAST = 20  # images of each kind
_QUANTILES = 101
Array = NDArray[np.float64]


def labelled(folder: Path) -> dict[str, list[Path]]:
    """The images below `folder`/real and `folder`/generated. Raises CardError where one of them has none."""
    found: dict[str, list[Path]] = {}
    for name in ("real", "generated"):
        files = sorted(p for p in folder_files(os.fspath(folder / name)) if isinstance(p, str) and is_image_name(p))
        if not files:
            raise CardError(f"there are no images in {folder / name}; “real” and “generated” are needed")
        found[name] = [Path(p) for p in files]
    return found


def calibration(detector: ForeignDetector, folder: Path) -> dict[str, Any]:
    """The card's `calibration`, measured. Raises CardError where there are too few images."""
    files = labelled(folder)
    real, generated = (_scores(detector, files[name]) for name in ("real", "generated"))
    if min(len(real), len(generated)) < _LEAST:
        raise CardError(f"at least {_LEAST} images of each kind are needed, here are {len(real)} and {len(generated)}")
    slope, intercept = platt(real, generated)
    likely = threshold(real, RATES["likely_ai"])
    lowest = threshold(-generated, RATES["no_sign"])
    no_sign = None if lowest is None else -lowest
    if no_sign is not None and likely is not None:
        no_sign = min(no_sign, likely)  # a flagged image is never "no sign"
    steps = np.linspace(0, 1, _QUANTILES)
    return {
        "source": f"measured here on {len(real)} real and {len(generated)} generated images",
        "rates": RATES,
        "thresholds": {"ai": threshold(real, RATES["ai"]), "likely_ai": likely, "no_sign": no_sign},
        "slope": round(slope, 6),
        "intercept": round(intercept, 6),
        "real_count": len(real),
        "generated_count": len(generated),
        "real_scores": np.round(np.quantile(real, steps), 5).tolist(),
        "generated_scores": np.round(np.quantile(generated, steps), 5).tolist(),
    }


def threshold(real: Array, rate: float) -> float | None:
    """The lowest score that at most `rate` of images like `real` reach: (1 + reaching) / (1 + n) <= rate."""
    allowed = int(rate * (len(real) + 1)) - 1
    if allowed < 0:
        return None
    return float(np.nextafter(np.sort(real)[::-1][allowed], np.inf))


def platt(real: Array, generated: Array, ridge: float = 1e-3) -> tuple[float, float]:
    """Slope (at least 0) and intercept from score to calibrated log-odds, both kinds weighing the same; by Newton."""
    x = np.concatenate([real, generated])
    y = np.concatenate([np.zeros(len(real)), np.ones(len(generated))])
    weight = np.concatenate([np.full(len(real), 0.5 / len(real)), np.full(len(generated), 0.5 / len(generated))])
    design = np.stack([x, np.ones_like(x)], axis=1)
    penalty = np.diag([2 * ridge, 1e-9])
    found = np.zeros(2)
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        gradient = design.T @ (weight * (p - y)) + penalty @ found
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, gradient)
        found -= step * min(1.0, 2.0 / max(1e-12, float(np.abs(step).max())))
        if float(np.abs(step).max()) < 1e-9:
            break
    return max(0.0, float(found[0])), float(found[1]) if found[0] > 0 else 0.0


def _scores(detector: ForeignDetector, files: Sequence[Path]) -> Array:
    """Of those that can be read."""
    scores: list[float] = []
    for path in files:
        try:
            scores.append(float(detector.scores([decode(path.read_bytes())])[0]))
        except (ImagingError, OSError):
            continue
    return np.array(scores)
