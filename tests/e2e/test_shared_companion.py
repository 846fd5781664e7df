"""A companion that several people share: its address is typed, its certificate believed, and images go there alone."""

import json
import ssl
import urllib.request
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from automatic import open_popup
from browsers import BROWSERS, Browser, Page, eventually
from companion import Companion
from pairing import open_welcome, pair, tone, words
from shared import SharedCompanion
from site_server import Reply, Site
from test_accessibility import axe, complaints
from tls import Tls, make_tls
from web import Web

from conftest import start_browser
from naturaltrace.team.people import Role

__all__ = ["axe"]

Shoot = Callable[[str], Path]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return make_tls(tmp_path_factory.mktemp("believed"))


@pytest.fixture(scope="module")
def shared(tls: Tls, tmp_path_factory: pytest.TempPathFactory) -> Generator[SharedCompanion]:
    with SharedCompanion(tmp_path_factory.mktemp("shared"), tls) as running:
        yield running


@pytest.fixture(params=BROWSERS)
def believing(request: pytest.FixtureRequest, tls: Tls) -> Generator[Browser]:
    """A browser that believes the tests' authority and nobody else that nobody vouches for."""
    with start_browser(request.param, trust=tls.authority) as browser:
        yield browser


def open_form(page: Page) -> None:
    if not page.evaluate("document.querySelector('#shared-details').open"):
        page.click("#shared-details summary")


def share(page: Page, address: str, secret: str) -> None:
    open_form(page)
    page.type("#address", address)
    page.type("#secret", secret)
    page.click("#shared-form button")


def said(page: Page) -> str:
    return words(page, "shared")


def a_code(shared: SharedCompanion, tls: Tls) -> str:
    """As an administrator gets one."""
    client, token = shared.people.add("Code giver", Role.ADMIN)
    headers = {"Authorization": f"Bearer {token}"}
    asked = urllib.request.Request(f"{shared.address}/v1/team/code", b"", headers)
    context = ssl.create_default_context(cafile=str(tls.authority))
    with urllib.request.urlopen(asked, timeout=60, context=context) as answer:
        code = json.load(answer)["code"]
    shared.people.revoke(client.id)
    return code


def checks(shared: SharedCompanion) -> list[str]:
    return [entry["user"] for entry in shared.log() if entry["action"] == "check"]


def test_an_address_is_typed_and_images_go_there_until_one_click_leads_back(
    believing: Browser,
    shared: SharedCompanion,
    companion: Companion,
    tls: Tls,
    gallery: str,
    axe: str,
    shoot: Shoot,
) -> None:
    name = f"{{}}-{believing.name}".format
    pair(believing, companion)
    below = "innerHeight - document.querySelector('#shared-status').getBoundingClientRect().bottom"
    for scheme in ("dark", "light"):
        believing.set_scheme(scheme)
        page = open_welcome(believing)
        share(page, shared.address, "12")
        eventually(lambda at=page: "six-digit" in said(at), "what is neither code nor token to be refused")
        eventually(lambda at=page: at.evaluate(below) > -1, "the reason in view")  # a scroll ends on whole pixels
        page.screenshot(shoot(name(f"welcome-shared-form-{scheme}")))
        assert complaints(page, axe) == [], scheme
        if scheme == "dark":
            page.close()
    share(page, "http://127.0.0.1:7345", "123456")
    eventually(lambda: "https://" in said(page), "an address without encryption to be refused")
    share(page, shared.address, a_code(shared, tls))
    eventually(lambda: shared.address in words(page, "companion"), "the shared companion to be used")
    assert tone(page, "companion") == tone(page, "pair") == "good"
    assert shared.address in page.evaluate("document.querySelector('#privacy-line').textContent")
    page.screenshot(shoot(name("welcome-shared")))
    assert complaints(page, axe) == []

    before = len(checks(shared))
    tab = believing.open(gallery)
    tab.check_from_menu("#made")
    eventually(lambda: [b.level for b in tab.badges()] == ["ai"], "the verdict of the shared companion")
    assert len(checks(shared)) == before + 1
    tab.click_badge()
    panel = eventually(tab.panel, "the details")
    eventually(lambda: shared.address in _text(panel), "the panel to say where the image was judged")
    assert "this computer" not in _text(panel)
    assert panel.evaluate("document.querySelector('.feedback')") is None
    popup = open_popup(believing, tab)
    eventually(lambda: shared.address in _text(popup), "the popup to say where images go")
    popup.close()
    options = believing.open_extension("options/options.html")
    eventually(lambda: _text(options).count(shared.address) >= 2, "the options page to say so")
    assert complaints(options, axe) == []
    options.close()

    page.bring_to_front()
    page.click("#shared-back")
    eventually(lambda: f"port {companion.port}" in words(page, "companion"), "this computer's companion to be used")
    assert tone(page, "pair") == "good", "its own pairing was kept"
    tab.bring_to_front()
    tab.check_from_menu("#photo")
    eventually(lambda: len([b for b in tab.badges() if b.level != "checking"]) == 2, "a verdict of its own companion")
    assert len(checks(shared)) == before + 1
    page.close()
    tab.close()


def test_a_token_pairs_and_what_goes_wrong_is_said(
    believing: Browser, shared: SharedCompanion, site: Site, gallery: str
) -> None:
    client, token = shared.people.add("Bo", Role.USER)
    page = open_welcome(believing)
    # Somebody else's certificate, no companion at all, a token that nobody has.
    with Web() as stranger:
        stranger.answers.append(lambda _host, _path: Reply(b"{}", "application/json"))
        address = f"https://127.0.0.1:{stranger.port}"
        share(page, address, token)
        # With a certificate that is believed it would read “No Natural Trace there”.
        eventually(lambda: "certificate" in said(page), "an unknown certificate to be refused")
        assert page.evaluate("document.querySelector('#shared-try').href") == f"{address}/v1/health"
        assert not page.evaluate("document.querySelector('#shared-try').hidden")
        assert stranger.asked == []
    share(page, site.page("/", "").replace("http:", "https:"), token)
    eventually(lambda: tone(page, "shared") == "bad" and "not reached" in said(page), "no companion there")
    share(page, shared.address, "nt1_" + "x" * 43)
    eventually(lambda: "don’t fit" in said(page), "a token that nobody has to be refused")

    share(page, shared.address, token)
    eventually(lambda: shared.address in words(page, "companion"), "the token to pair")
    tab = believing.open(gallery)
    tab.check_from_menu("#made")
    assert eventually(lambda: [b for b in tab.badges() if b.level != "checking"], "a verdict")[0].level == "ai"
    assert checks(shared)[-1] == "Bo"

    shared.people.revoke(client.id)
    page.bring_to_front()
    eventually(lambda: "does not know this browser" in words(page, "companion"), "the page to notice the removal")
    shared.stop()
    try:
        eventually(lambda: "not reached" in words(page, "companion"), "the page to notice that it is gone")
        assert not page.evaluate("document.querySelector('#shared-open').hidden")
        tab.bring_to_front()
        tab.check_from_menu("#photo")
        eventually(lambda: "problem" in [b.level for b in tab.badges()], "a check without an answer")
    finally:
        shared.start()
    page.close()
    tab.close()


def _text(page: Page) -> str:
    return page.evaluate("document.body?.innerText ?? ''")
