"""What the two browsers' drivers have in common: the few things that a test of the extension does in a browser."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self

EXTENSION = Path(__file__).resolve().parents[3] / "extension"

Key = Literal["Enter", "Escape", "Tab", "ArrowLeft", "ArrowRight"]
Scheme = Literal["light", "dark"]
Shortcut = Literal["check-image", "next-badge", "open-details", "toggle-site"]


def keys_of(shortcut: Shortcut) -> str:
    """The letter that is pressed together with Alt and Shift, as the manifest suggests it."""
    manifest = json.loads((EXTENSION / "manifest.json").read_text(encoding="utf-8"))
    alt, shift, letter = manifest["commands"][shortcut]["suggested_key"]["default"].split("+")
    assert (alt, shift) == ("Alt", "Shift")
    return letter


class BrowserMissing(Exception):  # noqa: N818 (it reads as what it says)
    """The browser is not installed; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class BadgeSeen:
    """A badge as it stands on a page. `level` is a verdict's level, "checking" or "problem"; `box` is x, y, width,
    height in CSS pixels of the viewport; `shown` is false where it is hidden, under a sticky bar for instance; `ring`
    is true while it shows that the keyboard is at it; `border` is the width of its line, in CSS pixels."""

    level: str
    name: str
    box: tuple[float, float, float, float]
    shown: bool
    ring: bool = False
    border: float = 0.0

    @staticmethod
    def of(attributes: dict[str, str], looks: dict[str, Any]) -> BadgeSeen:
        """A badge's button with these attributes, of which `BADGE_LOOKS` gave this."""
        x, y, width, height = looks["box"]
        return BadgeSeen(
            attributes.get("data-level", ""), attributes.get("aria-label", ""), (x, y, width, height),
            looks["shown"], looks["ring"], looks["border"],
        )  # fmt: skip


# A JavaScript function: a badge's button to what `BadgeSeen.of` wants.
BADGE_LOOKS = """button => {
    const {x, y, width, height} = button.getBoundingClientRect();
    const shown = button.checkVisibility({visibilityProperty: true, opacityProperty: true});
    const {outlineStyle, outlineWidth, borderTopWidth} = getComputedStyle(button);
    const ring = outlineStyle !== 'none' && parseFloat(outlineWidth) > 0;
    return {box: [x, y, width, height], shown, ring, border: parseFloat(borderTopWidth)};
}"""


class Page(Protocol):
    """One tab. `evaluate` takes a JavaScript expression; a promise is awaited, the result is JSON-like."""

    def goto(self, url: str) -> None: ...
    def evaluate(self, expression: str) -> Any: ...
    def click(self, selector: str) -> None: ...
    def type(self, selector: str, text: str) -> None: ...
    def press(self, key: Key) -> None: ...
    def shortcut(self, shortcut: Shortcut) -> None:
        """Press the keys of one of the extension's commands; the tab must be in front."""
        ...

    def bring_to_front(self) -> None: ...
    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """What shows of it; with `whole`, all of it from top to end."""
        ...

    def badges(self) -> list[BadgeSeen]: ...
    def click_badge(self, index: int = 0) -> None: ...
    def check_from_menu(self, selector: str) -> None:
        """Choose "Check this image" for the image at `selector`: the extension's real listener runs."""
        ...

    def panel(self) -> Page | None:
        """The open details panel as a page of its own, or None."""
        ...

    def close(self) -> None: ...


class Browser(Protocol):
    """A browser with the extension loaded, on a profile of its own. Use as a context manager."""

    name: str

    def open(self, url: str) -> Page: ...
    def open_extension(self, path: str) -> Page:
        """Open one of the extension's own pages, by its path in the folder."""
        ...

    def open_private(self, url: str) -> Page:
        """Open a private window. The browser must have been opened with `private`."""
        ...

    def reload_extension(self) -> None:
        """As after an update: the extension starts anew, and pages that are open keep its old scripts."""
        ...

    def set_scheme(self, scheme: Scheme) -> None:
        """Light or dark, for pages opened from now on."""
        ...

    def force_colours(self, on: bool) -> None:
        """Colours of the user's own in place of any page's, for pages opened from now on."""
        ...

    def resize(self, width: int, height: int) -> None:
        """The viewport of pages opened from now on, in CSS pixels."""
        ...

    def wait_closed(self) -> None:
        """Until the person in front of it closes the window."""
        ...

    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
