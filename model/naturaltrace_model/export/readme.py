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

This is version {version}. The full tables, by kind of image and by generator, are in
[its card](model/naturaltrace_model/released/MODEL_CARD.md).
"""


def figures(card: dict[str, Any]) -> str:
    """The paragraph and table of the card's first measured set."""
    measured = next(iter(card["figures"].values()))
    facts = {key: measured[key] for key in ("set", "real_images", "generated_images", "sources")}
    web = measured["conditions"]["web"]
    shares = {"answered": web["answered"], "wrong": web["error_among_answered"]}
    return _TEXT.format(**facts, **shares, table=table(measured["conditions"]), version=card["version"])


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
