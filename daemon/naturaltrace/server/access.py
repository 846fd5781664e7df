"""Who may call a route. Nothing is public unless it says so."""

from enum import StrEnum

from aiohttp import web


class Access(StrEnum):
    BROWSER = "browser"  # the token of a paired browser, or of the settings page's session
    CONTROL = "control"  # the key in the data folder, which only this user's programs can read, or the page's session
    PUBLIC = "public"  # anyone who passes the guard's first three rules


ROUTE_ACCESS = web.AppKey("route_access", dict[web.AbstractRoute, Access])


def setup_access(app: web.Application) -> None:
    app[ROUTE_ACCESS] = {}


def access_of(request: web.Request) -> Access:
    """What the matched route asks for; an unknown address asks for a token like any other, so that it tells nothing."""
    return request.app[ROUTE_ACCESS].get(request.match_info.route, Access.BROWSER)
