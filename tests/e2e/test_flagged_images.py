"""What is done to images that were flagged, and how they are shown again."""

from collections.abc import Generator

import pytest
from automatic import change_settings, levels, turn_all_off, turn_on_in_options
from browsers import Browser, Page, eventually
from feeds import FEEDS, Feed

from conftest import Couple

# What the eye must no longer make out, as the browser computes it.
DONE = {
    "dim": "Number(getComputedStyle(e).opacity) < 0.5",
    "blur": "getComputedStyle(e).filter.includes('blur')",
    "cover": "getComputedStyle(e).filter.includes('contrast(0)')",
    "hide": "getComputedStyle(e).opacity === '0'",
}


def is_done(page: Page, action: str, index: int) -> bool:
    return page.evaluate(f"(e => {DONE[action]})(document.querySelectorAll('.picture')[{index}])")


def reveal(page: Page) -> None:
    """Click the button beside the first badge."""
    index = next(i for i, badge in enumerate(page.badges()) if not badge.level)
    page.click_badge(index)


@pytest.mark.parametrize("action", DONE)
def test_a_flagged_image_is_revealed_by_one_click(browser: Browser, feed: Page, action: str) -> None:
    change_settings(browser, action=action)
    feed.goto(feed.evaluate("location.href"))
    feed.bring_to_front()
    feed.evaluate("(add(1, () => '/made.png'), add(1, () => '/photo.jpg'))")
    size = feed.evaluate("document.body.scrollHeight")
    eventually(lambda: is_done(feed, action, 0), f"the image to be out of sight ({action})")
    # The photograph, whatever the pixels say of it, is not declared to be generated.
    assert not is_done(feed, action, 1)
    assert feed.evaluate("document.body.scrollHeight") == size
    eventually(lambda: any(not badge.level for badge in feed.badges()), "the button that reveals it")
    reveal(feed)
    eventually(lambda: not is_done(feed, action, 0), "the image to be shown again")
    assert "ai" in levels(feed)


@pytest.fixture(scope="module")
def reader(couple: Couple) -> Generator[Browser]:
    turn_on_in_options(couple.browser, ["X", "Facebook", "Reddit", "LinkedIn"])
    change_settings(couple.browser, action="hide")
    yield couple.browser
    turn_all_off(couple.browser)


@pytest.mark.parametrize("feed", [feed for feed in FEEDS if feed.background], ids=lambda feed: feed.id)
def test_an_image_is_hidden_and_revealed_with_its_twin(reader: Browser, feed: Feed) -> None:
    """A background or a blurred copy that stayed would show what was to be hidden."""
    page = reader.open(feed.url)
    page.bring_to_front()
    copies = (
        "[document, ...[...document.querySelectorAll('[data-shadow]')].map(h => h.shadowRoot)]"
        ".flatMap(r => [...r.querySelectorAll('[data-src], [data-background]')])"
    )
    # The first post's copies; whichever box holds them counts as well.
    seen = f"{copies}.slice(0, 2).map(e => e.checkVisibility({{opacityProperty: true, visibilityProperty: true}}))"
    eventually(lambda: page.evaluate(seen) == [False, False], "both copies to be hidden")
    assert page.evaluate("moved()") == []
    # The uppermost post's button; what another post hides stays hidden.
    touched = f"{copies}.map(e => e.closest('[data-naturaltrace-before]') !== null)"
    eventually(lambda: len(page.evaluate(touched)) > 2 and page.evaluate(touched)[2], "the next post's to be hidden")
    eventually(lambda: any(not each.level and each.shown for each in page.badges()), "the button that reveals it")
    badges = page.badges()
    page.click_badge(min((i for i, b in enumerate(badges) if not b.level and b.shown), key=lambda i: badges[i].box[1]))
    eventually(lambda: page.evaluate(touched)[:3] == [False, False, True], "both copies to be shown, and no other")
    assert page.evaluate("moved()") == []
    page.close()
