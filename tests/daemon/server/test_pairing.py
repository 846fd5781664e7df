"""The six-digit code: one use, two minutes, five tries, and not too fast."""

import asyncio
from typing import Any

import pytest

from naturaltrace.server.pairing import CODE_LIFE_S, MAX_TRIES, RATE_TRIES, RATE_WINDOW_S, Pairing
from naturaltrace.server.problems import Problem
from tests.daemon.serving import Served


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pairing(clock: Clock) -> Pairing:
    return Pairing(clock)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def slug_of(pairing: Pairing, guess: str) -> str:
    try:
        pairing.redeem(guess)
    except Problem as problem:
        return problem.slug
    return "paired"


def test_a_code_has_six_digits(pairing: Pairing) -> None:
    for _ in range(50):
        code = pairing.open()
        assert len(code) == 6
        assert code.isdigit()


def test_a_code_works_once(pairing: Pairing) -> None:
    code = pairing.open()
    assert slug_of(pairing, code) == "paired"
    assert slug_of(pairing, code) == "no-code"


def test_a_code_dies_after_two_minutes(pairing: Pairing, clock: Clock) -> None:
    code = pairing.open()
    clock.now += CODE_LIFE_S - 0.1
    assert pairing.code == code
    clock.now += 0.1
    assert slug_of(pairing, code) == "no-code"


def test_a_code_dies_with_the_fifth_wrong_guess(pairing: Pairing) -> None:
    code = pairing.open()
    for _ in range(MAX_TRIES):
        assert slug_of(pairing, wrong(code)) == "wrong-code"
    assert slug_of(pairing, code) == "no-code"


def test_four_wrong_guesses_leave_one(pairing: Pairing) -> None:
    code = pairing.open()
    for _ in range(MAX_TRIES - 1):
        slug_of(pairing, wrong(code))
    assert slug_of(pairing, code) == "paired"


def test_a_new_code_ends_the_old_one(pairing: Pairing) -> None:
    old = pairing.open()
    new = pairing.open()
    while new == old:
        new = pairing.open()
    assert slug_of(pairing, old) == "wrong-code"
    assert slug_of(pairing, new) == "paired"


def test_guessing_is_slowed_down_for_everyone_together(pairing: Pairing, clock: Clock) -> None:
    for _ in range(RATE_TRIES):
        slug_of(pairing, "000000")
    code = pairing.open()
    assert slug_of(pairing, code) == "rate-limited"
    clock.now += RATE_WINDOW_S
    assert slug_of(pairing, pairing.open()) == "paired"


@pytest.mark.parametrize("guess", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "0" * 3000, "-00001", "1e5"])
def test_odd_guesses_are_merely_wrong(pairing: Pairing, guess: str) -> None:
    pairing.open()
    assert slug_of(pairing, guess) == "wrong-code"


# --- over HTTP -------------------------------------------------------------------------------------------------------


