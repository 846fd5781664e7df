"""Pairing: a six-digit code that this user's screen shows is exchanged for a token of the browser's own.

A code lives two minutes and dies with its first use or its fifth wrong guess; a new one exists only when the user asks
for it. Its last digit is the port's: whoever else listens on one of the ten ports, a browser that offers the code only
where the digit fits never hands it to them. So each code gives a guesser five chances in a hundred thousand.
"""

import hmac
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from aiohttp import web

from naturaltrace.server.access import Access
from naturaltrace.server.guard import GATE
from naturaltrace.server.json_body import small_json
from naturaltrace.server.problems import Problem
from naturaltrace.server.routes import add_route

_log = logging.getLogger(__name__)

CODE_LIFE_S = 120.0
MAX_TRIES = 5
# All callers share loopback's one address, so the rate is everyone's together.
RATE_TRIES, RATE_WINDOW_S = 20, 60.0


class Pairing:
    """The one code that is open at a time. `clock` gives seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, port: int | None = None) -> None:
        self._clock = clock
        self._port = port
        self._code: str | None = None
        self._opened = 0.0
        self._wrong = 0
        self._recent: deque[float] = deque()

    def open(self) -> str:
        """A fresh code; the one before it is worth nothing from now on."""
        last = secrets.randbelow(10) if self._port is None else self._port % 10
        self._code = f"{secrets.randbelow(100_000):05d}{last}"
        self._opened = self._clock()
        self._wrong = 0
        return self._code

    @property
    def code(self) -> str | None:
        """The code that is open now."""
        if self._code is not None and self._clock() - self._opened >= CODE_LIFE_S:
            self._code = None
        return self._code

    def redeem(self, guess: str) -> None:
        """Use the code up. Raises Problem `rate-limited` (429), `no-code` (403) or `wrong-code` (403)."""
        self._limit_rate()
        code = self.code
        if code is None:
            raise Problem(403, "no-code", "No pairing code is open. Ask Natural Trace for a new one.")
        if not hmac.compare_digest(guess.encode(), code.encode()):
            self._wrong += 1
            left = MAX_TRIES - self._wrong
            _log.warning("a wrong pairing code was tried (%d of %d)", self._wrong, MAX_TRIES)
            if left <= 0:
                self._code = None
            raise Problem(403, "wrong-code", "This is not the code that is shown.", members={"tries_left": left})
        self._code = None

    def _limit_rate(self) -> None:
        now = self._clock()
        while self._recent and now - self._recent[0] >= RATE_WINDOW_S:
            self._recent.popleft()
        if len(self._recent) >= RATE_TRIES:
            wait = RATE_WINDOW_S - (now - self._recent[0])
            raise Problem(429, "rate-limited", "Too many pairing attempts; wait a moment.", retry_after=int(wait) + 1)
        self._recent.append(now)


PAIRING = web.AppKey("pairing", Pairing)
# Called with a browser's name when it has been paired, so that the user sees it on this side too.
ON_PAIRED = web.AppKey("on_paired", list[Callable[[str], None]])


async def pair(request: web.Request) -> web.Response:
    code, name = _read(await small_json(request))
    request.app[PAIRING].redeem(code)
    client, token = request.app[GATE].clients.add(name, request.headers.get("Origin"))
    _log.info("a browser was paired (%s)", client.id)
    for tell in request.app[ON_PAIRED]:
        tell(client.name)
    return web.json_response({"token": token, "id": client.id, "name": client.name})


def _read(document: dict[str, Any]) -> tuple[str, str]:
    code, name = document.get("code"), document.get("name", "A browser")
    if not isinstance(code, str) or not isinstance(name, str):
        raise Problem(400, "bad-request", "`code` and `name` must be text.")
    # People type the code with the space that is shown in its middle.
    return code.replace(" ", ""), name


def setup_pairing(app: web.Application, pairing: Pairing) -> None:
    app[PAIRING] = pairing
    app[ON_PAIRED] = []
    add_route(app, "POST", "/v1/pair", pair, access=Access.PUBLIC)
