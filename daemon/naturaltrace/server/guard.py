"""The guard: four rules in a fixed order, all decided on the headers, before a byte of any body is read.

1. `Host` names this machine and this port (against DNS rebinding).
2. `Sec-Fetch-Site`, where present, is `none` (a permitted extension in Chromium) or `same-origin` (in Firefox).
3. `Origin`, where present, is a browser extension's or our own.
4. The bearer token, compared in constant time.

Origin is no proof of identity: another extension can forge it in Chromium. No `Access-Control-*` header is ever sent,
so no page can read an answer even where a request gets this far.
"""

import hmac
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler

from naturaltrace.server.access import Access, access_of
from naturaltrace.server.problems import Problem
from naturaltrace.storage.clients import Client, Clients

_EXTENSION = re.compile(r"chrome-extension://[a-p]{32}|moz-extension://[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_QUIET_SITES = ("none", "same-origin")
MAX_TOKEN = 256


@dataclass(slots=True)
class Gate:
    """What the guard needs to know. `port` is set once the socket is bound; `refusals` counts by reason."""

    clients: Clients
    control_key: str
    port: int = 0
    is_session: Callable[[str], bool] = lambda _token: False
    refusals: Counter[str] = field(default_factory=Counter[str])

    @property
    def hosts(self) -> tuple[str, ...]:
        return (f"127.0.0.1:{self.port}", f"localhost:{self.port}", f"[::1]:{self.port}")


GATE = web.AppKey("gate", Gate)
CLIENT = web.RequestKey("client", Client)


def setup_guard(app: web.Application, gate: Gate) -> None:
    app[GATE] = gate
    app.middlewares.append(guard_middleware)


@web.middleware
async def guard_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    admit(request)
    return await handler(request)


async def expect_handler(request: web.Request) -> web.StreamResponse | None:
    """`Expect: 100-continue`: the client may send its body only once the guard has let it in."""
    try:
        admit(request)
    except Problem as problem:
        return problem.response()
    if request.headers.get("Expect", "").lower() != "100-continue":
        return Problem(417, "expectation", "Only 100-continue is understood.", close=True).response()
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0
    return None


def admit(request: web.Request) -> None:
    """Apply the four rules. Raises Problem; on success a paired browser's request carries its `CLIENT`."""
    gate = request.app[GATE]
    try:
        _check_host(request, gate)
        _check_site(request)
        _check_origin(request)
        _check_token(request, gate)
    except Problem as problem:
        gate.refusals[problem.slug] += 1
        raise


def _check_host(request: web.Request, gate: Gate) -> None:
    host = _single(request, "Host")
    # request.host is the request line's own where that is absolute: both must be ours.
    if host is None or host.lower() not in gate.hosts or request.host.lower() not in gate.hosts:
        raise _refuse(403, "wrong-host", "This address is not Natural Trace's.")


def _check_site(request: web.Request) -> None:
    site = _single(request, "Sec-Fetch-Site")
    if site is not None and site not in _QUIET_SITES:
        raise _refuse(403, "cross-site", "Web pages may not call Natural Trace.")


def _check_origin(request: web.Request) -> None:
    origin = _single(request, "Origin")
    if origin is None or _EXTENSION.fullmatch(origin):
        return
    if origin != f"http://{request.headers['Host'].lower()}":
        raise _refuse(403, "wrong-origin", "Web pages may not call Natural Trace.")


def _check_token(request: web.Request, gate: Gate) -> None:
    access = access_of(request)
    if access is Access.PUBLIC:
        return
    token = bearer(request)
    if token is None:
        raise _refuse(401, "no-token", "This browser is not paired with Natural Trace yet.")
    if gate.is_session(token):
        return
    if access is Access.CONTROL:
        if not hmac.compare_digest(token.encode(), gate.control_key.encode()):
            raise _refuse(401, "wrong-token", "This key is not the running companion's.")
        return
    client = gate.clients.match(token)
    if client is None:
        raise _refuse(401, "wrong-token", "This browser's pairing is no longer valid; pair it again.")
    request[CLIENT] = client


def bearer(request: web.Request) -> str | None:
    """The bearer token, or None. Never taken from an address or a cookie."""
    value = _single(request, "Authorization")
    if value is None:
        return None
    scheme, _, token = value.partition(" ")
    if scheme.lower() != "bearer" or not token.isascii() or not 0 < len(token) <= MAX_TOKEN:
        return None
    return token


def _single(request: web.Request, name: str) -> str | None:
    values = request.headers.getall(name, [])
    if len(values) > 1:
        raise _refuse(400, "repeated-header", f"The header {name} may be sent only once.")
    return values[0] if values else None


def _refuse(status: int, slug: str, detail: str) -> Problem:
    return Problem(status, slug, detail, close=True)
