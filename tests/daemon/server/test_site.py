"""The settings page: opened by a link that works once, shown in a real browser."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from naturaltrace.server.problems import Problem
from naturaltrace.server.sessions import KEY_LIFE_S, SESSION_LIFE_S, Sessions
from naturaltrace.storage.paths import DataFolder
from tests.daemon.images import encoded, photo
from tests.daemon.programs import naturaltrace, running
from tests.daemon.server.test_pairing import Clock
from tests.daemon.serving import Served
from tests.needs import needs, needs_program


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(clock)


def slug_of(sessions: Sessions, key: str) -> str:
    try:
        sessions.begin(key)
    except Problem as problem:
        return problem.slug
    return "begun"


def test_a_link_begins_one_session(sessions: Sessions) -> None:
    token = sessions.begin(sessions.open())
    assert sessions.match(token)
    assert not sessions.match(token + "x")
    assert not sessions.match("")


def test_a_link_that_comes_twice_ends_the_session_that_it_began(sessions: Sessions) -> None:
    key = sessions.open()
    thief = sessions.begin(key)
    assert slug_of(sessions, key) == "link-used"
    assert not sessions.match(thief)
    assert slug_of(sessions, key) == "link-old"


def test_a_link_grows_old(sessions: Sessions, clock: Clock) -> None:
    key = sessions.open()
    clock.now += KEY_LIFE_S
    assert slug_of(sessions, key) == "link-old"


def test_a_session_ends_by_itself(sessions: Sessions, clock: Clock) -> None:
    token = sessions.begin(sessions.open())
    clock.now += SESSION_LIFE_S
    assert not sessions.match(token)


def test_many_links_do_not_pile_up(sessions: Sessions) -> None:
    first = sessions.begin(sessions.open())
    for _ in range(20):
        sessions.open()
    assert not sessions.match(first)


async def test_a_session_may_do_what_this_user_may(served: Served) -> None:
    async with served.http.post(f"{served.url}/v1/control/link", headers=served.control) as answer:
        url = (await answer.json())["url"]
    key = url.partition("#")[2]
    async with served.http.post(f"{served.url}/v1/session", json={"key": key}) as answer:
        bearer = {"Authorization": f"Bearer {(await answer.json())['token']}"}
    for path in ("/v1/stats", "/v1/control/browsers", "/v1/history"):
        async with served.http.get(served.url + path, headers=bearer) as answer:
            assert answer.status == 200
    async with served.http.post(f"{served.url}/v1/session", json={"key": key}) as answer:
        assert answer.status == 403
    async with served.http.get(f"{served.url}/v1/stats", headers=bearer) as answer:
        assert answer.status == 401


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js", "/api.js", "/show.js", "/icon.svg"])
async def test_the_page_is_public_and_may_load_nothing_from_elsewhere(served: Served, path: str) -> None:
    async with served.http.get(served.url + path) as answer:
        text = await answer.text()
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert not re.search(r"(src|href)=[\"']https?:", text)
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/index.html", "/../guard.py", "/page/index.html", "/%2e%2e/guard.py", "/app.py"])
async def test_no_other_file_can_be_had(served: Served, path: str) -> None:
    async with served.http.get(served.url + path, headers=served.bearer) as answer:
        assert answer.status == 404


# --- in a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture
def chromium() -> Iterator[Any]:
    program = needs_program("chromium")
    needs("playwright.sync_api", "dev")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, timeout=120_000)
        yield browser
        browser.close()


def accept(dialog: Any) -> None:
    dialog.accept()


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_a_person_uses_the_settings_page(chromium: Any, folder: DataFolder, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(encoded(photo(), "PNG"))
    config = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    with running("--data-dir", folder.root, env=config) as (_, ready):
        page = chromium.new_page()
        page.set_default_timeout(60_000)
        errors: list[Any] = []

        def note(error: Any) -> None:
            errors.append(error)

        page.on("pageerror", note)
        page.goto(f"http://127.0.0.1:{ready['port']}/")
        page.get_by_text("This page is locked").wait_for()

        link = naturaltrace("settings", "--print", "--data-dir", folder.root).stdout.strip()
        page.goto(link)
        page.reload()  # the link's key has left the address: the session goes on in this tab
        page.get_by_role("heading", name="Check an image").wait_for()
        assert "#" not in page.url

        page.set_input_files("#file", str(picture))
        page.locator("#verdict .level").wait_for()
        page.locator("#history li img:not([hidden])").wait_for()
        page.get_by_role("button", name="Pair a browser").click()
        page.locator("#code").get_by_text(re.compile(r"\d{3} \d{3}")).wait_for()
        page.get_by_role("button", name="Pause 1 hour").click()
        page.get_by_text("Paused for 60 min").wait_for()
        page.get_by_role("button", name="Resume", exact=True).click()
        page.locator("#status").get_by_text("Running").wait_for()
        page.get_by_label("Start when I log in").check()
        page.locator("#settings-said").get_by_text("Saved.").wait_for()
        assert (tmp_path / "config/autostart/naturaltrace.desktop").exists()
        if shots := os.environ.get("NATURALTRACE_SHOTS"):
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=f"{shots}/settings-{scheme}.png", full_page=True)
        page.on("dialog", accept)
        page.get_by_role("button", name="Forget everything").click()
        page.locator("#history").get_by_text("Nothing here.").wait_for()
        assert errors == []
