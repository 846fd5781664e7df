"""Every site of the table, on a page built as the site's own: images found, badges in place, layout untouched."""

from collections.abc import Generator

import pytest
from automatic import API, levels, on_its_corner, open_popup, turn_all_off, turn_on, turn_on_in_options
from browsers import Browser, Page, eventually
from feeds import FEEDS, INSTANCE, Feed
from web import Web

from conftest import Couple

NAMES = {
    "x": "X",
    "instagram": "Instagram",
    "facebook": "Facebook",
    "threads": "Threads",
    "reddit": "Reddit",
    "pinterest": "Pinterest",
    "linkedin": "LinkedIn",
    "bluesky": "Bluesky",
    "mastodon": "Mastodon",
    "tiktok": "TikTok",
    "tumblr": "Tumblr",
    "deviantart": "DeviantArt",
    "google-images": "Google Images",
    "bing-images": "Bing Images",
}


@pytest.fixture(scope="module")
def reader(couple: Couple) -> Generator[Browser]:
    """A browser with every site turned on, by the switches of the options page."""
    turn_on_in_options(couple.browser, NAMES.values())
    yield couple.browser
    turn_all_off(couple.browser)


def misplaced(page: Page) -> str:
    """What is wrong with the badges in view; "" where each expected image has one and nothing else has."""
    expected: list[list[float]] = page.evaluate("expected()")
    badges = [badge for badge in page.badges() if badge.shown]
    bare = [box for box in expected if not any(on_its_corner(badge, box) for badge in badges)]
    twice = [box for box in expected if sum(on_its_corner(badge, box) for badge in badges) > 1]
    everywhere: list[list[float]] = page.evaluate("expected(true)")
    stray = [badge.box for badge in badges if not any(on_its_corner(badge, box) for box in everywhere)]
    if not expected:
        return "no image is in view"
    return "; ".join(
        f"{what}: {boxes}" for what, boxes in [("bare", bare), ("twice", twice), ("stray", stray)] if boxes
    )


def unsettled(page: Page) -> str:
    wrong = misplaced(page)
    others = set(levels(page)) - {"ai"}
    return wrong or (f"levels {others}" if others else "")


def settle(page: Page, what: str) -> None:
    last: list[str] = []

    def look() -> bool:
        page.bring_to_front()  # a covered window draws no frame, and so hears of no image that came or went
        last[:] = [unsettled(page)]
        return not last[0]

    try:
        eventually(look, what)
    except AssertionError as error:
        raise AssertionError(f"{error}; {last[0]}") from None


PICTURES = "https://files.social.example/*"


def test_any_instance_of_mastodon_is_turned_on_from_the_toolbar(couple: Couple) -> None:
    """It is in no table: where its pictures come from, the popup learns from the page, or from what was refused."""
    helper = couple.browser.open_extension("options/options.html")
    # A click on the toolbar lets the popup see the page; a popup in a tab of its own has none behind it.
    helper.evaluate(
        "(button => { button.id = 'permit'; document.body.prepend(button); button.onclick = () =>"
        f" {API}.permissions.request({{origins: ['https://social.example/*']}}) }})(document.createElement('button'))"
    )
    helper.click("#permit")
    seen = f"{API}.permissions.contains({{origins: ['https://social.example/*']}})"
    eventually(lambda: helper.evaluate(seen), "the page to be permitted")
    page = couple.browser.open(INSTANCE.url)
    page.bring_to_front()
    eventually(lambda: page.evaluate("document.querySelector('[data-image]')?.naturalWidth > 0"), "the feed")
    assert page.badges() == []
    try:
        turn_on(couple.browser, page)
        permitted = f"{API}.permissions.contains({{origins: ['{PICTURES}']}})"
        eventually(lambda: helper.evaluate(permitted), "its pictures' host to be permitted as well")
        settle(page, "a badge on each image in view, and on nothing else")
        assert page.evaluate("moved()") == []
        if couple.browser.name == "firefox":  # where a permission can be taken back
            ask_for_what_was_refused(couple, page, helper)
    finally:
        page.close()
        helper.close()
        turn_all_off(couple.browser)


def ask_for_what_was_refused(couple: Couple, page: Page, helper: Page) -> None:
    helper.evaluate(f"{API}.permissions.remove({{origins: ['{PICTURES}']}})")
    helper.evaluate(f"{API}.storage.session.clear().then(() => true)")
    page.goto(INSTANCE.url)
    page.bring_to_front()
    popup = open_popup(couple.browser, page)
    refused = "document.querySelector('#refused').hidden ? '' : document.querySelector('#refused-hosts').textContent"
    eventually(lambda: "files.social.example" in popup.evaluate(refused), "the popup to name the host")
    popup.click("#allow")
    settle(page, "a badge on each image in view, once its host is permitted")
    popup.close()


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.id)
def test_a_feed_gets_its_badges_and_keeps_its_layout(reader: Browser, web: Web, feed: Feed) -> None:
    page = reader.open(feed.url)
    page.bring_to_front()
    settle(page, "a badge on each image in view, and on nothing else")
    assert page.evaluate("moved()") == []

    first = page.evaluate("posts")

    def grown() -> bool:
        # Again each time: a window that something else came in front of draws no frame, and so sees no scrolling.
        page.bring_to_front()
        page.evaluate("(scrollBy(0, -9), scrollTo(0, document.documentElement.scrollHeight))")
        return page.evaluate("posts") > first

    eventually(grown, "the feed to grow")
    page.evaluate("showLast()")
    settle(page, "a badge on each image further down")
    assert page.evaluate("moved()") == []
    assert page.evaluate("shift") == 0

    # Avatars are too small to be judged: nobody asked for one but the page itself.
    ours = [asked for asked in web.asked if "avatar" in asked.path and asked.headers.get("sec-fetch-dest") != "image"]
    assert ours == []
    page.close()
