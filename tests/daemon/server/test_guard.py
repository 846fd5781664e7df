"""Who gets in, and what those are told who don't. Each refusal must come before any body is read."""

import asyncio
from dataclasses import dataclass, field

import pytest

from tests.daemon.images import encoded, photo
from tests.daemon.serving import CONTROL_KEY, Served

EXTENSION = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
FIREFOX = "moz-extension://11111111-2222-4333-8444-555555555555"


@dataclass(frozen=True)
class Attack:
    """Headers are sent as they are; PORT and TOKEN are put in. `host` None leaves the header out."""

    name: str
    status: int
    slug: str
    host: str | None = "127.0.0.1:PORT"
    headers: tuple[tuple[str, str], ...] = (("Authorization", "Bearer TOKEN"),)
    line: str = "POST /v1/check HTTP/1.1"
    extra: tuple[tuple[str, str], ...] = field(default=())

    def __str__(self) -> str:
        return self.name


def host(name: str, value: str | None) -> Attack:
    status, slug = (403, "wrong-host") if value is not None else (400, "")
    return Attack(f"host: {name}", status, slug, host=value)


def site(value: str) -> Attack:
    return Attack(f"fetch site: {value}", 403, "cross-site", extra=(("Sec-Fetch-Site", value),))


def origin(name: str, value: str) -> Attack:
    return Attack(f"origin: {name}", 403, "wrong-origin", extra=(("Origin", value),))


def token(name: str, *values: str, slug: str = "no-token") -> Attack:
    status = 400 if slug == "repeated-header" else 401
    return Attack(f"token: {name}", status, slug, headers=tuple(("Authorization", v) for v in values))


