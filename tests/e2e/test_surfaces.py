"""Every surface in light and dark: axe-core finds nothing to complain about, and a picture is taken of it.

`pytest tests/e2e/test_surfaces.py --refresh-images` writes the pictures into docs/images.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from automatic import open_popup
from browsers import Page, Scheme, eventually
from history import HistoryPage
from pairing import tone
from pictures import declared_png, jpeg, photograph
from PIL import Image
from site_server import Reply, Site
from test_accessibility import axe, complaints

from conftest import Couple
from tests.daemon.provenance.authority import created, sign

__all__ = ["axe"]

Shoot = Callable[[str], Path]
STYLE = (
    ":root{color-scheme:light dark} body{margin:24px;font:16px sans-serif} h1{font-size:22px;margin:0 0 8px}"
    "div{display:grid;grid-template-columns:repeat(3,390px);gap:16px} img{width:390px;height:290px;border-radius:6px}"
)
# What speaks in each picture's panel, in words that it must say. The last one is no picture at all any more.
KINDS = {
    "signed": "signed",
    "declared": "anyone can write",
    "camera": "camera",
    "pixels": "pixels",
    "problem": "Not a picture file",
}


BY_PIXELS = "Estimated chance of AI, by the pixels alone"
SPLICED = Path(__file__).resolve().parents[1] / "demo/page/images/spliced-cat.png"


@pytest.fixture(scope="module", params=["light", "dark"])
def scheme(request: pytest.FixtureRequest, couple: Couple) -> Generator[Scheme]:
    couple.browser.set_scheme(request.param)
    yield request.param
    couple.browser.set_scheme("light")


@dataclass(frozen=True, slots=True)
class Gallery:
    page: Page
    name: str  # how its pictures end: scheme and browser


@pytest.fixture(scope="module")
def gallery(couple: Couple, scheme: Scheme) -> Generator[Gallery]:
    """A page of pictures with one kind of evidence each, all checked."""
    with Site() as site:
        page = open_gallery(couple, site)
        yield Gallery(page, f"{scheme}-{couple.browser.name}")
        page.close()


def open_gallery(couple: Couple, site: Site) -> Page:
    works = couple.authority.issue("Works")
    generated = {**created("trainedAlgorithmicMedia"), "softwareAgent": "Some Model"}
    capture = created("digitalCapture")
    site.image("/signed", sign(jpeg(photograph("coffee")), "image/jpeg", works, [generated]))
    site.image("/declared", declared_png(photograph("chelsea")), "image/png")
    site.image("/camera", sign(jpeg(photograph("rocket")), "image/jpeg", works, [capture]))
    site.image("/pixels", jpeg(photograph("astronaut")))
    site.image("/problem", jpeg(photograph("coffee"), 40))
    images = "".join(f'<img id="{kind}" src="/{kind}" alt="">' for kind in KINDS)
    page = couple.browser.open(
        site.page("/gallery", f"<style>{STYLE}</style><h1>Five pictures</h1><div>{images}</div>")
    )
    site.replies["/problem"] = Reply(b"\x00\x01\x02 no image at all " * 40, "image/jpeg")
    for number, kind in enumerate(KINDS, 1):
        page.check_from_menu(f"#{kind}")
        eventually(lambda n=number: len(settled(page)) == n, f"the badge on “{kind}”")
    return page


def settled(page: Page) -> list[str]:
    return [badge.level for badge in page.badges() if badge.level != "checking"]


def open_panel(page: Page, index: int, words: str) -> Page:
    page.click_badge(index)
    panel = eventually(page.panel, "the details panel")

    def said() -> bool:
        return words.lower() in panel.evaluate("document.querySelector('#panel')?.innerText ?? ''").lower()

    eventually(said, f"“{words}” in the panel")
    # As tall as its content, or as the window, and with its map, where there is one.
    tall = "document.querySelector('#panel').getBoundingClientRect().height"
    whole = f"Math.abs({tall} - innerHeight) < 2 || innerHeight > 770"
    waiting = "document.querySelector('#panel').innerText.includes('Fetching')"
    eventually(lambda: panel.evaluate(f"!{waiting} && ({whole})"), "the panel to be finished")
    return panel


def test_badges_and_panels(gallery: Gallery, axe: str, shoot: Shoot) -> None:
    page = gallery.page
    page.bring_to_front()
    page.screenshot(shoot(f"badges-{gallery.name}"))
    assert settled(page)[0] == settled(page)[1] == "ai"
    assert settled(page)[2] == "camera"
    assert settled(page)[4] == "problem"
    for index, (kind, words) in enumerate(KINDS.items()):
        panel = open_panel(page, index, words)
        page.screenshot(shoot(f"panel-{kind}-{gallery.name}"))
        said = panel.evaluate("document.querySelector('#panel').innerText")
        if kind in ("signed", "declared", "camera"):
            # A number that did not decide stands after what did, under its own name.
            assert 0 < said.find("\nWhy") < said.find(BY_PIXELS)
        else:
            assert BY_PIXELS not in said
        assert complaints(panel, axe) == [], kind
        if kind == "declared":
            panel.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
            page.screenshot(shoot(f"panel-end-{gallery.name}"))
        panel.press("Escape")
        eventually(lambda: page.panel() is None, "Esc to close the panel")


def test_a_part_that_stands_out(couple: Couple, scheme: Scheme, axe: str, shoot: Shoot) -> None:
    """A photograph of which one part went through a generator's decoder: the map is bright there, and the words say so.

    Which parts are told is the released localiser's matter: one that is calibrated anew may need another picture.
    """
    with Site() as site:
        site.image("/part", SPLICED.read_bytes(), "image/png")
        page = couple.browser.open(
            site.page(
                "/one", f'<style>{STYLE}</style><h1>One picture</h1><div><img id="part" src="/part" alt=""></div>'
            )
        )
        page.check_from_menu("#part")
        eventually(lambda: settled(page), "the badge")
        panel = open_panel(page, 0, "One part stands out, at the bottom")
        page.screenshot(shoot(f"panel-part-{scheme}-{couple.browser.name}"))
        assert complaints(panel, axe) == []
        page.close()


def test_popup(couple: Couple, gallery: Gallery, axe: str, shoot: Shoot) -> None:
    popup = open_popup(couple.browser, gallery.page)
    eventually(lambda: popup.evaluate("document.querySelectorAll('#counts li').length") >= 2, "the counts")
    eventually(
        lambda: popup.evaluate("document.querySelector('#companion-title').textContent"), "the companion's state"
    )
    picture = shoot(f"popup-{gallery.name}")
    size = popup.evaluate("(box => [box.right, box.bottom])(document.body.getBoundingClientRect())")
    examine(popup, axe, picture)
    with Image.open(picture) as whole:
        whole.crop((0, 0, round(size[0]), round(size[1]))).save(picture)


def test_history_and_full_report(couple: Couple, gallery: Gallery, axe: str, shoot: Shoot) -> None:
    history = HistoryPage(couple.browser)
    eventually(lambda: history.count() >= 3, "the past checks")
    report = history.page.evaluate("document.querySelector('#list a').href")
    examine(history.page, axe, shoot(f"history-{gallery.name}"))
    page = open_column(couple, report.split("/", 3)[3])
    eventually(lambda: page.evaluate("document.querySelectorAll('#report section').length") > 3, "the report")
    examine(page, axe, shoot(f"report-{gallery.name}"), whole=True)


def open_column(couple: Couple, path: str) -> Page:
    """A page of one column, in a window that is not much wider: its picture shows all of it."""
    couple.browser.resize(860, 800)
    page = couple.browser.open_extension(path)
    couple.browser.resize(1280, 800)
    return page


def test_options(couple: Couple, scheme: Scheme, axe: str, shoot: Shoot) -> None:
    page = open_column(couple, "options/options.html")
    eventually(lambda: page.evaluate("document.querySelectorAll('#sites li').length") > 10, "the options")
    filled = "document.querySelector('#companion').textContent && !document.querySelector('#verdicts').hidden"
    eventually(lambda: page.evaluate(f"{filled} && document.querySelectorAll('#shortcuts dt').length"), "all of it")
    examine(page, axe, shoot(f"options-{scheme}-{couple.browser.name}"), whole=True)


def test_welcome(couple: Couple, scheme: Scheme, axe: str, shoot: Shoot) -> None:
    page = open_column(couple, "welcome/welcome.html")
    eventually(lambda: tone(page, "pair") == "good", "the page to know the pairing")
    examine(page, axe, shoot(f"welcome-{scheme}-{couple.browser.name}"), whole=True)


def examine(page: Page, axe: str, picture: Path, *, whole: bool = False) -> None:
    page.screenshot(picture, whole=whole)
    assert complaints(page, axe) == []
    page.close()
