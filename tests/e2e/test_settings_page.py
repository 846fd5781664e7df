"""The settings page in real browsers: by mouse, by keyboard alone, for a screen reader, in light and dark."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from browsers import BROWSERS, Browser, Page, Scheme, eventually
from companion import Companion
from pictures import declared_png, jpeg, photograph
from test_accessibility import axe, complaints

from conftest import start_browser

__all__ = ["axe"]

READY = "document.documentElement.dataset.ready === 'true'"
OPEN = f"{READY} && !document.getElementById('open').hidden"
ROWS = "document.querySelectorAll('#past > li > details').length"
PILL = "#verdict .pill"


class Settings:
    """The companion whose page is looked at, on a data folder of its own."""

    def __init__(self, folder: Path, config: Path) -> None:
        self.folder = folder
        self.config = config
        self.companion = Companion(folder)

    def link(self) -> str:
        command = [sys.executable, "-m", "naturaltrace", "settings", "--print", "--data-dir", str(self.folder)]
        return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout.strip()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Generator[Settings]:
    config = tmp_path_factory.mktemp("config")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(config))  # where "start at login" is written
        made = Settings(tmp_path_factory.mktemp("settings"), config)
        with made.companion:
            yield made


@pytest.fixture(scope="module", params=BROWSERS)
def browser(request: pytest.FixtureRequest) -> Generator[Browser]:
    with start_browser(request.param) as started:
        yield started


@pytest.fixture
def page(browser: Browser, settings: Settings) -> Generator[Page]:
    """The page, opened by a fresh link."""
    opened = open_page(browser, settings)
    yield opened
    opened.close()


def open_page(browser: Browser, settings: Settings) -> Page:
    opened = browser.open(settings.link())
    eventually(lambda: opened.evaluate(OPEN), "the page")
    return opened


def give(page: Page, how: str, data: bytes, kind: str) -> None:
    """Drop or paste a file, by the event that a browser makes of it."""
    event = {"drop": "new DragEvent('drop', {dataTransfer: d, bubbles: true})"}.get(
        how, "Object.defineProperty(new Event('paste', {bubbles: true}), 'clipboardData', {value: d})"
    )
    page.evaluate(
        f"(() => {{ const b = Uint8Array.from(atob('{base64.b64encode(data).decode()}'), c => c.charCodeAt(0));"
        f" const d = new DataTransfer(); d.items.add(new File([b], 'picture', {{type: '{kind}'}}));"
        f" document.body.dispatchEvent({event}); }})()"
    )


def text(page: Page, selector: str) -> str:
    return page.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")


def check(page: Page, how: str, data: bytes, kind: str, level: str) -> None:
    give(page, how, data, kind)
    found = f"document.querySelector('{PILL}')?.dataset.level"
    eventually(lambda: page.evaluate(found) == level if level else page.evaluate(found), "the verdict", 120)


def focused(page: Page) -> str:
    """What the keyboard is at, by id, name or words."""
    return page.evaluate(
        "(e => e === document.body ? '' : e.id || (e.name && `${e.name}=${e.value}`) || e.textContent.trim())"
        "(document.activeElement)"
    )


def test_an_image_is_dropped_or_pasted_and_judged_with_all_its_evidence(page: Page) -> None:
    check(page, "drop", declared_png(photograph("coffee")), "image/png", "ai")
    assert page.evaluate("document.querySelectorAll('#verdict .evidence li').length") >= 2
    page.evaluate("document.querySelector('#verdict details').open = true")
    assert "SHA-256" in text(page, "#verdict details")
    assert "AUTOMATIC1111" in text(page, "#verdict .evidence")
    check(page, "paste", jpeg(photograph("astronaut")), "image/jpeg", "")
    inside = "document.querySelector('#verdict details').textContent"
    assert "JPEG" in page.evaluate(inside)
    give(page, "drop", b"this is no image", "text/plain")
    eventually(lambda: text(page, "#verdict .problem"), "a refusal in words")


def test_the_history_is_searched_opened_and_forgotten_one_by_one(page: Page) -> None:
    check(page, "drop", declared_png(photograph("coffee", (400, 300))), "image/png", "ai")
    eventually(lambda: page.evaluate(ROWS) >= 1, "the entry")
    eventually(lambda: page.evaluate("document.querySelector('#past img')?.naturalWidth > 0"), "its small picture")
    page.type("#search input", "no such words anywhere")
    eventually(lambda: page.evaluate(ROWS) == 0, "an empty answer")
    assert "matches" in text(page, "#past")
    page.type("#search input", "AUTOMATIC1111")
    eventually(lambda: page.evaluate(ROWS) >= 1, "what was looked for")
    page.click("#past summary")
    eventually(lambda: text(page, "#past .evidence"), "its evidence")
    before: int = page.evaluate(ROWS)
    page.click("#past > li > button")
    eventually(lambda: page.evaluate(ROWS) == before - 1, "the entry to go")


def test_sensitivity_is_chosen_by_what_it_costs(page: Page, settings: Settings) -> None:
    words = text(page, "#choices")
    assert "of 100 real images" in words
    assert "test images" in text(page, "#choices-note")
    page.click("input[value=careful]")
    stored = settings.folder / "settings.json"
    eventually(lambda: stored.exists() and json.loads(stored.read_text())["sensitivity"] == "careful", "the setting")
    page.click("input[value=balanced]")
    eventually(lambda: json.loads(stored.read_text())["sensitivity"] == "balanced", "the setting")


def test_a_pause_shows_everywhere_and_ends(page: Page) -> None:
    page.click("[data-pause='3600']")
    eventually(lambda: "Paused for 60" in text(page, "#status"), "the pause")
    page.click("#resume")
    eventually(lambda: "Running" in text(page, "#status"), "the end of it")


def test_a_browser_is_paired_by_a_code_with_its_port_and_revoked(page: Page, settings: Settings) -> None:
    before = text(page, "#code b")  # the one that was open since the start
    page.click("#pair")
    eventually(lambda: text(page, "#code b") not in ("", before), "a fresh code")
    code = text(page, "#code b").replace(" ", "")
    assert len(code) == 6
    assert f"port {settings.companion.port}" in text(page, "#code")
    port = settings.companion.port
    paired = page.evaluate(
        f"fetch('/v1/pair', {{method: 'POST', headers: {{'Content-Type': 'application/json'}},"
        f" body: JSON.stringify({{code: '{code}', name: 'A <b>browser</b>'}})}}).then(r => r.status)"
    )
    assert (paired, code[-1]) == (200, str(port % 10))
    eventually(lambda: "A <b>browser</b>" in text(page, "#paired"), "the browser, its name as text")
    assert not text(page, "#code")
    page.click("#paired button")
    eventually(lambda: "No browser" in text(page, "#paired"), "the browser to go")


def test_start_at_login_is_written_where_the_desktop_looks(page: Page, settings: Settings) -> None:
    def entries() -> list[Path]:
        return list(settings.config.glob("autostart/*.desktop"))

    page.click("[name=start_at_login]")
    eventually(entries, "the entry")
    page.click("[name=start_at_login]")
    eventually(lambda: not entries(), "the entry to go")


def test_everything_is_forgotten_after_a_question(page: Page) -> None:
    check(page, "drop", declared_png(photograph("chelsea")), "image/png", "ai")
    eventually(lambda: page.evaluate(ROWS) >= 1, "the entry")
    page.click("#forget")
    eventually(lambda: page.evaluate("document.querySelector('dialog').open"), "the question")
    page.press("Escape")
    eventually(lambda: not page.evaluate("document.querySelector('dialog').open"), "the question to close")
    assert page.evaluate(ROWS) >= 1
    page.click("#forget")
    page.click("dialog button[value=forget]")
    eventually(lambda: page.evaluate(ROWS) == 0, "the history to be empty")
    assert "forgotten" in text(page, "#forgotten")


def test_the_page_follows_the_chosen_language(page: Page, settings: Settings) -> None:
    for tag, word in (("de", "Verlauf"), ("ja", "履歴"), ("auto", "History")):
        page.evaluate(
            f"(s => {{ s.value = '{tag}'; s.dispatchEvent(new Event('change', {{bubbles: true}})) }})"
            "(document.querySelector('select[name=language]'))"
        )
        eventually(lambda word=word: text(page, "#history-title") == word, f"“{word}”")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_the_keyboard_alone_reaches_everything_and_shows_where_it_is(page: Page) -> None:
    page.bring_to_front()
    wanted: set[str] = set(
        page.evaluate(
            "[...document.querySelectorAll('#open a, #open button, #open select, #open summary, #open input')]"
            ".filter(e => e.checkVisibility() && !e.disabled && (e.type !== 'radio' || e.checked))"
            ".map(e => e.id || (e.name && `${e.name}=${e.value}`) || e.textContent.trim())"
        )
    )
    assert len(wanted) >= 20
    seen: set[str] = set()
    for _ in range(len(wanted) + 15):
        page.press("Tab")
        name = focused(page)
        if name and name not in seen:
            ring: Any = page.evaluate(
                "(e => { const s = getComputedStyle(e.classList.contains('unseen') ? e.parentElement : e);"
                " return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1 })(document.activeElement)"
            )
            assert ring, f"nothing shows that the keyboard is at {name}"
        seen.add(name)
        if wanted <= seen:
            break
    assert wanted - seen == set()


def test_a_used_link_locks_the_page_and_says_so(browser: Browser, settings: Settings) -> None:
    link = settings.link()
    first = browser.open(link)
    eventually(lambda: first.evaluate(READY), "the page")
    second = browser.open(link)
    eventually(lambda: "used before" in text(second, "#locked"), "the reason")
    assert second.evaluate("document.getElementById('open').hidden")
    first.bring_to_front()
    eventually(lambda: "session has ended" in text(first, "#locked"), "the other page to lock itself", 60)
    first.close()
    second.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_accessibility_violations(
    browser: Browser, settings: Settings, axe: str, scheme: Scheme, shoot: Callable[[str], Path]
) -> None:
    browser.set_scheme(scheme)
    browser.resize(1180, 1500)
    page = open_page(browser, settings)
    try:
        check(page, "drop", jpeg(photograph("astronaut")), "image/jpeg", "")
        check(page, "drop", jpeg(photograph("chelsea")), "image/jpeg", "")
        check(page, "drop", declared_png(photograph("coffee")), "image/png", "ai")
        eventually(lambda: page.evaluate(ROWS) >= 3, "the history")
        eventually(lambda: page.evaluate("[...document.querySelectorAll('#past img')].every(i => i.naturalWidth)"), "")
        eventually(lambda: "Running" in text(page, "#status"), "the detector")
        if browser.name == "chromium":
            page.screenshot(shoot(f"settings-{scheme}"))
            for section in ("detection", "model"):
                page.evaluate(f"document.getElementById('{section}').scrollIntoView({{behavior: 'instant'}})")
                page.screenshot(shoot(f"settings-{section}-{scheme}"))
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        assert complaints(page, axe) == []
        page.evaluate("document.querySelector('dialog').showModal()")
        assert complaints(page, axe) == []
    finally:
        page.close()
        browser.set_scheme("light")
        browser.resize(1280, 800)
    locked = browser.open(settings.link().partition("#")[0])
    eventually(lambda: locked.evaluate(READY), "the locked page")
    assert complaints(locked, axe) == []
    locked.close()
