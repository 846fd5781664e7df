"""`POST /v1/check`: image bytes in, a verdict out."""

from dataclasses import dataclass

from aiohttp import web
from multidict import CIMultiDictProxy

from naturaltrace.server.body import image_body
from naturaltrace.server.engine import ENGINE
from naturaltrace.server.routes import add_route
from naturaltrace.server.worker import Priority

_PRIORITIES = {"asked": Priority.ASKED, "visible": Priority.VISIBLE, "prefetch": Priority.PREFETCH}


@dataclass(frozen=True, slots=True)
class Hints:
    """What the browser says about a request. A hint never makes a verdict more certain than the bytes allow."""

    priority: Priority = Priority.VISIBLE
    private: bool = False  # from a private window: nothing of it may be kept
    screenshot: bool = False  # the browser's own picture of the page: its metadata says nothing of the image

    @classmethod
    def of(cls, headers: CIMultiDictProxy[str]) -> "Hints":
        """Unknown words count as not said."""
        return cls(
            priority=_PRIORITIES.get(headers.get("NaturalTrace-Priority", "visible").lower(), Priority.VISIBLE),
            private=_yes(headers.get("NaturalTrace-Private")),
            screenshot=_yes(headers.get("NaturalTrace-Screenshot")),
        )


def _yes(value: str | None) -> bool:
    # "?1" is a structured field's true (RFC 9651); "1" is what people type.
    return value in ("?1", "1")


async def check(request: web.Request) -> web.Response:
    hints = Hints.of(request.headers)
    async with image_body(request) as data:
        verdict = await request.app[ENGINE].check(data, pixels_only=hints.screenshot, priority=hints.priority)
    return web.json_response(verdict.to_json())


def setup_check(app: web.Application) -> None:
    add_route(app, "POST", "/v1/check", check)
