"""`POST /v1/control/forget`: forget everything, and what "everything" leaves unless it is asked for too."""

import asyncio
import logging

from aiohttp import web

from naturaltrace.server.about import FOLDER, set_aside_files
from naturaltrace.server.access import Access
from naturaltrace.server.guard import GATE
from naturaltrace.server.json_body import small_json
from naturaltrace.server.past import forget_all
from naturaltrace.server.preferences import PREFERENCES
from naturaltrace.server.problems import Problem
from naturaltrace.server.routes import add_route
from naturaltrace.storage.log import forget_log
from naturaltrace.storage.paths import DataFolder

_log = logging.getLogger(__name__)


async def forget(request: web.Request) -> web.Response:
    """Past verdicts with their pictures, what the user said of them, files set aside, the log; with `browsers` the
    pairings too, with `settings` the settings."""
    wanted = await small_json(request)
    browsers, settings = wanted.get("browsers", False), wanted.get("settings", False)
    if not isinstance(browsers, bool) or not isinstance(settings, bool):
        raise Problem(400, "bad-request", "`browsers` and `settings` must be true or false.")
    app = request.app
    await forget_all(request)
    await asyncio.to_thread(_remove_files, app[FOLDER])
    count = app[GATE].clients.revoke_all() if browsers else 0
    if settings:
        app[PREFERENCES].settings.reset()
    _log.info("everything was forgotten, on request")
    return web.json_response({"browsers": count})


def _remove_files(folder: DataFolder) -> None:
    for path in set_aside_files(folder):
        try:
            path.unlink()
        except OSError:
            _log.warning("a file that was set aside can't be deleted")
    try:
        forget_log(folder.log)
    except OSError:
        _log.warning("the log can't be emptied")


def setup_forgetting(app: web.Application) -> None:
    add_route(app, "POST", "/v1/control/forget", forget, access=Access.CONTROL)
