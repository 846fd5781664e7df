"""The admin page in a real browser: every language, by keyboard, in light and dark, and accessible."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from naturaltrace.storage.paths import DataFolder
from naturaltrace.team.audit import Audit
from naturaltrace.team.page_files import FILES
from naturaltrace.team.people import People, Role
from naturaltrace.verdicts.wording import LANGUAGES
from tests.daemon.programs import COMMAND
from tests.daemon.team.test_team import certificate
from tests.needs import lacking, needs_program

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "daemon/naturaltrace/team/page"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
WORDS = {name: json.loads((PAGE / f"words/{name}.json").read_text(encoding="utf-8")) for name in LANGUAGES}
_WAIT_MS = 120_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_things(language: str) -> None:
    assert list(WORDS[language]) == list(WORDS["en"])
    for key, text in WORDS[language].items():
        assert text.strip(), key
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", WORDS["en"][key])), key
        same = {"title", "did_started", "name", "action", "copy"}  # alike in some languages
        assert language == "en" or key in same or len(text) < 12 or text != WORDS["en"][key], key


@pytest.mark.parametrize("language", LANGUAGES)
def test_levels_are_called_what_the_settings_page_calls_them(language: str) -> None:
    own = ROOT / f"daemon/naturaltrace/server/page/words/{language}.json"
    settings = json.loads(own.read_text(encoding="utf-8"))
    levels = {key: text for key, text in WORDS[language].items() if key.startswith("level_")}
    assert levels == {key: settings[key] for key in levels}
    assert len(levels) == 5


def test_every_word_is_used_and_every_used_word_is_there() -> None:
    html, script = (PAGE / "admin.html").read_text("utf-8"), (PAGE / "admin.js").read_text("utf-8")
    used = set(re.findall(r'data-t="(\w+)"', html)) | set(re.findall(r'\bt\("(\w+)"', script))
    app = (ROOT / "daemon/naturaltrace/team/app.py").read_text("utf-8") + (
        ROOT / "daemon/naturaltrace/team/serve.py"
    ).read_text("utf-8")
    used |= {f"did_{action.replace(' ', '_')}" for action in re.findall(r'audit\.note\("([\w ]+)"', app)}
    used |= {key for key in WORDS["en"] if key.startswith(("level_", "role_", "problem_"))}
    assert used == set(WORDS["en"])


def test_every_file_of_the_page_is_served() -> None:
    there = {path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*") if path.is_file()}
    assert {name for name, _ in FILES.values()} == there


@dataclass(frozen=True, slots=True)
class Served:
    url: str
    token: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    needs_program("chromium")
    root = tmp_path_factory.mktemp("team")
    folder = DataFolder.at(root / "data")
    folder.create()
    people = People(folder)
    _, token = people.add("Ana, picture desk", Role.ADMIN)
    for name in ("Bo’s laptop", "Cleo, archive"):
        people.add(name, Role.USER)
    log = Audit(folder.root / "audit.jsonl")
    for number, level in enumerate(("no_sign", "likely_ai", "unclear", "ai", "camera", "no_sign")):
        log.note("check", user=("Bo’s laptop", "Cleo, archive")[number % 2], address="192.0.2.14", level=level)
    log.note("wrong code", address="192.0.2.77")
    cert, key = certificate(root)
    command = [*COMMAND, "serve", "--headless", "--bind", "127.0.0.1:0", "--certificate", str(cert), "--key", str(key)]
    with subprocess.Popen([*command, "--data-dir", str(folder.root)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Served(f"https://127.0.0.1:{json.loads(process.stdout.readline())['port']}", token)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = needs_program("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=["--no-sandbox"])
        yield browser
        browser.close()


def _open(browser: Any, served: Served, **options: Any) -> tuple[Any, list[str]]:
    """The page before anybody has entered a token, and what it complained of or asked of others."""
    page = browser.new_page(viewport={"width": 1000, "height": 1100}, ignore_https_errors=True, **options)
    page.set_default_timeout(_WAIT_MS)
    said: list[str] = []

    def console(message: Any) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    def request(asked: Any) -> None:
        if not asked.url.startswith(served.url):
            said.append(asked.url)

    def failed(error: Any) -> None:
        said.append(str(error))

    page.on("console", console)
    page.on("request", request)
    page.on("pageerror", failed)
    page.goto(served.url + "/admin")
    page.wait_for_selector("body.ready")
    return page, said


def _enter(page: Any, served: Served) -> None:
    page.fill("#token", served.token)
    page.keyboard.press("Enter")
    page.wait_for_selector("#people tr")


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_people_come_and_go_by_keyboard(browser: Any, served: Served) -> None:
    from playwright.sync_api import expect

    page, said = _open(browser, served, locale="en-GB")
    _enter(page, served)
    assert page.evaluate("document.activeElement.id") == "content"
    assert page.locator("#people tr").count() == 3
    assert "Image checked: Likely AI" in page.locator("#log").inner_text()

    page.focus("#name")
    page.keyboard.type("Dee <b>")
    page.keyboard.press("Enter")
    page.wait_for_selector("#new-token:has-text('nt1_')")
    assert "Dee <b>" in page.locator("#new-why").inner_text()

    page.get_by_role("button", name="Remove Dee <b>").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#ask[open]")
    page.keyboard.press("Escape")  # nothing happens to Dee
    page.wait_for_selector("#ask:not([open])", state="attached")
    assert page.locator("#people tr").count() == 4
    page.get_by_role("button", name="Remove Dee <b>").click()
    page.wait_for_selector("#ask[open]")
    page.locator("#ask button.danger").press("Enter")
    page.wait_for_selector("#said:has-text('Dee <b> was removed.')")
    assert page.locator("#people tr").count() == 3
    expect(page.locator("#h-people")).to_be_focused()  # pyright: ignore[reportUnknownMemberType]

    page.get_by_role("button", name="Show a pairing code").press("Enter")
    expect(page.locator("#digits")).to_have_text(re.compile(r"^\d{3} \d{3}$"))  # pyright: ignore[reportUnknownMemberType]
    page.get_by_role("button", name="Lock this page").click()
    assert page.locator("#inside").is_hidden()
    assert page.evaluate("[sessionStorage.length, document.getElementById('digits').textContent]") == [0, ""]
    assert said == []
    page.close()


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.parametrize("locale", [tag.replace("_", "-") for tag in LANGUAGES])
def test_it_speaks_the_readers_language(browser: Any, served: Served, locale: str) -> None:
    words = WORDS[locale.replace("-", "_")]
    page, said = _open(browser, served, locale=locale)
    assert page.evaluate("document.documentElement.lang") == locale
    assert page.locator("h1").inner_text() == words["title"]
    _enter(page, served)
    assert words["role_admin"] in page.locator("#people").inner_text()
    assert words["did_wrong_code"] in page.locator("#log").inner_text()
    assert said == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.close()


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_a_wrong_token_is_said_in_the_readers_language(browser: Any, served: Served) -> None:
    page, _ = _open(browser, served, locale="de-DE")
    page.fill("#token", "nt1_wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#said:has-text('{WORDS['de']['problem_wrong_token']}')")
    assert page.locator("#inside").is_hidden()
    page.close()


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, served: Served, scheme: str) -> None:
    from playwright.sync_api import expect

    if not AXE.exists():
        lacking("axe-core is not installed (npm install)")
    # The page's own policy would keep axe out.
    page, _ = _open(browser, served, color_scheme=scheme, bypass_csp=True)
    page.add_script_tag(path=str(AXE))
    _without_violations(page)
    _enter(page, served)
    page.click("#code")
    expect(page.locator("#digits")).not_to_have_text("")  # pyright: ignore[reportUnknownMemberType]
    _without_violations(page)
    page.locator("#people button").first.click()
    page.wait_for_selector("#ask[open]")
    _without_violations(page)
    page.close()


def _without_violations(page: Any) -> None:
    found = page.evaluate("axe.run(document)")
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]] == []
