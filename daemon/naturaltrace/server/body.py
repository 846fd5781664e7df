"""Reading an image's bytes within limits of size, of time and of all requests' memory together."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from naturaltrace.server.problems import Problem


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """`pause_s` is the longest silence between two pieces, `total_s` the longest whole body, in seconds."""

    max_bytes: int = 64 * 2**20
    shared_bytes: int = 256 * 2**20
    pause_s: float = 10.0
    total_s: float = 60.0


class BodyBudget:
    """How much memory all bodies together may hold."""

    def __init__(self, limits: BodyLimits) -> None:
        self.limits = limits
        self.held = 0

    def take(self, count: int) -> None:
        if self.held + count > self.limits.shared_bytes:
            raise Problem(503, "busy", "Too many images are waiting; try again in a moment.", retry_after=2, close=True)
        self.held += count

    def give_back(self, count: int) -> None:
        self.held -= count


BODY_BUDGET = web.AppKey("body_budget", BodyBudget)


def setup_bodies(app: web.Application, limits: BodyLimits) -> None:
    app[BODY_BUDGET] = BodyBudget(limits)


@asynccontextmanager
async def image_body(request: web.Request) -> AsyncGenerator[bytes]:
    """The request's body; its share of the budget is held until the block ends.

    Raises Problem: `too-large` (413), `encoded-body` (415), `slow-body` (408), `busy` (503).
    """
    budget = request.app[BODY_BUDGET]
    limits = budget.limits
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem(415, "encoded-body", "Send the image's bytes as they are, without Content-Encoding.", close=True)
    if (request.content_length or 0) > limits.max_bytes:
        raise too_large(limits)
    taken = 0
    try:
        pieces: list[bytes] = []
        try:
            async with asyncio.timeout(limits.total_s):
                while True:
                    async with asyncio.timeout(limits.pause_s):
                        piece = await request.content.readany()
                    if not piece:
                        break
                    if taken + len(piece) > limits.max_bytes:
                        raise too_large(limits)
                    budget.take(len(piece))
                    taken += len(piece)
                    pieces.append(piece)
        except TimeoutError:
            raise Problem(408, "slow-body", "The image arrived too slowly.", close=True) from None
        data = b"".join(pieces)
        pieces.clear()
        yield data
    finally:
        budget.give_back(taken)


def too_large(limits: BodyLimits) -> Problem:
    return Problem(413, "too-large", f"The file is larger than {limits.max_bytes // 2**20} MB.", close=True)
