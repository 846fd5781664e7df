"""axe-core in a page. The extension's own surfaces are in test_surfaces.py."""

from pathlib import Path

import pytest
from browsers import Browser, Page
from site_server import Site

from tests.needs import lacking

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"


@pytest.fixture
def axe() -> str:
    if not AXE.exists():
        lacking("axe-core is not installed: npm ci")
    return AXE.read_text(encoding="utf-8")


def complaints(page: Page, axe: str) -> list[str]:
    run = "axe.run(document, {resultTypes: ['violations']})"
    said = "r.violations.map(v => `${v.id}: ${v.nodes.map(n => n.target.join(' ')).join(', ')}`)"
    return page.evaluate(f"(() => {{ {axe}; return {run}.then(r => {said}) }})()")


def test_what_is_wrong_is_found(browser: Browser, site: Site, axe: str) -> None:
    """Or else an empty list of complaints would say nothing."""
    page = browser.open(site.page("/wrong", '<img src="/x.jpg"><button></button>'))
    assert {each.split(":")[0] for each in complaints(page, axe)} >= {"button-name", "image-alt"}
    page.close()
