"""`GET` and `PATCH /v1/settings`, and the pause."""

import time
from collections.abc import Callable
from dataclasses import asdict

from aiohttp import web

from naturaltrace.server.json_body import small_json
from naturaltrace.server.problems import Problem
from naturaltrace.server.routes import add_route
from naturaltrace.server.worker import Priority
from naturaltrace.storage.settings import BadSetting, SettingsFile


class Preferences:
    """The settings, and until when the user wants quiet. A pause ends with the daemon: it is no setting."""

    def __init__(self, settings: SettingsFile, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self._clock = clock
        self._paused_until: float | None = None

    def pause(self, seconds: float | None) -> None:
        """For so long; None until `resume`."""
        self._paused_until = float("inf") if seconds is None else self._clock() + seconds

    def resume(self) -> None:
        self._paused_until = None

    @property
    def paused_for(self) -> float | None:
        """Seconds that the pause still lasts (may be infinite); None when there is none."""
        if self._paused_until is None:
            return None
        left = self._paused_until - self._clock()
        return left if left > 0 else None


PREFERENCES = web.AppKey("preferences", Preferences)


def refuse_while_paused(app: web.Application, priority: Priority) -> None:
    """What someone asked for themselves is checked even then. Raises Problem `paused`."""
    left = app[PREFERENCES].paused_for
    if left is not None and priority is not Priority.ASKED:
        wait = 3600 if left == float("inf") else int(left) + 1
        raise Problem(503, "paused", "Natural Trace is paused.", retry_after=min(wait, 3600), close=True)


async def get_settings(request: web.Request) -> web.Response:
    return web.json_response(asdict(request.app[PREFERENCES].settings.now))


async def patch_settings(request: web.Request) -> web.Response:
    try:
        settings = request.app[PREFERENCES].settings.change(await small_json(request))
    except BadSetting as error:
        raise Problem(422, "bad-setting", str(error)) from None
    return web.json_response(asdict(settings))


def setup_preferences(app: web.Application, preferences: Preferences) -> None:
    app[PREFERENCES] = preferences
    add_route(app, "GET", "/v1/settings", get_settings)
    add_route(app, "PATCH", "/v1/settings", patch_settings)
