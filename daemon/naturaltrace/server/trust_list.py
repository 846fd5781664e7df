"""Whose signatures are believed: the settings page shows the trust list, replaces it by a file, takes that back.

Only the page's session and this user's own programs may: who could change the list could make any signer trusted.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from aiohttp import web

from naturaltrace.provenance import trust
from naturaltrace.server.access import Access
from naturaltrace.server.body import image_body
from naturaltrace.server.memory import CACHE
from naturaltrace.server.problems import Problem
from naturaltrace.server.routes import add_route

_DATA_DIR = web.AppKey("trust_data_dir", Path)


async def show(request: web.Request) -> web.Response:
    return _answer(await asyncio.to_thread(trust.current, request.app[_DATA_DIR]))


async def replace(request: web.Request) -> web.Response:
    """The body is a PEM file; `name` in the address is what the file is called."""
    name = request.query.get("name", "") or "a file"
    if (request.content_length or 0) > trust.MOST_BYTES:
        raise Problem(413, "too-large", "The file is larger than any trust list.", close=True)
    async with image_body(request) as data:
        source = f"{name}, chosen in the settings"
        listed = await _change(request, partial(trust.put, data, name, request.app[_DATA_DIR], source=source))
    return _answer(listed)


async def take_back(request: web.Request) -> web.Response:
    return _answer(await _change(request, partial(trust.remove, request.app[_DATA_DIR])))


async def _change(request: web.Request, work: Callable[[], trust.TrustList]) -> trust.TrustList:
    try:
        listed = await asyncio.to_thread(work)
    except trust.TrustListError as error:
        raise Problem(422, "bad-setting", str(error)) from None
    except OSError as error:
        raise Problem(422, "bad-setting", f"The trust list can't be kept ({error.strerror}).") from error
    request.app[CACHE].forget()  # what was found by the other list
    return listed


def _answer(listed: trust.TrustList) -> web.Response:
    own = listed != trust.bundled()
    return web.json_response(
        {"name": listed.name, "source": listed.source, "date": listed.date, "count": listed.count, "own": own}
    )


def setup_trust_list(app: web.Application, data_dir: Path) -> None:
    app[_DATA_DIR] = data_dir
    add_route(app, "GET", "/v1/control/trust", show, access=Access.CONTROL)
    add_route(app, "PUT", "/v1/control/trust", replace, access=Access.CONTROL)
    add_route(app, "DELETE", "/v1/control/trust", take_back, access=Access.CONTROL)
