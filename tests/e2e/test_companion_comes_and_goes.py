"""The companion stops, forgets the pairing or rests while a feed is read; the feed goes on, and so do its badges."""

from collections.abc import Generator
from itertools import count

import pytest
from automatic import change_settings, levels, open_popup, popup_says, put_feed, turn_all_off, turn_on
from browsers import Page, eventually
from pairing import pair_again
from pictures import declared_png, photograph
from site_server import Site

from conftest import Couple

# After a failure the queue waits, longer each time; a minute is the longest.
RETRIED_S = 120.0
# A file that was judged lately is known; each test shows one that was not.
WIDTHS = count(401)


@pytest.fixture
def feed(couple: Couple, site: Site) -> Generator[Page]:
    """A feed with two badges, and a picture that nobody has judged yet."""
    page = couple.browser.open(put_feed(site))
    page.evaluate("add(2, n => '/made.png?' + n)")
    turn_on(couple.browser, page)
    eventually(lambda: "ai" in levels(page), "the first badges")
    width = next(WIDTHS)
    site.image("/new.png", declared_png(photograph("chelsea", (width, 301))), "image/png")
    yield page
    page.close()
    turn_all_off(couple.browser)


def show_new_posts(page: Page) -> None:
    page.evaluate("(scrollTo(0, 0), main.replaceChildren(), add(2, n => '/new.png?' + n))")
    eventually(lambda: page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth)"), "the images")


def test_a_feed_outlives_the_companion(couple: Couple, feed: Page) -> None:
    change_settings(couple.browser, action="hide")
    couple.companion.stop()
    try:
        feed.bring_to_front()
        show_new_posts(feed)
        popup_says(couple.browser, feed, "Companion not found")
        # A feed full of complaints helps nobody, and nothing is hidden without a verdict.
        assert levels(feed) == []
        assert feed.evaluate("[...document.images].every(i => getComputedStyle(i).opacity === '1')")
    finally:
        couple.companion.start()
    feed.bring_to_front()
    eventually(lambda: "ai" in levels(feed), "badges once it is back", RETRIED_S)


def test_a_feed_outlives_the_pairing(couple: Couple, feed: Page) -> None:
    couple.companion.revoke_all()
    try:
        show_new_posts(feed)
        popup_says(couple.browser, feed, "Not paired yet", RETRIED_S)
        assert levels(feed) == []
    finally:
        pair_again(couple.browser, couple.companion)
    feed.bring_to_front()
    eventually(lambda: "ai" in levels(feed), "badges once it is paired", RETRIED_S)


def press_pause(popup: Page, pressed: str) -> None:
    # Not by the mouse: the popup counts what is found on the page, each second, above this button.
    popup.evaluate("void document.querySelector('#pause').click()")
    eventually(lambda: popup.evaluate("document.querySelector('#pause').ariaPressed") == pressed, f"pause: {pressed}")


def test_a_pause_takes_the_badges_away_until_it_ends(couple: Couple, feed: Page) -> None:
    popup = open_popup(couple.browser, feed)
    press_pause(popup, "true")
    feed.bring_to_front()
    eventually(lambda: not feed.badges(), "the badges to go")
    show_new_posts(feed)
    popup.bring_to_front()
    press_pause(popup, "false")
    popup.close()
    feed.bring_to_front()
    eventually(lambda: "ai" in levels(feed), "the badges to come back")


def test_the_companions_own_pause_rests_the_feed_and_not_what_is_asked_for(couple: Couple, feed: Page) -> None:
    """The pause of its tray and of its settings page, which holds for every browser."""
    settings = couple.browser.open(couple.companion.settings_link())
    # All of it: what comes later moves what stands below it, and a click would miss.
    ready = "document.documentElement.dataset.ready === 'true' && document.querySelector('#status').innerText"
    eventually(lambda: "Running" in settings.evaluate(f"String({ready})"), "the companion's settings page")
    settings.click("[data-pause='3600']")
    eventually(lambda: "Paused" in settings.evaluate(ready), "the pause")
    try:
        feed.bring_to_front()
        show_new_posts(feed)
        popup_says(couple.browser, feed, "Companion paused")
        assert levels(feed) == []
        # Whoever asks is answered.
        feed.evaluate("void (document.querySelector('.picture').id = 'asked')")
        feed.check_from_menu("#asked")
        eventually(lambda: levels(feed) == ["ai"], "the verdict that was asked for")
    finally:
        settings.bring_to_front()
        settings.click("#resume")
        eventually(lambda: "Running" in settings.evaluate(ready), "the end of the pause")
    settings.close()
    feed.bring_to_front()
    # Sooner than the minute after which it would ask again: the reader came back to it.
    eventually(lambda: "ai" in levels(feed), "badges once it goes on")
