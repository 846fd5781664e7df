"""Pages that are strict, odd or hostile: the badge and the panel stand all the same, and the page stays as it was."""

import json
from collections.abc import Generator

import pytest
from automatic import levels, open_popup, turn_all_off, turn_on, turn_on_in_options
from browsers import Browser, Page, eventually
from browsers.chromium import ChromiumPage
from browsers.firefox import FirefoxBrowser
from pictures import declared_png, photograph
from site_server import Site
from test_check_image import PIXEL_LEVELS

from conftest import Couple

HOSTILE = """
<style>
  * { transition: all 3s !important; box-sizing: content-box !important; }
  html > :not(head, body), naturaltrace-badge, naturaltrace-panel, [style*="anchor"] ~ * {
    display: none !important; visibility: hidden !important; opacity: 0 !important; width: 0 !important;
    height: 0 !important; position: static !important; transform: scale(0) !important;
    clip-path: inset(50%) !important; content-visibility: hidden !important; z-index: -1 !important;
    filter: opacity(0) !important; margin: -999px !important;
  }
  @layer first { naturaltrace-badge { display: none !important; inset: -999px !important; } }
  button { font-size: 90px !important; all: unset !important; }
  img { width: 360px; margin: 80px; }
</style>
<img id="made" src="/made.png" alt="">
"""


@pytest.fixture
def made(site: Site) -> Site:
    site.image("/made.png", declared_png(photograph("coffee")), "image/png")
    return site


def the_badge(page: Page) -> tuple[float, float, float, float]:
    badge = eventually(lambda: [b for b in page.badges() if b.level == "ai" and b.shown], "a badge that shows")[0]
    return badge.box


def test_a_page_cannot_style_the_badge_away(browser: Browser, made: Site) -> None:
    page = browser.open(made.page("/hostile", HOSTILE))
    page.check_from_menu("#made")
    _, _, width, height = the_badge(page)
    image = page.evaluate("(b => [b.x, b.y])(document.querySelector('#made').getBoundingClientRect())")
    eventually(lambda: abs(the_badge(page)[0] - image[0] - 8) < 3, "the badge to be in place")
    assert abs(the_badge(page)[1] - image[1] - 8) < 3
    assert 60 < width < 250
    assert 20 < height < 40
    page.click_badge()
    panel = eventually(page.panel, "the details panel")
    eventually(lambda: panel.evaluate("document.querySelector('#panel')?.innerText"), "the panel's words")
    frame = page.evaluate(
        "(b => [b.width, b.height])(document.querySelector('naturaltrace-panel').getBoundingClientRect())"
    )
    assert frame[0] > 300
    assert frame[1] > 150
    page.close()


def test_the_strictest_policy_keeps_neither_badge_nor_panel_away(browser: Browser, made: Site) -> None:
    policy = (
        "default-src 'none'; img-src 'self'; require-trusted-types-for 'script';"
        " sandbox allow-scripts allow-same-origin"
    )
    page = browser.open(
        made.page(
            "/strict", '<img id="made" src="/made.png" width="360" alt="">', **{"Content-Security-Policy": policy}
        )
    )
    page.check_from_menu("#made")
    the_badge(page)
    page.click_badge()
    panel = eventually(page.panel, "the details panel")
    eventually(lambda: "AI" in panel.evaluate("document.querySelector('#panel')?.innerText ?? ''"), "the panel's words")
    page.close()


def test_images_in_frames_are_found_and_counted(browser: Browser, made: Site) -> None:
    made.page("/inner", '<body style="margin:0"><img src="/made.png?inner" width="300" height="220" alt="">')
    page = browser.open(
        made.page(
            "/outer",
            '<img src="/made.png?outer" width="300" height="220" alt=""><iframe src="/inner" width="400" height="300">',
        )
    )
    try:
        turn_on(browser, page)
        eventually(lambda: "ai" in levels(page), "the badge outside the frame")
        popup = open_popup(browser, page)
        eventually(
            lambda: "2" in popup.evaluate("document.querySelector('#counts').textContent"), "both images counted"
        )
        popup.close()
        page.close()
    finally:
        turn_all_off(browser)


def test_a_page_that_is_gone_offline_is_left_alone(browser: Browser) -> None:
    """The picture stands on the page, but its address answers no more."""
    with Site() as away:
        away.image("/made.png", declared_png(photograph("coffee")), "image/png")
        page = browser.open(away.page("/", '<img id="made" src="/made.png" width="360" alt="">'))
    try:
        turn_on(browser, page)
        popup = open_popup(browser, page)
        eventually(lambda: popup.evaluate("document.querySelector('#companion-title').textContent"), "the popup")
        assert "Ready" in popup.evaluate("document.body?.innerText ?? ''")
        popup.close()
        # Nothing was asked for by the user, so nothing is said on the page.
        assert page.badges() == []
        page.check_from_menu("#made")
        eventually(lambda: page.badges() and page.badges()[0].level != "checking", "an answer")
        page.click_badge()
        panel = eventually(page.panel, "the details panel")
        if browser.name == "chromium":
            # Without a click by hand the tab must not be captured; see test_real_menu.py.
            assert page.badges()[0].level == "problem"
            said = "get the image"
        else:
            # The real menu's click lets Firefox see the tab: what the screen shows is judged, and said to be that.
            assert page.badges()[0].level in PIXEL_LEVELS
            said = "crop of the screen"
        eventually(lambda: said in panel.evaluate("document.body?.innerText ?? ''"), f"“{said}” in the details")
        page.close()
    finally:
        turn_all_off(browser)


def test_without_a_network_the_companion_answers_still(browser: Browser, gallery: str) -> None:
    """Firefox in its offline mode; in Chromium the page is cut off. The companion and the way to it need none."""
    page = browser.open(gallery)
    page.evaluate(
        "fetch('/made.png').then(r => r.blob()).then(b => new Promise(done => {"
        " const i = document.querySelector('#made'); i.onload = () => done(1); i.src = URL.createObjectURL(b) }))"
    )
    go_offline(browser, page, True)
    try:
        eventually(lambda: not page.evaluate("navigator.onLine"), "the browser to be offline")
        page.check_from_menu("#made")
        eventually(lambda: levels(page) == ["ai"], "the verdict")
        page.close()
    finally:
        go_offline(browser, page, False)


def go_offline(browser: Browser, page: Page, off: bool) -> None:
    if isinstance(browser, FirefoxBrowser):
        browser.bidi.evaluate(browser.chrome_context(), f"(Services.io.offline = {json.dumps(off)}, true)")
    elif isinstance(page, ChromiumPage) and off:  # it ends with the page
        page.send("Network.enable")
        page.send("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)


@pytest.fixture
def timeline(couple: Couple) -> Generator[Page]:
    turn_on_in_options(couple.browser, ["X"])
    page = couple.browser.open("https://x.com/home")
    page.bring_to_front()
    yield page
    page.close()
    turn_all_off(couple.browser)


def test_on_a_click_target_of_the_page_the_badge_is_clicked_alone(timeline: Page) -> None:
    """The whole post is a link; a click on its badge opens the panel and nothing else, though frames are forbidden."""
    timeline.evaluate("void document.addEventListener('click', () => { window.clicked = true })")
    eventually(lambda: [b for b in timeline.badges() if b.shown], "a badge")
    timeline.click_badge()
    panel = eventually(timeline.panel, "the details panel")
    eventually(lambda: "AI" in panel.evaluate("document.querySelector('#panel')?.innerText ?? ''"), "the panel's words")
    assert timeline.evaluate("[location.href, window.clicked ?? false]") == ["https://x.com/home", False]
