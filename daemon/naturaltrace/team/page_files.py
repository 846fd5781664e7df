"""The admin page's files. They hold words and pictures only; all that the page shows it asks for with a token."""

from importlib import resources

from aiohttp import web
from aiohttp.typedefs import Handler

from naturaltrace.verdicts.wording import LANGUAGES

# The only files that can be asked for: no address is ever turned into a path.
FILES = {
    "/admin": ("admin.html", "text/html"),
    "/admin.js": ("admin.js", "text/javascript"),
    "/admin.css": ("admin.css", "text/css"),
    "/admin/words.js": ("words.js", "text/javascript"),
    **{f"/admin/words/{name}.json": (f"words/{name}.json", "application/json") for name in LANGUAGES},
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-cache",
}


def setup_page(app: web.Application) -> None:
    for path, (name, kind) in FILES.items():
        app.router.add_get(path, _file("naturaltrace.team", name, kind))
    # The colours and type of the settings page and of the extension.
    app.router.add_get("/tokens.css", _file("naturaltrace.server", "tokens.css", "text/css"))


def _file(package: str, name: str, kind: str) -> Handler:
    text = resources.files(package).joinpath("page", *name.split("/")).read_text("utf-8")

    async def serve(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind, charset="utf-8", headers=_HEADERS)

    return serve
