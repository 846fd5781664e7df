"""`POST /v1/check`: image bytes in, a verdict out."""

import asyncio
import hashlib
from dataclasses import replace

from aiohttp import web

from naturaltrace.pipeline import Findings
from naturaltrace.server.body import image_body
from naturaltrace.server.engine import ENGINE
from naturaltrace.server.heatmaps import with_heatmap
from naturaltrace.server.hints import Hints
from naturaltrace.server.memory import ARCHIVE, CACHE, Key
from naturaltrace.server.preferences import PREFERENCES, refuse_while_paused
from naturaltrace.server.routes import add_route
from naturaltrace.server.stats import STATS
from naturaltrace.verdicts import sensitivity

_QUICKLY_HASHED = 2**19  # bytes: a fraction of a millisecond, less than the way to another thread and back


async def check(request: web.Request) -> web.Response:
    hints = Hints.of(request.headers)
    refuse_while_paused(request.app, hints.priority)
    stats = request.app[STATS]
    with stats.one_check() as this:
        async with image_body(request) as data:
            found, cached = await _findings(request.app, data, hints)
        settings = request.app[PREFERENCES].settings.now
        language = hints.language if settings.language == "auto" else settings.language
        told = replace(found, detection=sensitivity.apply(found.detection, settings.sensitivity))
        verdict = request.app[ENGINE].tell(told, language=language, cached=cached)
        document = with_heatmap(verdict, found, private=hints.private).to_json()
        if settings.history and not hints.private:
            small = found.thumbnail if settings.thumbnails else None
            await request.app[ARCHIVE].try_to(
                lambda history: history.add(document, page=hints.page, thumbnail=small, limit=settings.history_limit)
            )
        this.judged(verdict.level.value, cached=cached, timing_ms=verdict.timing_ms)
    return web.json_response(document)


async def _findings(app: web.Application, data: bytes, hints: Hints) -> tuple[Findings, bool]:
    """The findings on `data`, and whether they were known before."""
    engine, cache = app[ENGINE], app[CACHE]
    settings = app[PREFERENCES].settings.now
    thumbnail = settings.history and settings.thumbnails and not hints.private
    if hints.private:
        return await engine.examine(data, pixels_only=hints.screenshot, thumbnail=False, priority=hints.priority), False
    sha256 = _sha256(data) if len(data) <= _QUICKLY_HASHED else await asyncio.to_thread(_sha256, data)
    if engine.model is not None:
        known = cache.get(_key(app, sha256, hints))
        if known is not None:
            return known, True
    found = await engine.examine(data, pixels_only=hints.screenshot, thumbnail=thumbnail, priority=hints.priority)
    cache.put(_key(app, sha256, hints), found)
    return found, False


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _key(app: web.Application, sha256: str, hints: Hints) -> Key:
    model = app[ENGINE].model
    assert model is not None
    return (sha256, model.name, model.version, app[PREFERENCES].settings.now.precision, hints.screenshot)


def setup_check(app: web.Application) -> None:
    add_route(app, "POST", "/v1/check", check)
