"""Right-click → "Check this image" → badge → details, in both browsers, with the released detector."""

import json
from pathlib import Path

import pytest
from browsers import BadgeSeen, Browser, Page, eventually
from companion import Companion
from pairing import pair
from site_server import Reply, Site

PIXEL_LEVELS = {"ai", "likely_ai", "unclear", "no_sign"}


def settled(page: Page, count: int = 1) -> list[BadgeSeen]:
    """The page's badges, once there are `count` of them and none is still checking."""

    def look() -> list[BadgeSeen]:
        badges = page.badges()
        return badges if len(badges) == count and all(b.level != "checking" for b in badges) else []

    try:
        return eventually(look, f"{count} settled badge(s)")
    except AssertionError as error:
        raise AssertionError(f"{error}; badges: {page.badges()}") from None


def words_in(panel: Page) -> str:
    return panel.evaluate("document.querySelector('#panel')?.innerText ?? ''")


def test_a_menu_click_ends_in_a_badge_on_the_image(browser: Browser, gallery: str) -> None:
    page = browser.open(gallery)
    page.check_from_menu("#made")
    (badge,) = settled(page)
    assert badge.level == "ai"
    # "AI-generated" where the pixels agree with the file, "Marked as AI" where they don't.
    assert "AI" in badge.name
    assert badge.shown

    x, y, width, height = page.evaluate(
        "(b => [b.x, b.y, b.width, b.height])(document.querySelector('#made').getBoundingClientRect())"
    )
    assert x <= badge.box[0] <= x + 16
    assert y <= badge.box[1] <= y + 16
    assert badge.box[0] + badge.box[2] <= x + width
    assert badge.box[1] + badge.box[3] <= y + height

    page.check_from_menu("#photo")
    page.check_from_menu("#cat")
    levels = [b.level for b in settled(page, 3)]
    assert levels[0] == "ai"
    assert set(levels[1:]) <= PIXEL_LEVELS
    page.close()


def slide_and_copy(panel: Page) -> None:
    """The map fades as the slider says, and both reports are what they are said to be."""
    slider = "document.querySelector('#map-opacity')"
    eventually(lambda: panel.evaluate(f"{slider} !== null"), "the heat map")
    panel.evaluate(f"({slider}.valueAsNumber = 30, {slider}.dispatchEvent(new Event('input')), 1)")
    assert panel.evaluate("Number(getComputedStyle(document.querySelector('.heat')).opacity)") == pytest.approx(0.3)
    assert panel.evaluate(f"{slider}.ariaValueText ?? {slider}.getAttribute('aria-valuetext')") == "30%"
    # The clipboard is the whole machine's; what would go there is caught.
    panel.evaluate("void (navigator.clipboard.writeText = async words => { window.copied = words })")
    panel.click("#copy-text")
    words: str = eventually(lambda: panel.evaluate("window.copied ?? ''"), "the report in words")
    assert "anyone can write" in words
    assert "sha256" in words
    panel.evaluate("void delete window.copied")
    panel.click("#copy-json")
    report = json.loads(eventually(lambda: panel.evaluate("window.copied ?? ''"), "the report for programs"))
    assert report["verdict"]["level"] == "ai"
    eventually(lambda: "Copied" in words_in(panel), "the panel to say so")


KINDS = {
    "style": '<div id="style" style="background-image: url(/made.png?style)"></div>',
    "poster": '<video id="poster" poster="/made.png?poster"></video>',
    "svg": '<svg id="svg"><image id="drawing" href="/made.png?svg" width="300" height="200"/></svg>',
    "canvas": '<canvas id="canvas" width="300" height="200"></canvas>',
    "shadow": '<div id="shadow"></div>',
    "link": '<div id="link"><img src="/made.png?link" alt=""><a href="#over"></a></div>',
}


