"""What a person does in the browser: pair it, open the feed, have its pictures checked, read the badges."""

import json
import re
from collections.abc import Iterator

from tests.demo.companion import Ready
from tests.demo.failed import DemoFailed
from tests.demo.table import Row
from tests.e2e.browsers import EXTENSION, BadgeSeen, Browser, Page, eventually

CHECK_S = 60.0


def pair(browser: Browser, ready: Ready) -> None:
    """Puts port and code into the extension's welcome page. Raises DemoFailed, AssertionError after a deadline."""
    page = browser.open_extension("welcome/welcome.html")
    # By its number: another companion of the user's may be running on a port that the extension would try first.
    page.evaluate(f"chrome.runtime.sendMessage({{type: 'companion-port', port: {ready.port}}})")
    eventually(lambda: page.evaluate("!document.querySelector('#code').disabled"), "the extension finds the companion")
    # Filled in and sent by script: key presses would need the window to have the screen's focus.
    page.evaluate(f"document.querySelector('#code').value = '{ready.code}'")
    page.evaluate("document.querySelector('#pair-form').requestSubmit()")
    tone = "(tone => tone === 'wait' ? null : tone)(document.querySelector('#pair-status').dataset.tone)"
    if eventually(lambda: page.evaluate(tone), "the pairing ends") == "bad":
        raise DemoFailed(page.evaluate("document.querySelector('#pair-status').textContent.trim()"))
    page.close()


def start(browser: Browser, address: str) -> None:
    """What the toolbar popup's "check the images on this page" asks of the background, for the tab at `address`."""
    page = browser.open_extension("options/options.html")
    find = f"(await chrome.tabs.query({{}})).find(tab => tab.url === '{address}').id"
    page.evaluate(f"(async () => chrome.runtime.sendMessage({{type: 'start-in-tab', tabId: {find}}}))()")
    page.close()


def read_badges(page: Page, pictures: list[str]) -> Iterator[Row]:
    """Scrolls to each picture in turn, as a reader would; yields it as soon as its badge has settled."""
    for picture in pictures:
        image = f"document.querySelector('img[src=\"images/{picture}\"]')"
        page.evaluate(f"{image}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        (badge,) = eventually(lambda image=image: _settled(page, image), f"the badge on {picture}", CHECK_S)
        yield _row(picture, badge)


def _settled(page: Page, image: str) -> list[BadgeSeen]:
    """The badge that lies on this image, once it says something; until then, nothing."""
    left, top, right, bottom = page.evaluate(
        f"(b => [b.left, b.top, b.right, b.bottom])({image}.getBoundingClientRect())"
    )

    def on_image(badge: BadgeSeen) -> bool:
        x, y, width, height = badge.box
        return left <= x + width / 2 <= right and top <= y + height / 2 <= bottom

    return [badge for badge in page.badges() if on_image(badge) and badge.level != "checking"][:1]


def _row(picture: str, badge: BadgeSeen) -> Row:
    words = json.loads((EXTENSION / "_locales/en/messages.json").read_text(encoding="utf-8"))
    chance = re.search(r"\d+\s?%", badge.name)
    return Row(
        picture,
        badge=words[f"badge_{badge.level}"]["message"],
        note=f"{chance[0]} by the pixels" if chance else "",
        judged=badge.level != "problem",
    )
