"""`python -m naturaltrace_model.export.readme`: writes the README's figures from the released card, never by hand."""

import json
import sys
from importlib import resources
from pathlib import Path
from typing import Any

from naturaltrace_model.evaluation.summary import table

BEGIN = "<!-- figures: written by `python -m naturaltrace_model.export.readme` from the released card -->\n"
END = "<!-- figures: end -->\n"

_TEXT = """\
In short: of images as a website serves them, the detector answers on {answered:.0%} and says "Can't tell" of the
rest; {wrong:.0%} of its answers are wrong. That is by the pixels alone; what a file says of itself comes on top.

Measured on {real_images} real and {generated_images} generated images from {sources} sources that training never saw
({set}), by `naturaltrace-model release`; `naturaltrace-model evaluate` (extra `train`)
prints it again where the images are. *clean*: as the image came;
*web*: longest edge at most 768 px, JPEG quality 60; *hard*: 512 px, quality 40. "Flagged" means a badge "AI-generated"
or "Likely AI"; "answered" is the share that got any badge but "Can't tell".

{table}
{checked}
This is version {version}. The full tables, by kind of image and by generator, are in
[its card](model/naturaltrace_model/released/MODEL_CARD.md).
"""


_CHECKED = """
The same detector on {real_images} real and {generated_images} generated images from {sources} sources that were found
after it was made, by `naturaltrace-model release-check` (their rules:
[check.csv](model/naturaltrace_model/data/check.csv)). Another draw of such sources would give an AUC between {low:.2f}
and {high:.2f} in 95 of 100 cases (*web*).

{table}
"""


def figures(card: dict[str, Any]) -> str:
    """The paragraph and table of the card's first measured set, and of what it was checked on later, if it was."""
    measured, later = next(iter(card["figures"].values())), card["figures"].get("check")
    # What is said in short is said of the most sources there are.
    web = (later or measured)["conditions"]["web"]
    shares = {"answered": web["answered"], "wrong": web["error_among_answered"]}
    checked = _checked(later) if later else ""
    facts = {"table": table(measured["conditions"]), "version": card["version"], "checked": checked}
    return _TEXT.format(**_counts(measured), **shares, **facts)


def _checked(measured: dict[str, Any]) -> str:
    low, high = measured["conditions"]["web"]["auc_interval_of_sources"]
    return _CHECKED.format(**_counts(measured), low=low, high=high, table=table(measured["conditions"]))


def _counts(measured: dict[str, Any]) -> dict[str, Any]:
    return {key: measured[key] for key in ("set", "real_images", "generated_images", "sources")}


def released_card() -> dict[str, Any]:
    """The JSON of the card that ships."""
    text = resources.files("naturaltrace_model.released").joinpath("card.json").read_text(encoding="utf-8")
    card: dict[str, Any] = json.loads(text)
    return card


def with_figures(page: str, card: dict[str, Any]) -> str:
    """The page with what stands between its two marks replaced. Raises ValueError where a mark is missing."""
    before, found, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError("the page has no place for the figures")
    return before + BEGIN + "\n" + figures(card) + "\n" + END + after


def main() -> int:
    path = Path("README.md")
    path.write_text(with_figures(path.read_text(encoding="utf-8"), released_card()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
