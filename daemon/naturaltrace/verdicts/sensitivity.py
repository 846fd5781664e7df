"""How readily pixels alone give "Likely AI": the user's choice among three words, each a share of real images.

"AI-generated" and "No sign of AI" keep the card's thresholds whatever is chosen: those are promises. What a word
costs is measured by the release on its test images and kept in its card; older releases have it in a table beside it.
"""

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, cast

from naturaltrace.detection import card as cards
from naturaltrace.detection.aggregate import bin_of, calibrate
from naturaltrace.detection.card import Card
from naturaltrace.detection.result import Detection, ModelInfo, PixelLevel, UnclearReason

# The share of calibration's real images that may be marked. None: the released card's own threshold.
SHARES: dict[str, float | None] = {"careful": 0.01, "balanced": None, "eager": 0.10}
RESULTS = "results-full.csv"
_CONDITION = "web"  # the images as a website serves them


@dataclass(frozen=True, slots=True)
class Marked:
    """What a choice means. Shares are 0..1: `promised` of calibration's real images, `real` and `generated` as measured
    on the test images, None where the release has no figures for that."""

    promised: float
    real: float | None = None
    generated: float | None = None


def apply(detection: Detection, sensitivity: str) -> Detection:
    """The detection as the user wants it told. Only "Likely AI" and the undecided range below it ever change."""
    share = SHARES.get(sensitivity)
    if share is None or detection.real_rate is None:
        return detection
    between = detection.level is PixelLevel.UNCLEAR and detection.reason is UnclearReason.BETWEEN
    if between and detection.real_rate <= share:
        return replace(detection, level=PixelLevel.LIKELY_AI, reason=None)
    if detection.level is PixelLevel.LIKELY_AI and detection.real_rate > share:
        return replace(detection, level=PixelLevel.UNCLEAR, reason=UnclearReason.BETWEEN)
    return detection


def measured(card: Card, results: str) -> dict[str, Marked]:
    """What each choice means with this release, by the CSV of its test images, which may be empty."""
    rows = list(_rows(card, results))
    return {
        name: Marked(
            promised=card.rates.likely_ai if share is None else share,
            real=_marked([each for is_real, each in rows if is_real], name),
            generated=_marked([each for is_real, each in rows if not is_real], name),
        )
        for name, share in SHARES.items()
    }


def for_card(card: Card, results: str) -> dict[str, Any] | None:
    """What a release keeps in its card under "sensitivity": the shares, and on how many images they were measured.
    None where the table has no images of both kinds."""
    found = measured(card, results)
    shares = {name: {"real": each.real, "generated": each.generated} for name, each in found.items()}
    if any(share is None for each in shares.values() for share in each.values()):
        return None
    kinds = [is_real for is_real, _ in _rows(card, results)]
    counts = {"real_images": kinds.count(True), "generated_images": kinds.count(False)}
    return {"condition": _CONDITION, **counts, "shares": shares}


def in_card(card: Card) -> dict[str, Marked] | None:
    """What the card says of each choice; None where it says nothing, or not of these choices."""
    section = card.raw.get("sensitivity")
    shares: Any = cast("dict[str, Any]", section).get("shares") if isinstance(section, dict) else None
    try:
        return {name: _told(card, name, shares[name]) for name in SHARES}
    except (KeyError, TypeError, ValueError):
        return None


def _told(card: Card, name: str, shares: dict[str, Any]) -> Marked:
    real, generated = float(shares["real"]), float(shares["generated"])
    if not (0 <= real <= 1 and 0 <= generated <= 1):
        raise ValueError("no share")
    aim = SHARES[name]
    return Marked(card.rates.likely_ai if aim is None else aim, real, generated)


@cache
def released() -> dict[str, Marked]:
    """The same for the bundled release. Raises CardError when it is missing or damaged."""
    card = cards.released()
    if found := in_card(card):
        return found
    try:
        results = files(cards.RELEASED_PACKAGE).joinpath(RESULTS).read_text("utf-8")
    except OSError:
        results = ""
    return measured(card, results)


def _marked(detections: list[Detection], sensitivity: str) -> float | None:
    flagged = [apply(each, sensitivity).level in (PixelLevel.AI, PixelLevel.LIKELY_AI) for each in detections]
    return sum(flagged) / len(flagged) if flagged else None


def _rows(card: Card, results: str) -> Iterator[tuple[bool, Detection]]:
    """Whether it is real, and what the detector found, for each test image."""
    for row in csv.DictReader(io.StringIO(results)):
        try:
            if row["condition"] == _CONDITION:
                yield row["label"] == "0", _detection(card, row)
        except (KeyError, ValueError):  # another version's table
            return


def _detection(card: Card, row: dict[str, str]) -> Detection:
    rate = None
    if row["probability"] and row["quality"]:
        # The table keeps the probability; the score, and with it the rate, follow from the calibration.
        own = bin_of(card, float(row["quality"]) / 100)
        chance = min(max(float(row["probability"]), 1e-4), 1 - 1e-4)
        rate = calibrate((math.log(chance / (1 - chance)) - own.intercept) / own.slope, own).real_rate
    reason = UnclearReason(row["reason"]) if row["reason"] else None
    return Detection(PixelLevel(row["level"]), None, ModelInfo(card.name, card.version), reason, real_rate=rate)
