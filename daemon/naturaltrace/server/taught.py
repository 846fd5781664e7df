"""`/v1/evidence`: what the user taught this machine, and teaching it more, one image a request.

Samples of a name wait in memory until there are enough of them; only prototypes are ever written.
"""

from typing import Any

import numpy as np
from aiohttp import web

from naturaltrace.evidence.adviser import Adviser, camera_traits
from naturaltrace.evidence.reference import Floats
from naturaltrace.evidence.store import FEWEST, EvidenceStore, Kind, StoreError, Taught, clean_name
from naturaltrace.server.body import image_body
from naturaltrace.server.engine import ENGINE
from naturaltrace.server.problems import Problem
from naturaltrace.server.routes import add_route
from naturaltrace.server.worker import Priority

_MOST_SAMPLES = 200
_MOST_PENDING = 20  # names at a time

PENDING = web.AppKey("pending_samples", dict[tuple[Kind, str], list[Floats]])


async def list_taught(request: web.Request) -> web.Response:
    await request.app[ENGINE].loaded()
    adviser = request.app[ENGINE].enrich
    if not isinstance(adviser, Adviser) or adviser.store is None:
        return web.json_response({"fewest": FEWEST, "taught": []})
    store = adviser.store
    return web.json_response({"fewest": FEWEST, "taught": [_told(t, adviser) for t in store.list()]})


async def add_sample(request: web.Request) -> web.Response:
    """One image for `?name=…&kind=generator|camera`."""
    kind, name = _kind(request), _name(request.query.get("name"))
    adviser, store = await _adviser(request)
    pending = request.app[PENDING]
    if (kind, name) not in pending and len(pending) >= _MOST_PENDING:
        raise Problem(409, "too-many", "Finish or remove what is being taught first.")
    async with image_body(request) as data:
        found = await request.app[ENGINE].examine(data, pixels_only=True, thumbnail=False, priority=Priority.ASKED)
    traits = found.detection.traits
    if traits is None:
        raise Problem(422, "not-usable", "This image is too small or too plain to learn from.")
    samples = pending.setdefault((kind, name), [])
    if len(samples) >= _MOST_SAMPLES:
        raise Problem(409, "too-many", f"More than {_MOST_SAMPLES} samples of one name make nothing better.")
    samples.append(adviser.generator_traits(traits) if kind is Kind.GENERATOR else camera_traits(traits))
    if len(samples) >= FEWEST:
        graph = adviser.space() if kind is Kind.GENERATOR else adviser.graph
        try:
            store.add(name, kind, graph, np.stack(samples))
        except (StoreError, OSError) as error:
            raise Problem(409, "not-kept", str(error)) from error
    return web.json_response({"samples": len(samples), "kept": len(samples) >= FEWEST})


async def remove_taught(request: web.Request) -> web.Response:
    kind, name = _kind(request), _name(request.query.get("name"))
    _, store = await _adviser(request)
    waiting = request.app[PENDING].pop((kind, name), None)
    if store.remove(name, kind) == 0 and waiting is None:
        raise Problem(404, "not-found", "Nothing of this name was taught.")
    return web.Response(status=204)


async def _adviser(request: web.Request) -> tuple[Adviser, EvidenceStore]:
    await request.app[ENGINE].loaded()
    adviser = request.app[ENGINE].enrich
    if not isinstance(adviser, Adviser) or adviser.store is None:
        raise Problem(409, "not-kept", "This detector can't be taught.")
    return adviser, adviser.store


def _told(taught: Taught, adviser: Adviser) -> dict[str, Any]:
    document = taught.to_json()
    del document["prototypes"], document["graph"]
    # What another version of the detector made is of no use to this one.
    current = adviser.space() if taught.kind is Kind.GENERATOR else adviser.graph
    return {**document, "stale": taught.graph != current}


def _kind(request: web.Request) -> Kind:
    try:
        return Kind(request.query.get("kind", ""))
    except ValueError:
        raise Problem(400, "bad-request", "`kind` must be generator or camera.") from None


def _name(text: str | None) -> str:
    try:
        return clean_name(text or "")
    except StoreError as error:
        raise Problem(400, "bad-request", str(error)) from error


def setup_taught(app: web.Application) -> None:
    app[PENDING] = {}
    add_route(app, "GET", "/v1/evidence", list_taught)
    add_route(app, "POST", "/v1/evidence", add_sample)
    add_route(app, "DELETE", "/v1/evidence", remove_taught)
