"""Long feeds: what we keep stays as small as what is on the page, and everything that is looked at gets its badge.

`NATURALTRACE_POSTS=2000 pytest tests/e2e/test_long_feeds.py` reads the virtualised feed to its end, in both browsers;
without it, CI reads enough to see a leak.
"""

import os
from collections.abc import Generator

import pytest
from automatic import levels, put_feed, turn_all_off, turn_on, turn_on_in_options
from browsers import Browser, Page, eventually
from browsers.chromium import ChromiumPage
from site_server import Site

from conftest import Couple

POSTS = int(os.environ.get("NATURALTRACE_POSTS", "300"))
IMAGES = 500
# A screen and what lies ahead of and behind it, with room to spare.
MOST_BADGES = 24


@pytest.fixture
def timeline(couple: Couple) -> Generator[Page]:
    """X's timeline, which keeps only the posts in view in the document."""
    turn_on_in_options(couple.browser, ["X"])
    page = couple.browser.open("https://x.com/home")
    page.bring_to_front()
    yield page
    page.close()
    turn_all_off(couple.browser)


def footprint(page: Page) -> dict[str, int]:
    """What the page's process holds after a collection, ours included. Firefox does not tell; there it is empty."""
    if not isinstance(page, ChromiumPage):
        return {}
    page.send("Performance.enable")
    page.send("HeapProfiler.enable")
    page.send("HeapProfiler.collectGarbage")
    found = {each["name"]: int(each["value"]) for each in page.send("Performance.getMetrics")["metrics"]}
    return {name: found[name] for name in ("Nodes", "JSEventListeners", "JSHeapUsedSize")}


def read_on(page: Page, first: int, last: int) -> int:
    """Scroll from post to post; returns the most badges that stood at once."""
    return page.evaluate(
        f"""(async () => {{
            let most = 0;
            for (let n = {first}; n < {last}; n += 2) {{
                scrollTo(0, n * 460);
                await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
                most = Math.max(most, document.querySelectorAll('naturaltrace-badge').length);
            }}
            return most;
        }})()"""
    )


def test_a_virtualised_feed_leaves_nothing_behind(timeline: Page) -> None:
    timeline.evaluate(f"add({POSTS})")
    read_on(timeline, 0, 40)
    eventually(lambda: "ai" in levels(timeline), "badges")
    before = footprint(timeline)
    most = max(read_on(timeline, first, min(first + 100, POSTS)) for first in range(40, POSTS, 100))
    assert most <= MOST_BADGES
    eventually(lambda: "ai" in levels(timeline), "badges at the end")
    count = "document.querySelectorAll('naturaltrace-badge').length"
    eventually(lambda: timeline.evaluate(count) <= MOST_BADGES / 2, "badges of posts that are gone to be gone")
    after = footprint(timeline)
    if before:
        # Of thousands of posts, each with a dozen nodes and listeners, a leak would be far above this.
        assert after["Nodes"] < before["Nodes"] + 1500
        assert after["JSEventListeners"] < before["JSEventListeners"] + 150
        assert after["JSHeapUsedSize"] < before["JSHeapUsedSize"] + 3_000_000
    timeline.evaluate("void list.replaceChildren()")
    eventually(lambda: timeline.evaluate(count) == 0, "no badge without an image")


def test_five_hundred_images_are_read_to_the_end(browser: Browser, site: Site) -> None:
    page = browser.open(put_feed(site))
    try:
        turn_on(browser, page)
        page.evaluate(f"add({IMAGES}, n => (n % 2 ? '/made.png?' : '/photo.jpg?') + n)")
        # In jumps of several screens, as one searches for something: what was jumped over is nobody's business.
        for step in range(1, 11):
            page.evaluate(f"scrollTo(0, document.documentElement.scrollHeight * {step} / 10)")
            eventually(lambda: in_view(page) == 0, "a badge on each image in view")
        judged = {asked.path for asked in site.asked if asked.headers.get("sec-fetch-dest") != "image"}
        assert judged >= {"/made.png", "/photo.jpg"}
        ours = [a for a in site.asked if a.path == "/made.png" and a.headers.get("sec-fetch-dest") != "image"]
        assert len(ours) < IMAGES / 4
    finally:
        page.close()
        turn_all_off(browser)


def in_view(page: Page) -> int:
    """How many images in view, wholly, stand without a badge."""
    boxes: list[list[float]] = page.evaluate(
        "[...document.querySelectorAll('.picture')].map(i => i.getBoundingClientRect())"
        ".filter(b => b.top >= 60 && b.bottom <= innerHeight).map(b => [b.x, b.y])"
    )
    badges = [badge.box for badge in page.badges()]
    return sum(not any(abs(b[0] - x - 8) < 3 and abs(b[1] - y - 8) < 3 for b in badges) for x, y in boxes) + (not boxes)
