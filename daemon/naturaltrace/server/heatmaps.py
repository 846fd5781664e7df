"""`GET /v1/heatmaps/{id}`: where in an image the signs lie, as a PNG to be laid over it. The id is the image's sha256.

Maps are drawn from the remembered findings, so they live exactly as long as these do; images of private windows, whose
findings are not kept, have none.
"""

import asyncio
import re
from dataclasses import replace

from aiohttp import web

from naturaltrace.detection.heatmap import render
from naturaltrace.pipeline import Findings
from naturaltrace.server.memory import CACHE
from naturaltrace.server.problems import Problem
from naturaltrace.server.routes import add_route
from naturaltrace.verdicts.verdict import Verdict

_SHA256 = re.compile(r"[0-9a-f]{64}")


def with_heatmap(verdict: Verdict, found: Findings, *, private: bool) -> Verdict:
    """The verdict with the link to its map, where there will be one."""
    if private or found.detection.heat is None:
        return verdict
    return replace(verdict, heatmap=f"/v1/heatmaps/{verdict.image.sha256}")


async def get_heatmap(request: web.Request) -> web.Response:
    name = request.match_info["id"]
    found = request.app[CACHE].of(name) if _SHA256.fullmatch(name) else None
    heat = None if found is None else found.detection.heat
    if found is None or heat is None:
        raise Problem(404, "not-found", "There is no heat map of this image; check it again.")
    width, height = found.image.width, found.image.height
    picture = await asyncio.to_thread(lambda: render(heat, width, height))
    return web.Response(body=picture, content_type="image/png")


def setup_heatmaps(app: web.Application) -> None:
    add_route(app, "GET", "/v1/heatmaps/{id}", get_heatmap)
