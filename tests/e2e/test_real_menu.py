"""Chromium with a window, a real mouse and the real context menu: what a user's click permits, and no more."""

import os
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from automatic import API
from browsers import eventually
from browsers.chromium import ChromiumBrowser, ChromiumPage
from companion import Companion
from pairing import pair
from pictures import declared_png, jpeg, photograph
from site_server import Site
from test_check_image import PIXEL_LEVELS, settled

from conftest import start_browser

NEEDED = ("Xvfb", "xdotool")


@pytest.fixture(scope="module")
def screen() -> Generator[str]:
    """A virtual screen's name, such as ":97"."""
    missing = [program for program in NEEDED if not shutil.which(program)]
    if missing:
        if os.environ.get("NATURALTRACE_CI"):
            raise AssertionError(f"missing: {', '.join(missing)}")
        pytest.skip(f"missing: {', '.join(missing)}")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as number:
        name = f":{number.readline().strip()}"
    yield name
    server.terminate()
    server.wait(timeout=30)


@pytest.fixture(scope="module")
def windowed(screen: str, companion: Companion) -> Generator[ChromiumBrowser]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPLAY", screen)
        started = start_browser("chromium", headless=False)
    assert isinstance(started, ChromiumBrowser)
    with started:
        pair(started, companion)
        yield started


def choose_check(page: ChromiumPage, selector: str, screen: str) -> None:
    """Right-click the image and choose our item, which stands right above "Inspect", the last one."""
    page.bring_to_front()
    x, y = page.evaluate(
        f"(b => [screenX + (outerWidth - innerWidth) / 2 + b.x + b.width / 2,"
        f" screenY + outerHeight - innerHeight + b.y + b.height / 2])"
        f"(document.querySelector('{selector}').getBoundingClientRect())"
    )
    show = ["mousemove", str(round(x)), str(round(y)), "click", "3"]
    environment = {**os.environ, "DISPLAY": screen}

    def chosen() -> bool:
        # A menu that a slow machine has not drawn yet takes no keys: then it is closed and opened again.
        for keys in (["key", "Escape"], show, ["sleep", "1", "key", "Up", "key", "Up", "key", "Return"]):
            subprocess.run(["xdotool", *keys], env=environment, check=True, timeout=60)
        try:
            return bool(eventually(page.badges, "a badge", 6))
        except AssertionError:
            return False

    eventually(chosen, "the menu item to be chosen", 90)


def test_on_a_site_without_permission_a_click_is_enough(windowed: ChromiumBrowser, screen: str, tmp_path: Path) -> None:
    with Site("localhost") as site:
        site.image("/made.png", declared_png(photograph("coffee")), "image/png")
        page = windowed.open(site.page("/", '<img id="made" src="/made.png" width="360" alt="">'))
        choose_check(page, "#made", screen)
        (badge,) = settled(page)
        page.screenshot(tmp_path / "real-menu.png")
        assert badge.level == "ai"
        page.close()


def test_an_image_from_elsewhere_that_cannot_be_fetched_is_judged_from_the_screen(
    windowed: ChromiumBrowser, screen: str
) -> None:
    with Site("localhost") as site, Site("127.0.0.2") as elsewhere:
        address = elsewhere.image("/photo.jpg", jpeg(photograph("astronaut")))
        page = windowed.open(site.page("/", f'<img id="far" src="{address}" width="480" alt="">'))
        choose_check(page, "#far", screen)
        (badge,) = settled(page)
        assert badge.level in PIXEL_LEVELS
        page.click_badge()
        panel = eventually(page.panel, "the details panel")
        eventually(lambda: panel.evaluate("document.querySelector('.note') !== null"), "the note on the screenshot")
        page.close()


def test_a_site_that_is_not_permitted_stays_off(windowed: ChromiumBrowser, screen: str) -> None:
    """The browser's own question, answered with Esc; Firefox's is in test_permissions.py."""
    page = windowed.open_extension("options/options.html")
    checked = "document.querySelector('#sites input').checked"
    kept = f"{API}.storage.local.get('settings').then(s => s.settings?.sites ?? [])"
    eventually(lambda: page.evaluate("document.querySelectorAll('#sites input').length"), "the sites")
    eventually(lambda: page.evaluate("document.querySelector('#companion').textContent"), "the companion's state")
    page.click("#sites input")
    # The wish stands as long as the question is open.
    eventually(lambda: page.evaluate(kept) == ["x"], "the wish to be kept")
    assert page.evaluate(checked)

    def refused() -> bool:
        environment = {**os.environ, "DISPLAY": screen}
        subprocess.run(["xdotool", "key", "Escape"], env=environment, check=True, timeout=60)
        return not page.evaluate(checked)

    eventually(refused, "the switch to go back")
    eventually(lambda: page.evaluate(kept) == [], "the wish to be forgotten")
    assert page.evaluate(f"{API}.scripting.getRegisteredContentScripts()") == []
    page.close()
