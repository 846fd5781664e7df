"""What this user's own programs (the command line, the tray) may ask of the running daemon.

They prove that they are this user's by a key that only this user can read, made anew at each start. No browser has it.
"""

from aiohttp import web

from naturaltrace.desktop.login import login_item, start_command
from naturaltrace.detection.card import has_int8
from naturaltrace.detection.runtime.wanted import PRECISIONS
from naturaltrace.server.access import Access
from naturaltrace.server.engine import ENGINE
from naturaltrace.server.guard import GATE
from naturaltrace.server.json_body import small_json
from naturaltrace.server.pairing import CODE_LIFE_S, PAIRING
from naturaltrace.server.preferences import PREFERENCES, patch_settings
from naturaltrace.server.problems import Problem
from naturaltrace.server.routes import add_route
from naturaltrace.server.stats import STATS

MAX_PAUSE_S = 7 * 24 * 3600


async def open_code(request: web.Request) -> web.Response:
    return web.json_response({"code": request.app[PAIRING].open(), "expires_in": int(CODE_LIFE_S)})


async def list_browsers(request: web.Request) -> web.Response:
    return web.json_response({"browsers": [client.public_json() for client in request.app[GATE].clients]})


async def revoke_browser(request: web.Request) -> web.Response:
    if not request.app[GATE].clients.revoke(request.match_info["id"]):
        raise Problem(404, "not-found", "No browser with this id is paired.")
    return web.Response(status=204)


async def get_state(request: web.Request) -> web.Response:
    """All that the tray shows, in one answer."""
    app = request.app
    left = app[PREFERENCES].paused_for
    settings = app[PREFERENCES].settings.now
    return web.json_response(
        {
            "paused": left is not None,
            "paused_s": None if left is None else (-1 if left == float("inf") else round(left)),
            "code": app[PAIRING].code,
            "port": app[GATE].port,
            "browsers": len(app[GATE].clients),
            "judged": app[STATS].judged,
            "problem": app[ENGINE].failure,
            "sensitivity": settings.sensitivity,
            "device": settings.device,
            "devices": devices(app),
            "precision": settings.precision,
            "precisions": precisions(),
            "runs": {"device": app[ENGINE].device, "precision": app[ENGINE].precision},
            "notifications": settings.notifications,
            "language": settings.language,
            "login": _login(),
        }
    )


def devices(app: web.Application) -> list[str]:
    """What the detector can be run on here, to be chosen in the settings; "auto" comes first."""
    return ["auto", *getattr(app[ENGINE], "devices", ("cpu",))]


def precisions() -> list[str]:
    """What `precision` may be, where the release has a graph in eight bits; else nothing is there to choose."""
    return list(PRECISIONS) if has_int8() else []


def _login() -> dict[str, bool]:
    item = login_item()
    return {"possible": item is not None, "enabled": item is not None and item.enabled()}


async def pause(request: web.Request) -> web.Response:
    seconds = (await small_json(request)).get("seconds")
    if seconds is not None and (type(seconds) is not int or not 0 < seconds <= MAX_PAUSE_S):
        raise Problem(422, "bad-setting", f"`seconds` must be a whole number up to {MAX_PAUSE_S}, or null.")
    request.app[PREFERENCES].pause(seconds)
    return web.Response(status=204)


async def resume(request: web.Request) -> web.Response:
    request.app[PREFERENCES].resume()
    return web.Response(status=204)


async def get_login(_request: web.Request) -> web.Response:
    return web.json_response(_login())


async def put_login(request: web.Request) -> web.Response:
    wanted = (await small_json(request)).get("enabled")
    item = login_item()
    if not isinstance(wanted, bool) or item is None:
        raise Problem(422, "bad-setting", "`enabled` must be true or false, on a system whose login items are known.")
    try:
        item.enable(start_command()) if wanted else item.disable()
    except OSError as error:
        raise Problem(422, "bad-setting", f"The login item can't be changed ({error.strerror}).") from error
    return web.json_response({"possible": True, "enabled": item.enabled()})


def setup_control(app: web.Application) -> None:
    add_route(app, "GET", "/v1/control/state", get_state, access=Access.CONTROL)
    add_route(app, "PUT", "/v1/control/pause", pause, access=Access.CONTROL)
    add_route(app, "DELETE", "/v1/control/pause", resume, access=Access.CONTROL)
    add_route(app, "PUT", "/v1/control/settings", patch_settings, access=Access.CONTROL)
    add_route(app, "GET", "/v1/control/login", get_login, access=Access.CONTROL)
    add_route(app, "PUT", "/v1/control/login", put_login, access=Access.CONTROL)
    add_route(app, "POST", "/v1/control/code", open_code, access=Access.CONTROL)
    add_route(app, "GET", "/v1/control/browsers", list_browsers, access=Access.CONTROL)
    add_route(app, "DELETE", "/v1/control/browsers/{id}", revoke_browser, access=Access.CONTROL)
