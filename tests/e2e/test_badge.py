"""The badge for those who see, point or read otherwise: by arrow keys, in forced colours, large, without anchors."""

from collections.abc import Generator

import pytest
from automatic import change_settings, on_its_corner, turn_all_off
from browsers import Browser, Page, eventually
from browsers.firefox import FirefoxBrowser
from browsers.page import Key
from test_check_image import settled


def on_corner(page: Page, selector: str) -> bool:
    """Whether a badge that shows stands on the upper left corner of this image."""
    box = page.evaluate(
        f"(b => [b.x, b.y, b.width, b.height])(document.querySelector('{selector}').getBoundingClientRect())"
    )
    return any(each.shown and on_its_corner(each, box) for each in page.badges())


def at(page: Page) -> list[bool]:
    """Which badges show that the keyboard is at them."""
    return [badge.ring for badge in page.badges()]


def test_arrow_keys_go_from_badge_to_badge_and_escape_leaves(browser: Browser, gallery: str) -> None:
    page = browser.open(gallery)
    page.bring_to_front()
    for count, name in enumerate(("photo", "made", "cat"), 1):
        page.check_from_menu(f"#{name}")
        settled(page, count)
    page.shortcut("next-badge")
    eventually(lambda: at(page) == [True, False, False], "the first badge to have the focus")
    steps: list[tuple[Key, int]] = [("ArrowRight", 1), ("ArrowRight", 2), ("ArrowRight", 0), ("ArrowLeft", 2)]
    for key, where in steps:
        page.press(key)
        eventually(lambda i=where: at(page) == [each == i for each in range(3)], f"{key} to lead to badge {where}")
    page.press("Enter")
    panel = eventually(page.panel, "Enter to open the details")
    eventually(lambda: panel.evaluate("document.querySelectorAll('#panel section').length"), "its words")
    panel.press("Escape")
    eventually(lambda: page.panel() is None, "Esc to close them")
    eventually(lambda: at(page) == [False, False, True], "the focus to be back at the badge")
    page.press("Escape")
    eventually(lambda: at(page) == [False, False, False], "Esc to leave the badge")
    assert page.evaluate("document.activeElement === document.body")
    page.close()


def test_in_forced_colours_levels_differ_by_more_than_colour(browser: Browser, gallery: str) -> None:
    browser.force_colours(True)
    try:
        page = browser.open(gallery)
        assert page.evaluate("matchMedia('(forced-colors: active)').matches")
        page.check_from_menu("#made")
        page.check_from_menu("#photo")
        made, photo = sorted(settled(page, 2), key=lambda badge: badge.level != "ai")
        assert made.level == "ai"
        assert made.border > photo.border >= 1.5
        page.close()
    finally:
        browser.force_colours(False)


def test_a_large_badge_is_larger_and_stands_in_the_same_corner(browser: Browser, gallery: str) -> None:
    page = browser.open(gallery)
    page.check_from_menu("#made")
    (normal,) = settled(page)
    change_settings(browser, size="large")
    try:
        page.bring_to_front()
        eventually(lambda: page.badges()[0].box[3] > 1.3 * normal.box[3], "the badge to grow")
        eventually(lambda: on_corner(page, "#made"), "the badge on its corner")
        page.close()
    finally:
        turn_all_off(browser)


@pytest.fixture
def without_anchors(browser: Browser) -> Generator[Browser]:
    """Firefox as it was before version 147. Every Chromium that the extension runs in knows anchors."""
    if not isinstance(browser, FirefoxBrowser):
        pytest.skip("only Firefox can be told to do without")
    browser.set_preference("layout.css.anchor-positioning.enabled", False)
    yield browser
    browser.set_preference("layout.css.anchor-positioning.enabled", True)


def test_where_nothing_can_be_anchored_the_badge_follows_its_image(without_anchors: Browser, gallery: str) -> None:
    page = without_anchors.open(gallery)
    assert not page.evaluate("CSS.supports('anchor-name', '--x')")
    page.check_from_menu("#made")
    settled(page)
    eventually(lambda: on_corner(page, "#made"), "the badge on its corner")
    moves = ("scrollTo(0, 60)", "document.querySelector('#made').style.marginTop = '90px'", "scrollTo(0, 0)")
    page.evaluate("void (document.body.style.minHeight = '3000px')")
    for move in moves:
        page.evaluate(f"void ({move})")
        eventually(lambda: on_corner(page, "#made"), f"the badge to follow after {move}")
    page.evaluate("document.querySelector('#made').remove()")
    eventually(lambda: not page.badges(), "the badge to go with it")
    page.close()
