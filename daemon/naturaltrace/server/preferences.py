"""`GET` and `PATCH /v1/settings`, and the pause."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from naturaltrace.detection.card import CardError, released
from naturaltrace.detection.result import ModelInfo
from naturaltrace.server.engine import ENGINE
from naturaltrace.server.json_body import small_json
from naturaltrace.server.problems import Problem
from naturaltrace.server.routes import add_route
from naturaltrace.server.worker import Priority
from naturaltrace.storage.settings import BadSetting, SettingsFile
from naturaltrace.verdicts import sensitivity


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
    return await _told(request)


async def patch_settings(request: web.Request) -> web.Response:
    try:
        request.app[PREFERENCES].settings.change(await small_json(request))
    except BadSetting as error:
        raise Problem(422, "bad-setting", str(error)) from None
    return await _told(request)


async def _told(request: web.Request) -> web.Response:
    """The settings, and beside them, to be read only, what each sensitivity was measured to cost."""
    measured = await asyncio.to_thread(measured_shares, request.app[ENGINE].model)
    return web.json_response({**asdict(request.app[PREFERENCES].settings.now), "sensitivity_measured": measured})


def measured_shares(model: ModelInfo | None) -> dict[str, dict[str, float]] | None:
    """For each sensitivity the share (0..1) of real and of generated test images that it marks; None where nobody has
    measured that for the detector in use. An aim is no measurement."""
    try:
        card, choices = released(), sensitivity.released()
    except CardError:
        return None
    if model is None or (model.name, model.version) != (card.name, card.version):
        return None
    shares: dict[str, dict[str, Any]] = {
        name: {"real": each.real, "generated": each.generated} for name, each in choices.items()
    }
    return None if any(share is None for each in shares.values() for share in each.values()) else shares


def setup_preferences(app: web.Application, preferences: Preferences) -> None:
    app[PREFERENCES] = preferences
    add_route(app, "GET", "/v1/settings", get_settings)
    add_route(app, "PATCH", "/v1/settings", patch_settings)
