"""The shared companion's application: check images, pair, administer. It keeps no image and no history."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from naturaltrace.server.body import BodyLimits, image_body, setup_bodies
from naturaltrace.server.engine import ENGINE, Engine, setup_engine
from naturaltrace.server.guard import bearer
from naturaltrace.server.health import proof
from naturaltrace.server.hints import Hints
from naturaltrace.server.json_body import small_json
from naturaltrace.server.pairing import Pairing
from naturaltrace.server.problems import Problem, setup_problems
from naturaltrace.team.audit import Audit
from naturaltrace.team.limits import RateLimit
from naturaltrace.team.page_files import setup_page
from naturaltrace.team.people import People, Person, Role

_EXTENSION = re.compile(r"(chrome|moz)-extension://[0-9a-z-]{1,64}")
_CHALLENGE = re.compile(r"[0-9a-f]{32,128}")


@dataclass(slots=True)
class Team:
    """What the application is built around. `port` is the one that callers use; it is part of the proof."""

    people: People
    audit: Audit
    engine: Engine
    port: int = 0
    pairing: Pairing = field(default_factory=Pairing)
    checks: RateLimit = field(default_factory=lambda: RateLimit(120, 60))  # per user
    mistakes: RateLimit = field(default_factory=lambda: RateLimit(10, 10))  # wrong tokens and codes, per address


TEAM = web.AppKey("team", Team)
PERSON = web.RequestKey("person", Person)


def make_app(team: Team) -> web.Application:
    app = web.Application()
    app[TEAM] = team
    setup_problems(app)
    app.middlewares.append(_from_where)
    setup_bodies(app, BodyLimits())
    setup_engine(app, team.engine)
    app.router.add_get("/v1/health", _health)
    app.router.add_post("/v1/pair", _pair)
    app.router.add_post("/v1/check", _for(Role.USER, _check))
    app.router.add_get("/v1/team/people", _for(Role.ADMIN, _list))
    app.router.add_post("/v1/team/people", _for(Role.ADMIN, _add))
    app.router.add_delete("/v1/team/people/{id}", _for(Role.ADMIN, _remove))
    app.router.add_post("/v1/team/code", _for(Role.ADMIN, _code))
    app.router.add_get("/v1/team/audit", _for(Role.ADMIN, _audit))
    setup_page(app)
    return app


@web.middleware
async def _from_where(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Web pages may not call: only extensions, programs, and the admin page itself."""
    origin = request.headers.get("Origin")
    own = f"{request.scheme}://{request.headers.get('Host', '')}"
    if origin is not None and origin != own and not _EXTENSION.fullmatch(origin):
        raise Problem(403, "wrong-origin", "Web pages may not call Natural Trace.", close=True)
    return await handler(request)


def _for(role: Role, handler: Callable[[web.Request], Awaitable[web.Response]]) -> Handler:
    async def guarded(request: web.Request) -> web.Response:
        request[PERSON] = _admit(request, role)
        return await handler(request)

    return guarded


def _admit(request: web.Request, role: Role) -> Person:
    """Who calls. Raises Problem: `no-token`, `wrong-token` (401), `not-allowed` (403), `rate-limited` (429)."""
    team, address = request.app[TEAM], request.remote or ""
    if (wait := team.mistakes.wait_s(address)) > 0:
        raise _too_many(wait)
    token = bearer(request)
    if token is None:
        raise Problem(401, "no-token", "This needs a token of your own; ask your administrator.", close=True)
    person = team.people.match(token)
    if person is None:
        team.mistakes.take(address)
        team.audit.note("refused", address=address, path=request.path)
        raise Problem(401, "wrong-token", "This token is not valid here, or not any more.", close=True)
    if role is Role.ADMIN and person.role is not Role.ADMIN:
        team.audit.note("refused", user=person.client.name, address=address, path=request.path)
        raise Problem(403, "not-allowed", "Only administrators may do this.", close=True)
    return person


