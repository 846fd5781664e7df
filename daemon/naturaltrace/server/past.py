"""`/v1/history` and `/v1/feedback`: what was judged, and what the user says about it."""

import re
from typing import Any

from aiohttp import web

from naturaltrace.server.hints import Hints
from naturaltrace.server.json_body import small_json
from naturaltrace.server.memory import ARCHIVE, CACHE
from naturaltrace.server.problems import Problem
from naturaltrace.server.routes import add_route
from naturaltrace.verdicts.verdict import Level

MAX_PAGE_LENGTH = 200
_SHA256 = re.compile(r"[0-9a-f]{64}")
SAYS = ("generated", "not_generated", "unsure")


async def list_history(request: web.Request) -> web.Response:
    limit = _number(request, "limit", 50, 1, MAX_PAGE_LENGTH)
    before = _number(request, "before", None, 1, 2**62)
    level, text = request.query.get("level"), request.query.get("text")
    if level is not None and level not in list(Level):
        raise Problem(400, "bad-request", "`level` is none of the verdict's levels.")
    if text is not None and len(text) > 200:
        raise Problem(400, "bad-request", "`text` is too long.")
    entries = await request.app[ARCHIVE].do(
        lambda history: history.page(limit=limit or 50, before=before, level=level, text=text)
    )
    return web.json_response(
        {
            "items": [entry.to_json() for entry in entries],
            "next": entries[-1].id if len(entries) == limit else None,
        }
    )


async def get_thumbnail(request: web.Request) -> web.Response:
    entry_id = _id(request)
    picture = await request.app[ARCHIVE].do(lambda history: history.thumbnail(entry_id))
    if picture is None:
        raise _unknown()
    return web.Response(body=picture, content_type="image/jpeg")


async def forget_one(request: web.Request) -> web.Response:
    entry_id = _id(request)
    sha256 = await request.app[ARCHIVE].do(lambda history: history.forget(entry_id))
    if sha256 is None:
        raise _unknown()
    request.app[CACHE].forget(sha256)
    return web.Response(status=204)


async def forget_all(request: web.Request) -> web.Response:
    request.app[CACHE].forget()
    count = await request.app[ARCHIVE].do(lambda history: history.forget_all())
    return web.json_response({"forgotten": count})


async def say(request: web.Request) -> web.Response:
    if Hints.of(request.headers).private:
        return web.Response(status=204)  # nothing of a private window is kept, not even the user's own word
    document = await small_json(request)
    sha256, says, comment = document.get("sha256"), document.get("says"), document.get("comment")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise Problem(422, "bad-feedback", "`sha256` must be the image's, 64 lower-case hex digits.")
    if says not in SAYS:
        raise Problem(422, "bad-feedback", f"`says` must be one of {', '.join(SAYS)}.")
    if comment is not None and (not isinstance(comment, str) or len(comment) > 1000):
        raise Problem(422, "bad-feedback", "`comment` must be text of at most 1000 characters.")
    level, model = _short(document, "level"), _short(document, "model")
    await request.app[ARCHIVE].do(lambda history: history.say(sha256, says, comment=comment, level=level, model=model))
    return web.Response(status=204)


def _short(document: dict[str, Any], name: str) -> str | None:
    value = document.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > 100):
        raise Problem(422, "bad-feedback", f"`{name}` must be short text.")
    return value


def _number(request: web.Request, name: str, default: int | None, low: int, high: int) -> int | None:
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 19 or not low <= int(text) <= high:
        raise Problem(400, "bad-request", f"`{name}` must be a whole number from {low} to {high}.")
    return int(text)


def _id(request: web.Request) -> int:
    text = request.match_info["id"]
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise _unknown()
    return int(text)


def _unknown() -> Problem:
    return Problem(404, "not-found", "There is no such entry.")


def setup_past(app: web.Application) -> None:
    add_route(app, "GET", "/v1/history", list_history)
    add_route(app, "DELETE", "/v1/history", forget_all)
    add_route(app, "DELETE", "/v1/history/{id}", forget_one)
    add_route(app, "GET", "/v1/history/{id}/thumbnail", get_thumbnail)
    add_route(app, "POST", "/v1/feedback", say)