def test_the_menu_finds_every_kind_of_picture(browser: Browser, site: Site, gallery: str) -> None:
    style = (
        "main > * { display: block; float: left; position: relative; width: 300px; height: 200px; margin: 8px;"
        " background-size: cover } main img { width: 300px; height: 200px }"
        " #link a { position: absolute; inset: 0 }"
    )
    page = browser.open(site.page("/kinds", f"<style>{style}</style><main>{''.join(KINDS.values())}</main>"))
    page.evaluate(
        "(document.querySelector('#shadow').attachShadow({mode: 'open'}).innerHTML ="
        ' \'<img src="/made.png?shadow" width=300 height=200 alt="">\','
        " new Promise(done => { const i = new Image(); i.onload = () => { document.querySelector('#canvas')"
        ".getContext('2d').drawImage(i, 0, 0, 300, 200); done(1) }; i.src = '/made.png' }))"
    )
    for count, kind in enumerate(KINDS, 1):
        page.check_from_menu(f"#{kind}")
        settled(page, count)
    levels = [badge.level for badge in page.badges()]
    # A canvas has lost what the file said; all others are fetched as files.
    assert levels.count("ai") >= len(KINDS) - 1
    assert "problem" not in levels
    page.close()


def details_of(page: Page, selector: str) -> Page:
    """The details of an image that is checked from the menu, once their evidence is there."""
    page.check_from_menu(selector)
    settled(page)
    page.click_badge()
    panel = eventually(page.panel, "the details panel")
    eventually(lambda: panel.evaluate("document.querySelectorAll('.evidence li').length"), "the panel's evidence")
    return panel


def test_the_panel_says_why(browser: Browser, gallery: str) -> None:
    page = browser.open(gallery)
    panel = details_of(page, "#made")
    words = words_in(panel)
    assert "AI" in words
    assert "anyone can write" in words
    assert panel.evaluate("document.querySelector('#panel header button') !== null")
    slide_and_copy(panel)
    panel.click("summary")
    panel.click("details button")
    eventually(lambda: "Noted on this computer" in words_in(panel), "the companion to note what the user says")
    panel.press("Escape")
    eventually(lambda: page.panel() is None, "Esc to close the panel")
    # Focus goes back to where it came from.
    assert page.evaluate("document.activeElement?.localName") == "naturaltrace-badge"
    page.close()


def test_the_page_keeps_its_layout_and_cannot_read_the_verdict(browser: Browser, gallery: str) -> None:
    page = browser.open(gallery)
    measure = "[...document.querySelectorAll('img')].map(i => Object.values(i.getBoundingClientRect().toJSON()))"
    before = page.evaluate(measure)
    page.check_from_menu("#made")
    settled(page)
    assert page.evaluate(measure) == before
    host = page.evaluate("document.querySelector('naturaltrace-badge').outerHTML")
    assert "ai" not in host.replace("naturaltrace", "").lower().split("style")[0]
    assert page.evaluate("document.querySelector('naturaltrace-badge').shadowRoot") is None
    page.close()


def test_a_badge_goes_with_its_image(browser: Browser, gallery: str) -> None:
    page = browser.open(gallery)
    page.check_from_menu("#made")
    settled(page)
    page.evaluate("document.querySelector('#made').remove()")
    eventually(lambda: not page.badges(), "the badge to go")
    assert page.evaluate("document.querySelectorAll('naturaltrace-badge').length") == 0
    page.close()


def test_a_swapped_picture_does_not_keep_the_old_verdict(browser: Browser, gallery: str) -> None:
    page = browser.open(gallery)
    page.check_from_menu("#made")
    settled(page)
    page.evaluate("void (document.querySelector('#made').src = '/cat.jpg')")
    eventually(lambda: not page.badges(), "the badge to go")
    page.close()


def test_the_image_is_asked_for_as_the_page_asks(browser: Browser, site: Site, gallery: str) -> None:
    page = browser.open(gallery)
    page.check_from_menu("#photo")
    settled(page)
    again = site.requests_for("/photo.jpg")[-1]
    assert again.headers["accept"].startswith("image/")
    page.close()