async def _health(request: web.Request) -> web.Response:
    team = request.app[TEAM]
    token = bearer(request)
    answer: dict[str, Any] = {"name": "naturaltrace", "api": 1, "team": True}
    answer["paired"] = token is not None and team.people.match(token) is not None
    challenge = request.headers.get("NaturalTrace-Challenge", "")
    client = team.people.get(request.headers.get("NaturalTrace-Client", ""))
    if client is not None and _CHALLENGE.fullmatch(challenge):
        answer["proof"] = proof(client.token_sha256, challenge, team.port)
    return web.json_response(answer)


async def _pair(request: web.Request) -> web.Response:
    team, address = request.app[TEAM], request.remote or ""
    if (wait := team.mistakes.wait_s(address)) > 0:
        raise _too_many(wait)
    document = await small_json(request)
    code, name = document.get("code"), document.get("name", "A browser")
    if not isinstance(code, str) or not isinstance(name, str):
        raise Problem(400, "bad-request", "`code` and `name` must be text.")
    try:
        team.pairing.redeem(code.replace(" ", ""))
    except Problem:
        team.mistakes.take(address)
        team.audit.note("wrong code", address=address)
        raise
    client, token = team.people.add(name, Role.USER)
    team.audit.note("paired", user=client.name, address=address, id=client.id)
    return web.json_response({"token": token, "id": client.id, "name": client.name})


async def _check(request: web.Request) -> web.Response:
    team, person, hints = request.app[TEAM], request[PERSON], Hints.of(request.headers)
    if (wait := team.checks.take(person.client.id)) > 0:
        raise _too_many(wait)
    async with image_body(request) as data:
        engine = request.app[ENGINE]
        found = await engine.examine(data, pixels_only=hints.screenshot, thumbnail=False, priority=hints.priority)
        mark = hashlib.sha256(data).hexdigest()[:16]
    verdict = engine.tell(found, language=hints.language, cached=False)
    # In a private window not even the image's mark is written down.
    more = {} if hints.private else {"image": mark}
    team.audit.note("check", user=person.client.name, address=request.remote, level=verdict.level.value, **more)
    return web.json_response(verdict.to_json())


async def _list(request: web.Request) -> web.Response:
    people = [{**p.client.public_json(), "role": p.role.value} for p in request.app[TEAM].people.all()]
    return web.json_response({"people": people})


async def _add(request: web.Request) -> web.Response:
    name = (await small_json(request)).get("name")
    if not isinstance(name, str) or not name.strip():
        raise Problem(400, "bad-request", "`name` must be text.")
    team = request.app[TEAM]
    client, token = team.people.add(name, Role.USER)
    team.audit.note("added", user=request[PERSON].client.name, address=request.remote, id=client.id, name=client.name)
    return web.json_response({"token": token, "id": client.id, "name": client.name})


async def _remove(request: web.Request) -> web.Response:
    team, wanted = request.app[TEAM], request.match_info["id"]
    if wanted == request[PERSON].client.id:
        raise Problem(422, "bad-request", "You can't remove yourself.")
    if not team.people.revoke(wanted):
        raise Problem(404, "not-found", "Nobody has this id.")
    team.audit.note("removed", user=request[PERSON].client.name, address=request.remote, id=wanted)
    return web.Response(status=204)


async def _code(request: web.Request) -> web.Response:
    team = request.app[TEAM]
    team.audit.note("code shown", user=request[PERSON].client.name, address=request.remote)
    return web.json_response({"code": team.pairing.open(), "expires_in": 120})


async def _audit(request: web.Request) -> web.Response:
    return web.json_response({"entries": request.app[TEAM].audit.last(200), "lost": request.app[TEAM].audit.lost})


def _too_many(wait_s: float) -> Problem:
    return Problem(429, "rate-limited", "Too many requests; wait a moment.", retry_after=int(wait_s) + 1, close=True)
