"""The four keyboard shortcuts, by their keys: a whole check without a pointer."""

from automatic import API, turn_all_off
from browsers import Browser, Page, eventually

ON = f"{API}.storage.local.get('settings').then(s => s.settings?.sites ?? [])"


def at_a_badge(page: Page) -> bool:
    return page.evaluate("document.activeElement?.localName ?? ''") == "naturaltrace-badge"


def test_an_image_is_checked_and_read_by_keys_alone(browser: Browser, gallery: str) -> None:
    page = browser.open(gallery)
    page.bring_to_front()
    page.evaluate("(made => { made.tabIndex = 0; made.focus() })(document.querySelector('#made'))")
    page.shortcut("check-image")
    eventually(lambda: [badge.level for badge in page.badges()] == ["ai"], "the verdict on what has the focus")

    page.evaluate("document.activeElement.blur()")
    page.shortcut("next-badge")
    eventually(lambda: at_a_badge(page), "the badge to have the focus")
    # The details of what has the focus: first the badge, then its image.
    for focus in ("", "document.querySelector('#made').focus()"):
        page.evaluate(focus or "null")
        page.shortcut("open-details")
        eventually(page.panel, "the details")
        page.shortcut("open-details")
        eventually(lambda: page.panel() is None, "the details to close")
        eventually(lambda: at_a_badge(page), "the focus to go back to the badge")

    # With nothing pointed at, the largest image in view that has no badge yet.
    page.evaluate("document.activeElement.blur()")
    page.shortcut("check-image")
    eventually(lambda: len([b for b in page.badges() if b.level not in ("", "checking")]) == 2, "another image's badge")
    page.close()


def test_badges_on_this_site_are_turned_on_and_off_by_keys(browser: Browser, gallery: str) -> None:
    helper = browser.open_extension("options/options.html")
    page = browser.open(gallery)
    page.bring_to_front()
    try:
        page.shortcut("toggle-site")
        eventually(lambda: helper.evaluate(ON) == ["http://127.0.0.1/*"], "the site to be on")
        eventually(lambda: len([b for b in page.badges() if b.level not in ("", "checking")]) == 3, "the page's badges")
        page.shortcut("toggle-site")
        eventually(lambda: helper.evaluate(ON) == [], "the site to be off")
        eventually(lambda: page.badges() == [], "the badges to go")
    finally:
        helper.close()
        page.close()
        turn_all_off(browser)
