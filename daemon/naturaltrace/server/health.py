"""`GET /v1/health`: is this Natural Trace, and does it know this browser?

A program of another user could listen on the port first. So a paired browser may send its id and a challenge instead
of its token; the answer's `proof` shows that this daemon knows the token, and holds for this port only, so that it
can't be fetched from the real daemon on the next port.
"""

import hashlib
import hmac
import re

from aiohttp import web

from naturaltrace.server.access import Access
from naturaltrace.server.guard import GATE, Gate, bearer
from naturaltrace.server.routes import add_route

API_VERSION = 1
_CHALLENGE = re.compile(r"[0-9a-f]{32,128}")


def proof(token_sha256: str, challenge: str, port: int) -> str:
    """HMAC-SHA-256, lower-case hex, of "naturaltrace PORT CHALLENGE"; the key is the token's SHA-256 as 32 bytes."""
    message = f"naturaltrace {port} {challenge}".encode()
    return hmac.new(bytes.fromhex(token_sha256), message, hashlib.sha256).hexdigest()


async def health(request: web.Request) -> web.Response:
    gate = request.app[GATE]
    shown = _proof_for(request, gate)
    token = bearer(request)
    paired = shown is not None or (token is not None and gate.clients.match(token) is not None)
    answer: dict[str, object] = {"name": "naturaltrace", "api": API_VERSION, "paired": paired}
    if shown is not None:
        answer["proof"] = shown
    return web.json_response(answer)


def _proof_for(request: web.Request, gate: Gate) -> str | None:
    challenge = request.headers.get("NaturalTrace-Challenge", "")
    client = gate.clients.get(request.headers.get("NaturalTrace-Client", ""))
    if client is None or not _CHALLENGE.fullmatch(challenge):
        return None
    return proof(client.token_sha256, challenge, gate.port)


def setup_health(app: web.Application) -> None:
    add_route(app, "GET", "/v1/health", health, access=Access.PUBLIC)
