"""Reading a small JSON object from a request."""

import asyncio
import json
from typing import Any, cast

from aiohttp import web

from naturaltrace.server.problems import Problem

MAX_BYTES = 4096
MAX_WAIT_S = 10.0


async def small_json(request: web.Request) -> dict[str, Any]:
    """The request's JSON object. A form or plain text, which a page could send unasked, is refused.

    Raises Problem `not-json` (400, 415), `too-large` (413) or `slow-body` (408).
    """
    if request.content_type not in ("application/json", "application/merge-patch+json"):
        raise Problem(415, "not-json", "Send application/json.", close=True)
    try:
        async with asyncio.timeout(MAX_WAIT_S):
            data = await _read(request)
    except TimeoutError:
        raise Problem(408, "slow-body", "The request arrived too slowly.", close=True) from None
    try:
        document: Any = json.loads(data)
        # Half a surrogate pair is valid JSON and no text: it could be neither hashed nor stored.
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Problem(400, "not-json", "The request is no valid JSON.") from None
    if not isinstance(document, dict):
        raise Problem(400, "not-json", "The request must be a JSON object.")
    return cast(dict[str, Any], document)


async def _read(request: web.Request) -> bytes:
    too_long = Problem(413, "too-large", "The request is too long.", close=True)
    if (request.content_length or 0) > MAX_BYTES:
        raise too_long
    data = bytearray()
    async for piece in request.content.iter_any():
        data += piece
        if len(data) > MAX_BYTES:
            raise too_long
    return bytes(data)
