"""The extension is updated while pages are open: no badge is left dead, no image keeps two, and none stays hidden."""

from automatic import change_settings, levels
from browsers import Browser, Page, eventually

STYLED = "document.querySelector('.picture').getAttribute('style')"
OLD = "document.querySelector('#of-the-old-version')"


def mark_badge(page: Page) -> None:
    eventually(lambda: levels(page) == ["ai"], "the old version's badge")
    page.evaluate("void (document.querySelector('naturaltrace-badge').id = 'of-the-old-version')")


def new_badge_answers(page: Page) -> None:
    eventually(lambda: page.evaluate(f"{OLD} === null") and levels(page) == ["ai"], "one badge, of the new version")
    page.click_badge()
    panel = eventually(page.panel, "a badge that answers")
    eventually(lambda: "AI" in panel.evaluate("document.querySelector('#panel')?.innerText ?? ''"), "the details")


def test_open_pages_go_on_with_the_new_version(browser: Browser, feed: Page) -> None:
    change_settings(browser, action="hide")
    feed.bring_to_front()
    # The page has given its picture a look of its own, which must come back to the letter.
    feed.evaluate("(add(1, () => '/made.png'), document.querySelector('.picture').style.opacity = '0.9')")
    eventually(lambda: "opacity: 0 !important" in feed.evaluate(STYLED), "the old version to hide the picture")
    mark_badge(feed)
    browser.reload_extension()
    feed.bring_to_front()
    change_settings(browser, action="badge")
    feed.bring_to_front()
    # Its site is on, so the new version takes over by itself.
    eventually(lambda: "opacity: 0.9" in feed.evaluate(STYLED), "the picture to be as the page wants it")
    new_badge_answers(feed)


def test_a_check_after_an_update_replaces_the_dead_badge(browser: Browser, gallery: str) -> None:
    page = browser.open(gallery)
    page.check_from_menu("#made")
    mark_badge(page)
    browser.reload_extension()
    page.check_from_menu("#made")
    new_badge_answers(page)
    page.close()
