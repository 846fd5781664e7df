"""The settings page's way in: a link that works once, made by this user's own programs.

The link's key stands behind `#`, so it reaches no log and no other site. It may be seen for a moment in the list of
processes, as the browser's argument. So a key that comes a second time ends the session that it began: a thief who is
quicker than the browser is thrown out as soon as the browser arrives, and the user is told.
"""

import hmac
import logging
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from naturaltrace.server.access import Access
from naturaltrace.server.json_body import small_json
from naturaltrace.server.problems import Problem
from naturaltrace.server.routes import add_route

_log = logging.getLogger(__name__)

KEY_LIFE_S = 60.0
SESSION_LIFE_S = 12 * 3600.0
MAX_OPEN = 8
_SECTION = re.compile(r"[a-z]{1,20}")


@dataclass(slots=True)
class _Link:
    key: str
    made: float
    token: str | None = None  # of the session that it began


class Sessions:
    """Sessions live in memory only. `clock` gives seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._links: list[_Link] = []

    def open(self) -> str:
        """A key for one link; the oldest sessions end where there are too many."""
        link = _Link(secrets.token_urlsafe(32), self._clock())
        self._links = [*self._links, link][-MAX_OPEN:]
        return link.key

    def begin(self, key: str) -> str:
        """Exchange a key for a session's token. Raises Problem `link-used` or `link-old` (both 403)."""
        link = next((link for link in self._links if hmac.compare_digest(link.key.encode(), key.encode())), None)
        if link is None:
            raise Problem(403, "link-old", "This link no longer works. Open the settings from Natural Trace again.")
        if link.token is not None:
            self._links.remove(link)
            _log.warning("a link to the settings page was used twice; the session that it began was ended")
            raise Problem(
                403, "link-used", "This link was used before. Its session was ended; open the settings again."
            )
        if self._clock() - link.made >= KEY_LIFE_S:
            self._links.remove(link)
            raise Problem(403, "link-old", "This link no longer works. Open the settings from Natural Trace again.")
        link.token = "nts_" + secrets.token_urlsafe(32)
        return link.token

    def match(self, token: str) -> bool:
        """Whether `token` belongs to a session that still runs; each is compared in constant time."""
        now, found = self._clock(), False
        for link in self._links:
            if link.token is not None and hmac.compare_digest(link.token.encode(), token.encode()):
                found = now - link.made < SESSION_LIFE_S
        return found


SESSIONS = web.AppKey("sessions", Sessions)


async def begin(request: web.Request) -> web.Response:
    key = (await small_json(request)).get("key")
    if not isinstance(key, str):
        raise Problem(400, "bad-request", "`key` must be text.")
    return web.json_response({"token": request.app[SESSIONS].begin(key)})


async def make_link(request: web.Request) -> web.Response:
    # Host is one of ours: the guard has seen to that. A section of the page may be named after the key.
    section = request.query.get("section", "")
    if section and not _SECTION.fullmatch(section):
        raise Problem(400, "bad-request", "`section` must be a short word.")
    key = request.app[SESSIONS].open() + (f"/{section}" if section else "")
    return web.json_response({"url": f"http://{request.headers['Host']}/#{key}"})


def setup_sessions(app: web.Application, sessions: Sessions) -> None:
    app[SESSIONS] = sessions
    add_route(app, "POST", "/v1/session", begin, access=Access.PUBLIC)
    add_route(app, "POST", "/v1/control/link", make_link, access=Access.CONTROL)
