"""A released detector, measured once more on sources that were found after it was made.

The test split has few sources and stays the same from release to release; what is found later says how the figures
hold. The card gets them as a further measured set, the release's folder the results of each image.
"""

import json
from pathlib import Path

from naturaltrace.detection import card as cards
from naturaltrace.detection.detector import Detector
from naturaltrace_model.evaluation.conditions import CONDITIONS
from naturaltrace_model.evaluation.rows import detect_all
from naturaltrace_model.evaluation.scores import judged, write_csv
from naturaltrace_model.evaluation.sets import samples_of
from naturaltrace_model.evaluation.summary import summarise, table
from naturaltrace_model.export.model_card import page
from naturaltrace_model.export.release import counts, write_card

SPLIT = "check"


def check(root: Path, card: Path, workers: int = 1, scores: Path | None = None) -> str:
    """Measure the detector of `card` on the split `check` of `root`; write `results-check.csv`, the card and its page
    beside it, and return the table. `scores` (of this very detector) saves judging what it holds."""
    detector, samples = Detector(cards.read(card)), samples_of(root, SPLIT)
    if not samples:
        raise ValueError(f"{root} has no image of the split {SPLIT}")
    if scores is None:
        rows = list(detect_all(detector, samples, CONDITIONS, workers))
    else:
        rows = judged(detector, samples, CONDITIONS, scores)
    write_csv(rows, card.with_name("results-check.csv"))
    raw = json.loads(card.read_text(encoding="utf-8"))
    conditions = summarise(rows)
    raw["figures"][SPLIT] = {"set": "sources found after the release", **counts(samples), "conditions": conditions}
    write_card(raw, card)
    card.with_name("MODEL_CARD.md").write_text(page(raw), encoding="utf-8")
    return table(conditions)
