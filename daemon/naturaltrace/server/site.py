"""`GET /`: the settings page. Only its words and pictures; all that it shows it asks for with its session's token."""

from importlib import resources

from aiohttp import web

from naturaltrace.server.access import Access
from naturaltrace.server.routes import add_route

# The only files that can be asked for: no address is ever turned into a path.
_FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/api.js": ("api.js", "text/javascript"),
    "/show.js": ("show.js", "text/javascript"),
    "/trust.js": ("trust.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def get_file(request: web.Request) -> web.Response:
    name, kind = _FILES[request.path]
    text = resources.files("naturaltrace.server").joinpath("page", name).read_text("utf-8")
    headers = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"}
    return web.Response(text=text, content_type=kind, charset="utf-8", headers=headers)


def setup_site(app: web.Application) -> None:
    for path in _FILES:
        add_route(app, "GET", path, get_file, access=Access.PUBLIC)
