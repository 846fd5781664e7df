"""What is checked in a private window leaves nothing behind, here or in the companion."""

from collections.abc import Generator

import pytest
from automatic import API, levels, put_feed, turn_all_off, turn_on
from browsers import Page, eventually
from history import HistoryPage
from pictures import declared_png, photograph
from site_server import Site

from conftest import Couple


@pytest.fixture
def helper(couple: Couple) -> Generator[Page]:
    page = couple.browser.open_extension("options/options.html")
    yield page
    page.close()


def test_a_private_window_leaves_no_trace(couple: Couple, site: Site, helper: Page) -> None:
    feed = put_feed(site)
    normal = couple.browser.open(feed)
    turn_on(couple.browser, normal)
    history = HistoryPage(couple.browser)
    before = history.count()
    kept = len(helper.evaluate(f"{API}.storage.session.get(null).then(all => Object.keys(all))"))
    # A file that nobody has judged yet: the history knows each file once.
    site.image("/secret.png", declared_png(photograph("coffee", (403, 303))), "image/png")

    private = couple.browser.open_private(feed + "?private")
    private.evaluate("add(1, () => '/secret.png')")
    eventually(lambda: levels(private) == ["ai"], "a badge in the private window")
    private.click_badge()
    eventually(private.panel, "the details panel")
    private.close()
    # The list of panels may be there, empty; nothing names the image.
    remembers = f"{API}.storage.session.get(null).then(JSON.stringify)"
    eventually(lambda: "secret" not in helper.evaluate(remembers), "the browser's memory to be as it was")
    assert len(helper.evaluate(f"{API}.storage.session.get(null).then(all => Object.keys(all))")) <= kept + 1
    assert "secret" not in helper.evaluate(f"{API}.storage.local.get(null).then(JSON.stringify)")
    assert history.count() == before

    # The same file in a normal window is kept: so the test can tell.
    normal.bring_to_front()
    normal.evaluate("add(1, () => '/secret.png')")
    eventually(lambda: levels(normal) == ["ai"], "a badge in the normal window")
    eventually(lambda: history.count() == before + 1, "the history to know it")
    history.close()
    normal.close()
    turn_all_off(couple.browser)
