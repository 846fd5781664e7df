"""`GET /v1/openapi.json`: the API as an OpenAPI 3.1 document. The file beside this one is the document;
nothing is made up at run time, so that it can be read, compared and tested as it stands."""

from importlib import resources

from aiohttp import web

from naturaltrace.server.access import Access
from naturaltrace.server.routes import add_route


def openapi_text() -> str:
    return resources.files("naturaltrace.server").joinpath("openapi.json").read_text("utf-8")


async def get_openapi(_request: web.Request) -> web.Response:
    return web.Response(text=openapi_text(), content_type="application/json")


def setup_contract(app: web.Application) -> None:
    # Public: it says what this software can do, and nothing of this machine.
    add_route(app, "GET", "/v1/openapi.json", get_openapi, access=Access.PUBLIC)
