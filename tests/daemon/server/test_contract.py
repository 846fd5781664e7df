"""The running server against its own OpenAPI document: every route is in it, hostile calls get documented answers."""

import asyncio
import importlib
import json
import os
import re
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from naturaltrace.server.access import ROUTE_ACCESS, Access
from naturaltrace.server.contract import openapi_text
from naturaltrace.storage.paths import DataFolder
from tests.daemon.images import encoded, photo
from tests.daemon.serving import Served, serving
from tests.needs import needs

needs("schemathesis", "dev")
schemathesis: Any = importlib.import_module("schemathesis")
_checks: Any = importlib.import_module("schemathesis.specs.openapi.checks")

DOCUMENT: dict[str, Any] = json.loads(openapi_text())
EXAMPLES = int(os.environ.get("NATURALTRACE_API_EXAMPLES", "12"))
CHECKS = [
    importlib.import_module("schemathesis.checks").not_a_server_error,
    _checks.status_code_conformance,
    _checks.content_type_conformance,
    _checks.response_headers_conformance,
    _checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def served_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """The application in a thread of its own, since schemathesis calls it synchronously."""
    folder = DataFolder(tmp_path_factory.mktemp("contract") / "data")
    folder.create()
    holder: list[Served] = []
    up = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with serving(folder) as served:
            holder.append(served)
            up.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert up.wait(60)
    yield holder[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(60)
    loop.close()


schema: Any = schemathesis.openapi.from_dict(DOCUMENT)


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None)
def test_hostile_calls_get_documented_answers(case: Any, served_elsewhere: Served) -> None:
    public = case.operation.definition.raw.get("security") == [{}]
    token = {} if public else served_elsewhere.bearer
    case.call_and_validate(base_url=served_elsewhere.url, headers=token, checks=CHECKS)


@pytest.mark.parametrize(
    ("method", "path"), [(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods]
)
async def test_nothing_but_the_public_is_answered_without_a_token(served: Served, method: str, path: str) -> None:
    public = DOCUMENT["paths"][path][method].get("security") == [{}]
    async with served.http.request(method.upper(), served.url + path.replace("{id}", "1")) as answer:
        assert (answer.status == 401) is not public


async def test_every_route_is_in_the_document(served: Served) -> None:
    documented = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    routes = {
        (route.method, route.resource.canonical)
        for route, access in served.app[ROUTE_ACCESS].items()
        if access is not Access.CONTROL and route.resource is not None and route.resource.canonical.startswith("/v1/")
    }
    assert routes == documented


async def test_what_is_public_is_documented_as_public(served: Served) -> None:
    for route, access in served.app[ROUTE_ACCESS].items():
        assert route.resource is not None
        path = route.resource.canonical
        if path in DOCUMENT["paths"]:
            public = DOCUMENT["paths"][path][route.method.lower()].get("security") == [{}]
            assert public is (access is Access.PUBLIC), path


async def test_the_document_is_served_as_it_is(served: Served) -> None:
    async with served.http.get(f"{served.url}/v1/openapi.json") as answer:
        assert await answer.json() == DOCUMENT


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "AVIF", "HEIF", "GIF", "BMP", "TIFF"])
def test_real_verdicts_fit_the_document(served_elsewhere: Served, name: str) -> None:
    case = schema["/v1/check"]["POST"].Case(body=encoded(photo(), name), media_type="application/octet-stream")
    answer = case.call(base_url=served_elsewhere.url, headers=served_elsewhere.bearer)
    assert answer.status_code == 200
    case.validate_response(answer, checks=CHECKS)


def test_every_problem_is_listed_for_people() -> None:
    root = Path(__file__).parents[3]
    listed = (root / "docs/api/README.md").read_text(encoding="utf-8")
    raised: set[str] = set()
    for file in (root / "daemon/naturaltrace").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        raised |= set(re.findall(r"(?:Problem|_refuse)\(\s*\d{3},\s*\"([a-z-]+)\"", text))
    raised |= {"empty", "unsupported-format", "damaged-image", "too-many-pixels", "too-large", "undecodable"}
    assert {slug for slug in raised if f"`{slug}`" not in listed} == set()