async def pair(served: Served, document: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    async with served.http.post(f"{served.url}/v1/pair", json=document, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_a_browser_is_paired_and_let_in(served: Served) -> None:
    code = served.pairing.open()
    status, answer = await pair(served, {"code": f"{code[:3]} {code[3:]}", "name": "Firefox on this computer"})
    assert status == 200
    assert answer["name"] == "Firefox on this computer"
    sent = {"Authorization": f"Bearer {answer['token']}"}
    async with served.http.get(f"{served.url}/v1/health", headers=sent) as health:
        assert (await health.json())["paired"] is True
    async with served.http.post(f"{served.url}/v1/check", data=b"x", headers=sent) as checked:
        assert checked.status == 422


async def test_each_browser_gets_a_token_and_a_name_of_its_own(served: Served) -> None:
    answers = [(await pair(served, {"code": served.pairing.open(), "name": "Chrome"}))[1] for _ in range(3)]
    assert [answer["name"] for answer in answers] == ["Chrome", "Chrome (2)", "Chrome (3)"]
    assert len({answer["token"] for answer in answers}) == 3


async def test_a_wrong_code_says_how_many_tries_are_left(served: Served) -> None:
    code = served.pairing.open()
    status, problem = await pair(served, {"code": wrong(code), "name": "x"})
    assert (status, problem["type"], problem["tries_left"]) == (403, "urn:naturaltrace:problem:wrong-code", 4)


async def test_half_a_surrogate_pair_is_no_code(served: Served) -> None:
    served.pairing.open()
    status, problem = await pair(served, {"code": "\ud800", "name": "x"})
    assert (status, problem["type"]) == (400, "urn:naturaltrace:problem:not-json")


async def test_without_an_open_code_nobody_is_paired(served: Served) -> None:
    status, problem = await pair(served, {"code": "000000", "name": "x"})
    assert (status, problem["type"]) == (403, "urn:naturaltrace:problem:no-code")


async def test_only_one_of_many_at_once_gets_in(served: Served) -> None:
    code = served.pairing.open()
    answers = await asyncio.gather(*(pair(served, {"code": code, "name": "x"}) for _ in range(10)))
    assert sorted(status for status, _ in answers) == [200] + [403] * 9


async def test_a_name_is_shown_as_one_harmless_line(served: Served) -> None:
    name = "Fire\x1b[31mfox\r\n\u202eevil\u2028  \0 <b>" + "x" * 300
    _, answer = await pair(served, {"code": served.pairing.open(), "name": name})
    assert answer["name"].isprintable()
    assert len(answer["name"]) <= 60
    assert "\u202e" not in answer["name"]


@pytest.mark.parametrize(
    "document", [[], "123456", 5, {}, {"code": 123456}, {"code": "123456", "name": 5}, {"code": None}]
)
async def test_malformed_requests_use_no_try_up(served: Served, document: Any) -> None:
    code = served.pairing.open()
    assert (await pair(served, document))[0] == 400
    assert served.pairing.code == code


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_what_a_page_could_send_unasked_is_refused(served: Served, kind: str) -> None:
    body = f'{{"code": "{served.pairing.open()}", "name": "x"}}'
    headers = {"Content-Type": kind}
    async with served.http.post(f"{served.url}/v1/pair", data=body.encode(), headers=headers) as answer:
        assert answer.status == 415
    assert served.pairing.code is not None


async def test_a_long_request_is_refused(served: Served) -> None:
    status, _ = await pair(served, {"code": "123456", "name": "x" * 5000})
    assert status == 413


async def test_deep_nesting_is_refused(served: Served) -> None:
    headers = {"Content-Type": "application/json"}
    async with served.http.post(f"{served.url}/v1/pair", data=b"[" * 4000, headers=headers) as answer:
        assert answer.status == 400


async def test_pages_cannot_pair(served: Served) -> None:
    code = served.pairing.open()
    status, problem = await pair(served, {"code": code, "name": "x"}, Origin="https://evil.example")
    assert (status, problem["type"]) == (403, "urn:naturaltrace:problem:wrong-origin")
    assert served.pairing.code == code


# --- control ---------------------------------------------------------------------------------------------------------


async def test_this_users_programs_open_codes_and_forget_browsers(served: Served) -> None:
    async with served.http.post(f"{served.url}/v1/control/code", headers=served.control) as answer:
        document = await answer.json()
    assert document == {"code": served.pairing.code, "expires_in": 120}
    async with served.http.get(f"{served.url}/v1/control/browsers", headers=served.control) as answer:
        text = await answer.text()
        browsers = (await answer.json())["browsers"]
    assert [browser["name"] for browser in browsers] == ["Test browser"]
    assert "sha256" not in text
    async with served.http.delete(
        f"{served.url}/v1/control/browsers/{served.client_id}", headers=served.control
    ) as answer:
        assert answer.status == 204
    async with served.http.delete(
        f"{served.url}/v1/control/browsers/{served.client_id}", headers=served.control
    ) as answer:
        assert answer.status == 404
