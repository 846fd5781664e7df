"""The README keeps what it promises: its figures are the card's, and every file it points to is there."""

import re
from pathlib import Path

from naturaltrace_model.export.readme import released_card, with_figures

README = Path(__file__).resolve().parents[1] / "README.md"


def test_the_figures_are_those_of_the_released_card() -> None:
    text = README.read_text(encoding="utf-8")

    assert text == with_figures(text, released_card()), "run: python -m naturaltrace_model.export.readme"


def test_every_file_that_the_readme_points_to_exists() -> None:
    text = README.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)

    missing = [t for t in targets if not t.startswith("http") and not (README.parent / t).exists()]

    assert not missing
