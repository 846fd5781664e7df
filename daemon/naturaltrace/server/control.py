"""What this user's own programs (the command line, the tray) may ask of the running daemon.

They prove that they are this user's by a key that only this user can read, made anew at each start. No browser has it.
"""

from aiohttp import web

from naturaltrace.server.access import Access
from naturaltrace.server.guard import GATE
from naturaltrace.server.pairing import CODE_LIFE_S, PAIRING
from naturaltrace.server.problems import Problem
from naturaltrace.server.routes import add_route


async def open_code(request: web.Request) -> web.Response:
    return web.json_response({"code": request.app[PAIRING].open(), "expires_in": int(CODE_LIFE_S)})


async def list_browsers(request: web.Request) -> web.Response:
    return web.json_response({"browsers": [client.public_json() for client in request.app[GATE].clients]})


async def revoke_browser(request: web.Request) -> web.Response:
    if not request.app[GATE].clients.revoke(request.match_info["id"]):
        raise Problem(404, "not-found", "No browser with this id is paired.")
    return web.Response(status=204)


def setup_control(app: web.Application) -> None:
    add_route(app, "POST", "/v1/control/code", open_code, access=Access.CONTROL)
    add_route(app, "GET", "/v1/control/browsers", list_browsers, access=Access.CONTROL)
    add_route(app, "DELETE", "/v1/control/browsers/{id}", revoke_browser, access=Access.CONTROL)
