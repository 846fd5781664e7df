"""axe-core finds nothing to complain about on any of the extension's pages, in light and dark."""

from collections.abc import Callable
from pathlib import Path

import pytest
from browsers import Browser, Page, eventually

from tests.needs import lacking

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
PAGES = {
    "welcome/welcome.html": "document.querySelectorAll('#levels li').length === 5",
    "options/options.html": "document.querySelectorAll('#sites li').length > 10",
    "popup/popup.html": "document.querySelector('#companion-title')?.textContent",
}


@pytest.fixture
def axe() -> str:
    if not AXE.exists():
        lacking("axe-core is not installed: npm ci")
    return AXE.read_text(encoding="utf-8")


def complaints(page: Page, axe: str) -> list[str]:
    run = "axe.run(document, {resultTypes: ['violations']})"
    said = "r.violations.map(v => `${v.id}: ${v.nodes.map(n => n.target.join(' ')).join(', ')}`)"
    return page.evaluate(f"(() => {{ {axe}; return {run}.then(r => {said}) }})()")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_extension_has_no_violations(
    browser: Browser, axe: str, path: str, scheme: str, shoot: Callable[[str], Path]
) -> None:
    browser.set_scheme("dark" if scheme == "dark" else "light")
    try:
        page = browser.open_extension(path)
        eventually(lambda: page.evaluate(PAGES[path]), f"{path} to be filled")
        page.screenshot(shoot(f"{Path(path).stem}-{scheme}-{browser.name}"))
        assert complaints(page, axe) == []
        page.close()
    finally:
        browser.set_scheme("light")
