"""The settings page: opened by a link that works once. In real browsers: tests/e2e/test_settings_page.py."""

import re

import pytest

from naturaltrace.server.problems import Problem
from naturaltrace.server.sessions import KEY_LIFE_S, SESSION_LIFE_S, Sessions
from naturaltrace.server.site import FILES
from tests.daemon.server.test_pairing import Clock
from tests.daemon.serving import Served


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


@pytest.mark.parametrize("path", FILES)
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