ATTACKS = [
    host("another name (DNS rebinding)", "evil.example:PORT"),
    host("another name without port", "evil.example"),
    host("our address without port", "127.0.0.1"),
    host("another port", "127.0.0.1:1"),
    host("all interfaces", "0.0.0.0:PORT"),
    host("another loopback address", "127.0.0.2:PORT"),
    host("loopback as one number", "2130706433:PORT"),
    host("loopback in short", "127.1:PORT"),
    host("loopback in hex", "0x7f.0.0.1:PORT"),
    host("our name inside another", "127.0.0.1.evil.example:PORT"),
    host("our name after a sign-in part", "127.0.0.1:PORT@evil.example"),
    host("another name after a sign-in part", "evil.example@127.0.0.1:PORT"),
    host("localhost with a dot", "localhost.:PORT"),
    host("a name under localhost", "evil.localhost:PORT"),
    host("IPv4 inside IPv6", "[::ffff:127.0.0.1]:PORT"),
    host("empty", ""),
    host("missing", None),
    Attack("host: twice", 400, "", extra=(("Host", "evil.example"),)),
    Attack("host: another in the request line", 403, "wrong-host", line="POST http://evil.example/v1/check HTTP/1.1"),
    site("cross-site"),
    site("same-site"),
    site("anything"),
    site(""),
    Attack("fetch site: twice", 400, "repeated-header", extra=(("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "none"))),
    origin("a web page", "https://evil.example"),
    origin("a page on this machine", "http://127.0.0.1:3000"),
    origin("a page on localhost", "http://localhost:3000"),
    origin("null (sandboxed frame, file)", "null"),
    origin("empty", ""),
    origin("a file", "file://"),
    origin("no extension id", "chrome-extension://"),
    origin("a malformed extension id", "chrome-extension://abcdefghijklmnopabcdefghijklmnoz"),
    origin("an extension id with more behind it", EXTENSION + ".evil.example"),
    origin("a page that names an extension", "https://chrome-extension.example"),
    origin("a malformed Firefox id", "moz-extension://not-a-uuid"),
    origin("our name with another port", "http://127.0.0.1:1"),
    origin("our port over https", "https://127.0.0.1:PORT"),
    Attack("origin: twice", 400, "repeated-header", extra=(("Origin", EXTENSION), ("Origin", FIREFOX))),
    token("missing"),
    token("empty", "Bearer "),
    token("without scheme", "TOKEN"),
    token("another scheme", "Basic TOKEN"),
    token("guessed", "Bearer nt1_0123456789012345678901234567890123456789012", slug="wrong-token"),
    token("cut by one", "Bearer TOKEN_CUT", slug="wrong-token"),
    token("longer by one", "Bearer TOKENx", slug="wrong-token"),
    token("very long", "Bearer " + "x" * 4000),
    token("not ASCII", "Bearer \xff\xfe"),
    token("twice", "Bearer TOKEN", "Bearer TOKEN", slug="repeated-header"),
    token("the control key, which opens other doors", f"Bearer {CONTROL_KEY}", slug="wrong-token"),
    Attack("token: in the address", 401, "no-token", headers=(), line="POST /v1/check?token=TOKEN HTTP/1.1"),
    Attack("token: as a cookie", 401, "no-token", headers=(("Cookie", "token=TOKEN; Authorization=Bearer TOKEN"),)),
    Attack("path: unknown, to learn what exists", 401, "no-token", headers=(), line="GET /v1/nothing HTTP/1.1"),
    Attack("path: upwards", 401, "no-token", headers=(), line="GET /../../etc/passwd HTTP/1.1"),
    Attack("path: upwards, encoded", 401, "no-token", headers=(), line="GET /v1/%2e%2e/%2e%2e/etc/passwd HTTP/1.1"),
    Attack("path: doubled slash", 401, "no-token", headers=(), line="POST //v1/check HTTP/1.1"),
    Attack("path: other case", 401, "no-token", headers=(), line="POST /V1/CHECK HTTP/1.1"),
    Attack("path: encoded letters", 401, "no-token", headers=(), line="POST /v1/%63heck HTTP/1.1"),
    Attack("method: override", 401, "no-token", headers=(("X-HTTP-Method-Override", "GET"),)),
    Attack(
        "preflight by a page",
        403,
        "wrong-origin",
        headers=(("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization")),
        extra=(("Origin", "https://evil.example"),),
        line="OPTIONS /v1/check HTTP/1.1",
    ),
    Attack("preflight without origin", 401, "no-token", headers=(), line="OPTIONS /v1/check HTTP/1.1"),
    Attack(
        "WebSocket from a page",
        403,
        "wrong-origin",
        headers=(("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")),
        extra=(("Origin", "https://evil.example"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")),
        line="GET /v1/check HTTP/1.1",
    ),
    Attack(
        "form post by a page",
        403,
        "cross-site",
        headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        extra=(("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")),
    ),
    Attack("control routes with a browser's token", 401, "wrong-token", line="POST /v1/control/code HTTP/1.1"),
    Attack("control routes without a key", 401, "no-token", headers=(), line="GET /v1/control/browsers HTTP/1.1"),
    Attack("forgetting everything with a browser's token", 401, "wrong-token", line="POST /v1/control/forget HTTP/1.1"),
    Attack(
        "settings by the control route with a browser's token",
        401,
        "wrong-token",
        line="PUT /v1/control/settings HTTP/1.1",
    ),
    Attack(
        "another trust list with a browser's token", 401, "wrong-token", line="PUT /v1/control/trust?name=x HTTP/1.1"
    ),
    Attack("a link to the settings with a browser's token", 401, "wrong-token", line="POST /v1/control/link HTTP/1.1"),
    Attack("folders and log's path without a key", 401, "no-token", headers=(), line="GET /v1/control/about HTTP/1.1"),
    Attack(
        "forgetting everything, by a form on a page",
        403,
        "cross-site",
        headers=(("Content-Type", "text/plain"),),
        extra=(("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")),
        line="POST /v1/control/forget HTTP/1.1",
    ),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
async def test_refused(served: Served, attack: Attack) -> None:
    def put_in(text: str) -> str:
        text = text.replace("TOKEN_CUT", served.token[:-1])
        return text.replace("TOKEN", served.token).replace("PORT", str(served.port))

    lines = [put_in(attack.line)]
    if attack.host is not None:
        lines.append(f"Host: {put_in(attack.host)}")
    lines += [f"{name}: {put_in(value)}" for name, value in (*attack.headers, *attack.extra)]
    # A body is announced and never sent: an answer proves that nobody waited for it.
    lines += ["Content-Length: 50000000", "", ""]
    answer = (await served.raw("\r\n".join(lines).encode("latin-1"))).decode("latin-1")
    assert answer.split(" ", 2)[1] == str(attack.status), answer
    if attack.slug:
        assert f"urn:naturaltrace:problem:{attack.slug}" in answer
    assert "access-control" not in answer.lower()
    assert served.token not in answer
    assert not served.detector.seen


def test_there_are_many_attacks() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 40


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "none", "Origin": EXTENSION},
        {"Sec-Fetch-Site": "same-origin", "Origin": FIREFOX},
    ],
    ids=["another program", "Chromium GET", "Chromium POST", "Firefox POST"],
)
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LocalHost", "[::1]"])
async def test_a_paired_extension_gets_in(served: Served, name: str, headers: dict[str, str]) -> None:
    sent = {**headers, **served.bearer, "Host": f"{name}:{served.port}"}
    async with served.http.post(f"{served.url}/v1/check", data=encoded(photo(), "PNG"), headers=sent) as answer:
        assert answer.status == 200
        assert not [header for header in answer.headers if header.lower().startswith("access-control")]


async def test_our_own_page_gets_in(served: Served) -> None:
    sent = {**served.bearer, "Origin": served.url, "Sec-Fetch-Site": "same-origin"}
    async with served.http.post(f"{served.url}/v1/check", data=encoded(photo(), "PNG"), headers=sent) as answer:
        assert answer.status == 200


async def test_a_body_is_asked_for_only_after_the_guard(served: Served) -> None:
    head = f"POST /v1/check HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nExpect: 100-continue\r\nContent-Length: 9\r\n"
    assert (await served.raw(f"{head}\r\n".encode())).startswith(b"HTTP/1.1 401 ")
    paired = f"{head}Authorization: Bearer {served.token}\r\n\r\n".encode()
    assert (await served.raw(paired)).startswith(b"HTTP/1.1 100 ")


async def test_a_revoked_browser_is_refused_at_once(served: Served) -> None:
    async with served.http.post(f"{served.url}/v1/check", data=b"x", headers=served.bearer) as answer:
        assert answer.status == 422
    served.gate.clients.revoke(served.client_id)
    async with served.http.post(f"{served.url}/v1/check", data=b"x", headers=served.bearer) as answer:
        assert answer.status == 401


async def test_answers_do_not_say_what_they_run_on(served: Served) -> None:
    async with served.http.get(f"{served.url}/v1/health") as answer:
        assert answer.headers["Server"] == "naturaltrace"
        assert "python" not in str(answer.headers).lower()


async def test_refusals_are_counted_by_reason(served: Served) -> None:
    await served.raw(b"GET /v1/health HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert served.gate.refusals["wrong-host"] == 1


async def test_a_thousand_refusals_leave_the_daemon_answering(served: Served) -> None:
    async def knock() -> None:
        async with served.http.post(f"{served.url}/v1/check", data=b"x" * 1000) as answer:
            assert answer.status == 401

    for _ in range(10):
        await asyncio.gather(*(knock() for _ in range(100)))
    async with served.http.post(
        f"{served.url}/v1/check", data=encoded(photo(), "PNG"), headers=served.bearer
    ) as answer:
        assert answer.status == 200
