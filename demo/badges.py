"""What a person would do in the browser: pair it, open the feed, have every picture checked, read the badges."""

import json
import re
from collections.abc import Iterator

from demo.companion import Ready
from demo.failed import DemoFailed
from demo.table import Row
from tests.e2e.browsers import EXTENSION, BadgeSeen, Browser, Page, eventually

CHECK_S = 60.0


def pair(browser: Browser, ready: Ready) -> None:
    """Types port and code into the extension's welcome page. Raises DemoFailed, AssertionError after a deadline."""
    page = browser.open_extension("welcome/welcome.html")
    # By its number: another companion of the user's may be running on a port that the extension would try first.
    page.evaluate(f"chrome.runtime.sendMessage({{type: 'companion-port', port: {ready.port}}})")
    eventually(lambda: page.evaluate("!document.querySelector('#code').disabled"), "the extension finds the companion")
    page.type("#code", ready.code)
    page.press("Enter")
    tone = "(tone => tone === 'wait' ? null : tone)(document.querySelector('#pair-status').dataset.tone)"
    if eventually(lambda: page.evaluate(tone), "the pairing ends") == "bad":
        raise DemoFailed(page.evaluate("document.querySelector('#pair-status').textContent.trim()"))
    page.close()


def check_all(page: Page, pictures: list[str]) -> Iterator[Row]:
    """Chooses "Check this image" for each picture in turn; yields each as soon as its badge has settled."""
    for count, picture in enumerate(pictures, start=1):
        selector = f'img[src="images/{picture}"]'
        page.evaluate(f"document.querySelector('{selector}').scrollIntoView({{block: 'center'}})")
        loaded = f"(i => i.complete && i.naturalWidth > 0)(document.querySelector('{selector}'))"
        eventually(lambda loaded=loaded: page.evaluate(loaded), f"{picture} is shown")
        page.check_from_menu(selector)
        (badge,) = eventually(lambda count=count: _settled(page, count), f"the badge on {picture}", CHECK_S)
        yield _row(picture, badge)


def _settled(page: Page, count: int) -> list[BadgeSeen]:
    """The newest of `count` badges, once it says something; until then, nothing."""
    badges = page.badges()
    return badges[-1:] if len(badges) == count and badges[-1].level != "checking" else []


def _row(picture: str, badge: BadgeSeen) -> Row:
    words = json.loads((EXTENSION / "_locales/en/messages.json").read_text(encoding="utf-8"))
    chance = re.search(r"\d+\s?%", badge.name)
    return Row(
        picture,
        badge=words[f"badge_{badge.level}"]["message"],
        note=f"{chance[0]} by the pixels" if chance else "",
        judged=badge.level != "problem",
    )
