"""`GET /`: the settings page. Only its words and pictures; all that it shows it asks for with its session's token."""

from importlib import resources

from aiohttp import web

from naturaltrace.server.access import Access
from naturaltrace.server.routes import add_route

_SCRIPTS = (
    "api",
    "browsers",
    "check",
    "icons",
    "model",
    "page",
    "past",
    "settings",
    "show",
    "state",
    "storage",
    "taught",
    "trust",
    "verdict",
    "words",
)
LANGUAGES = ("en", "es", "fr", "de", "pt_BR", "ja", "zh_CN")
# The only files that can be asked for: no address is ever turned into a path.
FILES = {
    "/": ("index.html", "text/html"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    **{f"/{name}.css": (f"{name}.css", "text/css") for name in ("tokens", "page", "parts")},
    **{f"/{name}.js": (f"{name}.js", "text/javascript") for name in _SCRIPTS},
    **{f"/words/{name}.json": (f"words/{name}.json", "application/json") for name in LANGUAGES},
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def get_file(request: web.Request) -> web.Response:
    name, kind = FILES[request.path]
    text = resources.files("naturaltrace.server").joinpath("page", *name.split("/")).read_text("utf-8")
    headers = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"}
    return web.Response(text=text, content_type=kind, charset="utf-8", headers=headers)


def setup_site(app: web.Application) -> None:
    for path in FILES:
        add_route(app, "GET", path, get_file, access=Access.PUBLIC)
