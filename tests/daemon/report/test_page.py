"""The report in a real browser: offline, with 100,000 rows, by keyboard, in light and dark, and accessible."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from naturaltrace.report.collect import collect
from naturaltrace.report.render import render
from tests.daemon.report.test_report import row
from tests.needs import lacking, needs_program

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
LEVELS = ("unclear", "no_sign", "unclear", "unclear", "likely_ai", "no_sign", "unclear", "ai", "no_sign", "error")
AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"
_WAIT_MS = 120_000


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = (row(f"/archive/{n // 2000}/{n:06}.jpg", LEVELS[n % 10], (n % 997) / 1000) for n in range(100_000))
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(collect(rows, suspicious=24), [None] * 24, title="A large archive"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = needs_program("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=["--no-sandbox"])
        yield browser
        browser.close()


def _open(browser: Any, report: Path, **options: Any) -> tuple[Any, list[str]]:
    page = browser.new_page(viewport={"width": 1200, "height": 900}, **options)
    page.set_default_timeout(_WAIT_MS)
    said: list[str] = []

    def console(message: Any) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    def request(asked: Any) -> None:
        if not asked.url.startswith("file:"):
            said.append(asked.url)

    def failed(error: Any) -> None:
        said.append(str(error))

    page.on("console", console)
    page.on("request", request)
    page.on("pageerror", failed)
    page.goto(report.as_uri())
    page.wait_for_selector(".row")
    return page, said


def test_a_hundred_thousand_rows_stay_usable(browser: Any, report: Path) -> None:
    page, said = _open(browser, report)
    assert page.locator(".row").count() < 100
    assert page.locator("#shown").inner_text() == "100,000 of 100,000 shown"
    assert page.locator("#room").evaluate("room => room.clientHeight") == 3_400_000

    page.get_by_role("button", name="Likely AI").click()
    assert page.locator("#shown").inner_text() == "10,000 of 100,000 shown"
    page.fill("#search", "/archive/7/0140")
    assert page.locator("#shown").inner_text() == "10 of 100,000 shown"
    assert page.locator(".row .pill").first.inner_text() == "Likely AI"
    page.get_by_role("button", name="Clear filters").click()
    assert page.locator("#shown").inner_text() == "100,000 of 100,000 shown"

    page.locator("#folders button").first.click()
    assert page.locator("#shown").inner_text() == "2,000 of 100,000 shown"
    assert page.locator("#suspicious > li").count() == 12
    page.get_by_role("button", name="Show more").click()
    assert page.locator("#suspicious > li").count() == 24
    assert said == []
    page.close()


def test_the_list_is_walked_by_keyboard(browser: Any, report: Path) -> None:
    page, said = _open(browser, report)
    page.focus("#grid")
    for key, place in (("ArrowDown", 1), ("End", 99_999), ("ArrowUp", 99_998), ("Home", 0), ("PageDown", 11)):
        page.keyboard.press(key)
        assert page.locator("#grid").get_attribute("aria-activedescendant") == f"row-{place}"
        assert page.locator(f"#row-{place}").get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    assert "/archive/" in page.locator("#detail dd").first.inner_text()
    page.keyboard.press("Escape")
    assert page.locator("#detail").is_hidden()
    assert said == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, report: Path, scheme: str) -> None:
    if not AXE.exists():
        lacking("axe-core is not installed (npm install)")
    # The page's own policy would keep axe out.
    page, _ = _open(browser, report, color_scheme=scheme, bypass_csp=True)
    page.keyboard.press("Tab")
    page.locator(".row").first.click()
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document)")
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]] == []
    page.close()


@pytest.mark.parametrize("width", [360, 800])
def test_nothing_sticks_out_of_a_narrow_window(browser: Any, report: Path, width: int) -> None:
    page, _ = _open(browser, report)
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.close()
