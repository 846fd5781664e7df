"""Fixtures: one companion and, per browser, one paired profile for the whole folder."""

import os
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from automatic import put_feed, turn_all_off, turn_on
from browsers import BROWSERS, Browser, BrowserMissing, Page, open_browser
from companion import Companion
from feeds import FeedPages
from pairing import pair
from pictures import declared_png, jpeg, photograph
from PIL import Image
from site_server import Site
from web import Web

from naturaltrace.provenance import trust
from tests.daemon.provenance.authority import Authority

# Real browsers on a slow machine with two cores.
SLOW_S = 300


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh-images",
        action="store_true",
        help="write the screenshots that tests take into docs/images/ as well",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(SLOW_S))


def start_browser(
    name: str,
    *,
    headless: bool = True,
    web_port: int | None = None,
    private: bool = False,
    trust: Path | None = None,
) -> Browser:
    """A browser, or a skip with the reason. In CI a missing browser is a failure: there it must be tested."""
    try:
        return open_browser(name, headless=headless, web_port=web_port, private=private, trust=trust)
    except BrowserMissing as error:
        if os.environ.get("NATURALTRACE_CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="package")
def companion(tmp_path_factory: pytest.TempPathFactory) -> Generator[Companion]:
    with Companion(tmp_path_factory.mktemp("companion")) as running:
        yield running


@pytest.fixture(scope="package", params=BROWSERS)
def browser(request: pytest.FixtureRequest, companion: Companion) -> Generator[Browser]:
    """A browser that is paired with the companion."""
    with start_browser(request.param) as started:
        pair(started, companion)
        yield started


@dataclass(frozen=True, slots=True)
class Couple:
    """A browser, allowed in private windows and on the tests' own web, and a companion that only it is paired with."""

    browser: Browser
    companion: Companion
    web: Web
    authority: Authority  # whom the companion believes


@pytest.fixture(scope="package")
def web() -> Generator[Web]:
    with Web() as running:
        running.answers.append(FeedPages())
        yield running


@pytest.fixture(scope="package", params=BROWSERS)
def couple(request: pytest.FixtureRequest, web: Web, tmp_path_factory: pytest.TempPathFactory) -> Generator[Couple]:
    """For flows that stop the companion, revoke the pairing or forget everything. Each leaves it paired and running."""
    authority, folder = Authority(), tmp_path_factory.mktemp("couple")
    trust.put(authority.pem.encode(), "tests.pem", folder, source="the tests' own authority")
    with (
        Companion(folder) as own,
        start_browser(request.param, web_port=web.port, private=True) as started,
    ):
        pair(started, own)
        yield Couple(started, own, web, authority)


@pytest.fixture(params=BROWSERS)
def fresh_browser(request: pytest.FixtureRequest) -> Generator[Browser]:
    """A browser on its first minute: nothing is paired."""
    with start_browser(request.param) as started:
        yield started


@pytest.fixture
def site() -> Generator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def feed(browser: Browser, site: Site) -> Generator[Page]:
    """A feed without posts yet, whose site is turned on for the length of a test."""
    page = browser.open(put_feed(site))
    turn_on(browser, page)
    yield page
    page.close()
    turn_all_off(browser)


@pytest.fixture
def gallery(site: Site) -> str:
    """A page with two photographs and a picture whose file says that it was generated."""
    site.image("/photo.jpg", jpeg(photograph("astronaut")))
    site.image("/cat.jpg", jpeg(photograph("chelsea")))
    site.image("/made.png", declared_png(photograph("coffee")), "image/png")
    style = (
        "body{margin:24px;font:16px sans-serif;color-scheme:light dark} img{width:360px;margin:8px;border-radius:6px}"
    )
    images = "".join(
        f'<img id="{name}" src="/{file}" alt="">'
        for name, file in [("photo", "photo.jpg"), ("made", "made.png"), ("cat", "cat.jpg")]
    )
    return site.page("/gallery", f"<style>{style}</style><h1>Three pictures</h1>{images}")


@pytest.fixture
def shoot(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Callable[[str], Path]]:
    """Where to put a screenshot of this name."""
    yield lambda name: tmp_path / f"{name}.png"
    if not request.config.getoption("--refresh-images"):
        return
    folder = Path(__file__).resolve().parents[2] / "docs/images"
    folder.mkdir(parents=True, exist_ok=True)
    for shot in sorted(tmp_path.glob("*.png")):
        with Image.open(shot) as picture:
            picture.convert("RGB").save(folder / f"{shot.stem}.webp", quality=80, method=6)
