"""Drivers of the two real browsers with the extension loaded. Reused by `make demo`.

    with open_browser("firefox") as browser:
        page = browser.open_extension("welcome/welcome.html")

`page.py` says what a browser and a page can do; `chromium.py` and `firefox.py` do it.
"""

from pathlib import Path

from .page import EXTENSION, BadgeSeen, Browser, BrowserMissing, Page, Scheme
from .waiting import eventually

BROWSERS = ("chromium", "firefox")

__all__ = [
    "BROWSERS",
    "EXTENSION",
    "BadgeSeen",
    "Browser",
    "BrowserMissing",
    "Page",
    "Scheme",
    "eventually",
    "open_browser",
]


def open_browser(
    name: str,
    extension: Path = EXTENSION,
    *,
    headless: bool = True,
    language: str = "en-US",
    web_port: int | None = None,
    private: bool = False,
    trust: Path | None = None,
) -> Browser:
    """Start "chromium" or "firefox" on a fresh profile. Raises BrowserMissing where it is not installed.

    With `web_port`, every https address leads to that port of this machine, under its own name, and the extension may
    be permitted to see it. With `private`, the extension is allowed in private windows. With `trust`, an authority's
    certificate in a PEM file, the browser believes that one and no other that nobody vouches for, and the extension may
    be permitted any https address.
    """
    if name == "chromium":
        from .chromium import ChromiumBrowser

        return ChromiumBrowser(
            extension, headless=headless, language=language, web_port=web_port, private=private, trust=trust
        )
    from .firefox import FirefoxBrowser

    return FirefoxBrowser(
        extension, headless=headless, language=language, web_port=web_port, private=private, trust=trust
    )