@pytest.mark.parametrize("tag", ["blob", "data", "canvas-blob"])
def test_pictures_without_an_address_of_their_own(browser: Browser, site: Site, gallery: str, tag: str) -> None:
    sources = {
        "blob": "fetch('/made.png').then(r => r.blob()).then(b => URL.createObjectURL(b))",
        "data": "fetch('/made.png').then(r => r.blob()).then(b => new Promise(done => {"
        " const r = new FileReader(); r.onload = () => done(r.result); r.readAsDataURL(b) }))",
        "canvas-blob": "fetch('/made.png').then(r => r.blob()).then(b => { const u = URL.createObjectURL(b);"
        " setTimeout(() => URL.revokeObjectURL(u), 1000); return u })",
    }
    page = browser.open(site.page("/odd", '<img id="odd" width="360" alt="">'))
    page.evaluate(
        f"({sources[tag]}).then(u => new Promise(done => {{ const i = document.querySelector('#odd');"
        " i.onload = () => done(true); i.src = u }))"
    )
    if tag == "canvas-blob":
        gone = "fetch(document.querySelector('#odd').src).then(() => false, () => true)"
        eventually(lambda: page.evaluate(gone), "the blob to be revoked")
    page.check_from_menu("#odd")
    (badge,) = settled(page)
    # Drawn anew from memory, the file's own words are lost; only the pixels are left to judge.
    assert badge.level in (PIXEL_LEVELS if tag == "canvas-blob" else {"ai"})
    page.close()


def test_a_page_in_place_of_an_image_is_not_taken_for_one(browser: Browser, site: Site, gallery: str) -> None:
    page = browser.open(gallery)
    # From now on the server answers as a hot-link guard does.
    site.replies["/made.png"] = Reply(b"<!doctype html><title>Log in</title>", "text/html")
    page.check_from_menu("#made")
    (badge,) = settled(page)
    page.click_badge()
    panel = eventually(page.panel, "the details panel")
    if browser.name == "firefox":
        # A real menu was used, which lets the extension see the tab: the screen's own picture is judged.
        assert badge.level in PIXEL_LEVELS
        eventually(lambda: panel.evaluate("document.querySelector('.note') !== null"), "the note on the screenshot")
    else:
        # In a headless Chromium no user has clicked, so the tab must not be captured. See test_real_menu.py.
        assert badge.level == "problem"
        eventually(lambda: "Couldn’t get the image" in words_in(panel), "the reason in words")
    page.close()


def test_a_file_that_is_no_image_is_said_to_be_so(browser: Browser, site: Site, gallery: str) -> None:
    page = browser.open(gallery)
    site.replies["/photo.jpg"] = Reply(b"\x00\x01\x02 no image at all " * 40, "image/jpeg")
    page.check_from_menu("#photo")
    (badge,) = settled(page)
    assert badge.level == "problem"
    page.click_badge()
    panel = eventually(page.panel, "the details panel")
    eventually(lambda: "Not a picture file" in words_in(panel), "the reason in words")
    page.close()


def test_without_the_companion_the_badge_says_what_to_do(
    fresh_browser: Browser, tmp_path: Path, site: Site, gallery: str
) -> None:
    with Companion(tmp_path) as own:
        pair(fresh_browser, own)
        own.stop()
        page = fresh_browser.open(gallery)
        page.check_from_menu("#photo")
        (badge,) = settled(page)
        assert badge.level == "problem"
        page.click_badge()
        panel = eventually(page.panel, "the details panel")
        eventually(lambda: "Companion not found" in words_in(panel), "what is wrong")
        page.close()
        # Started again on its port, the pairing still holds.
        own.start()
        page = fresh_browser.open(gallery)
        page.check_from_menu("#photo")
        (badge,) = settled(page)
        assert badge.level in PIXEL_LEVELS
        page.close()


def test_an_unpaired_browser_is_told_to_pair(fresh_browser: Browser, companion: Companion, gallery: str) -> None:
    page = fresh_browser.open(gallery)
    page.check_from_menu("#photo")
    (badge,) = settled(page)
    assert badge.level == "problem"
    page.close()
