"""How a route is added. It asks for a paired browser's token unless it says otherwise."""

from aiohttp import web
from aiohttp.typedefs import Handler

from naturaltrace.server.access import ROUTE_ACCESS, Access
from naturaltrace.server.guard import expect_handler


def add_route(
    app: web.Application, method: str, path: str, handler: Handler, *, access: Access = Access.BROWSER
) -> None:
    """Add one route; `setup_access` must have run."""
    route = app.router.add_route(method, path, handler, expect_handler=expect_handler)
    app[ROUTE_ACCESS][route] = access
