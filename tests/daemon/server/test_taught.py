"""`/v1/evidence`: teaching image by image, over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from naturaltrace.detection.result import Detection
from naturaltrace.evidence.adviser import Adviser
from naturaltrace.evidence.store import EvidenceStore
from naturaltrace.imaging.prepared import Prepared
from naturaltrace.pipeline import Pipeline
from naturaltrace.storage.paths import DataFolder
from tests.daemon.evidence.cases import GRAPH, reference, traits
from tests.daemon.images import encoded, photo
from tests.daemon.serving import Served, serving
from tests.daemon.stand_in import StandInDetector, stand_in


class _WithTraits(StandInDetector):
    def _one(self, image: Prepared) -> Detection:
        found = super()._one(image)
        return replace(found, traits=traits() if image.width >= 200 else None)


@pytest.fixture
async def teachable(folder: DataFolder) -> AsyncIterator[Served]:
    folder.create()

    def load(_detector: StandInDetector) -> Pipeline:
        adviser = Adviser(GRAPH, reference(), EvidenceStore(folder.root))
        return replace(stand_in(_WithTraits()), enrich=adviser)

    async with serving(folder, load=load) as it:
        yield it


async def _teach(served: Served, seed: int, *, kind: str = "generator", name: str = "New", width: int = 240) -> Any:
    data = encoded(photo(width, 200, seed=seed), "JPEG")
    query = {"kind": kind, "name": name}
    async with served.http.post(f"{served.url}/v1/evidence", params=query, data=data, headers=served.bearer) as answer:
        return answer.status, await answer.json()


async def _listed(served: Served) -> Any:
    async with served.http.get(f"{served.url}/v1/evidence", headers=served.bearer) as answer:
        assert answer.status == 200
        return await answer.json()


async def test_the_fifth_sample_makes_it_count(teachable: Served) -> None:
    for i in range(4):
        assert await _teach(teachable, i) == (200, {"samples": i + 1, "kept": False})
    assert (await _listed(teachable))["taught"] == []
    assert await _teach(teachable, 4) == (200, {"samples": 5, "kept": True})
    (entry,) = (await _listed(teachable))["taught"]
    assert (entry["name"], entry["kind"], entry["samples"], entry["stale"]) == ("New", "generator", 5, False)
    assert "prototypes" not in entry


async def test_it_is_forgotten_when_asked(teachable: Served) -> None:
    for i in range(5):
        await _teach(teachable, i, kind="camera", name="Mine")
    query = {"kind": "camera", "name": "Mine"}
    url = f"{teachable.url}/v1/evidence"
    async with teachable.http.delete(url, params=query, headers=teachable.bearer) as answer:
        assert answer.status == 204
    async with teachable.http.delete(url, params=query, headers=teachable.bearer) as answer:
        assert answer.status == 404
    assert await _teach(teachable, 9, kind="camera", name="Mine") == (200, {"samples": 1, "kept": False})


async def test_what_cannot_be_learned_from_is_refused_in_words(teachable: Served) -> None:
    status, problem = await _teach(teachable, 0, width=180)
    assert (status, problem["type"].rsplit(":", 1)[1]) == (422, "not-usable")
    for query in ({"kind": "robot", "name": "x"}, {"kind": "camera"}, {"kind": "camera", "name": "x" * 81}):
        async with teachable.http.post(
            f"{teachable.url}/v1/evidence", params=query, data=b"x", headers=teachable.bearer
        ) as answer:
            assert answer.status == 400


async def test_a_detector_that_cannot_be_taught_says_so(served: Served) -> None:
    assert await _listed(served) == {"fewest": 5, "taught": []}
    status, problem = await _teach(served, 0)
    assert (status, problem["detail"]) == (409, "This detector can't be taught.")
