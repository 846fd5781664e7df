"""Past checks: listed, filtered, opened as a report, forgotten one by one and all at once; and "forget everything"."""

from collections.abc import Generator
from typing import Any

import pytest
from automatic import API, change_settings, levels, popup_says, put_feed, turn_all_off, turn_on
from browsers import Page, eventually
from history import HistoryPage
from pairing import pair_again
from pictures import declared_png, jpeg, photograph
from site_server import Site

from conftest import Couple


@pytest.fixture
def feed(couple: Couple, site: Site) -> Generator[Page]:
    """A feed with two pictures that are in the history by now."""
    page = couple.browser.open(put_feed(site))
    site.image("/one.png", declared_png(photograph("coffee", (405, 305))), "image/png")
    site.image("/two.jpg", jpeg(photograph("astronaut", (405, 305))))
    turn_on(couple.browser, page)
    page.evaluate("(add(1, () => '/one.png'), add(1, () => '/two.jpg'))")
    eventually(lambda: len(levels(page)) == 2, "two badges")
    yield page
    page.close()
    turn_all_off(couple.browser)


def test_past_checks_are_listed_and_forgotten(couple: Couple, feed: Page) -> None:
    history = HistoryPage(couple.browser)
    page = history.page
    count = history.count()
    assert count >= 2
    labels = page.evaluate("[...document.querySelectorAll('#list h2')].map(h => h.textContent)")
    assert any("AI" in label for label in labels)
    eventually(
        lambda: page.evaluate("[...document.querySelectorAll('#list img')].every(i => i.naturalWidth > 0)"),
        "the small pictures",
    )

    page.evaluate(
        "(level => { level.value = 'ai'; level.dispatchEvent(new Event('change')) })(document.querySelector('#level'))"
    )
    eventually(lambda: 0 < page.evaluate("document.querySelectorAll('#list > li').length") < count, "only one level")

    report = page.evaluate("document.querySelector('#list a').href")
    opened = couple.browser.open_extension(report.split("/", 3)[3])
    sections = "document.querySelectorAll('#report section').length"
    eventually(lambda: opened.evaluate(sections) > 3, "the full report")
    opened.close()

    page.bring_to_front()
    page.evaluate(
        "(level => { level.value = ''; level.dispatchEvent(new Event('change')) })(document.querySelector('#level'))"
    )
    eventually(lambda: page.evaluate("document.querySelectorAll('#list > li').length") == count, "all of them again")
    page.click("#list li:first-child .actions button")
    eventually(
        lambda: page.evaluate("document.querySelectorAll('#list > li').length") == count - 1, "one to be forgotten"
    )

    page.click("#forget-all")
    eventually(lambda: page.evaluate("document.querySelector('#sure').open"), "the question")
    page.click("#sure button[value=no]")
    eventually(lambda: not page.evaluate("document.querySelector('#sure').open"), "the question to close")
    assert history.count() == count - 1
    page.click("#forget-all")
    eventually(lambda: page.evaluate("document.querySelector('#sure').open"), "the question")
    page.click("#sure button[value=yes]")
    eventually(lambda: page.evaluate("document.querySelectorAll('#list > li').length") == 0, "an empty history")
    assert history.count() == 0
    history.close()


def test_forget_everything_does(couple: Couple, feed: Page) -> None:
    change_settings(couple.browser, corner="bottom-right")
    options = couple.browser.open_extension("options/options.html")
    eventually(lambda: options.evaluate("document.querySelector('#corner').value") == "bottom-right", "the options")
    # What the companion answers comes last and moves what stands below it.
    filled = "document.querySelector('#private').textContent && document.querySelectorAll('#shortcuts dt').length"
    eventually(lambda: options.evaluate(f"!document.querySelector('#verdicts').hidden && {filled}"), "the whole page")
    try:
        options.click("#forget")
        eventually(lambda: options.evaluate("document.querySelector('#forgot').textContent"), "the options page's word")
        kept: dict[str, dict[str, Any]] = options.evaluate(f"{API}.storage.local.get(null)")
        assert kept.get("settings", {}).get("corner", "top-left") == "top-left"
        assert not kept.get("settings", {}).get("sites")
        assert not (kept.get("companion") or {}).get("token")
        assert options.evaluate(f"{API}.storage.session.get(null).then(all => Object.keys(all))") == []
        eventually(
            lambda: options.evaluate(f"{API}.scripting.getRegisteredContentScripts()") == [], "no registered script"
        )
        assert options.evaluate(f"{API}.permissions.getAll()")["origins"][0] == "http://127.0.0.1/*"
        feed.bring_to_front()
        eventually(lambda: not feed.badges(), "the badges to go")
        popup_says(couple.browser, feed, "Not paired yet")
    finally:
        options.close()
        pair_again(couple.browser, couple.companion)
