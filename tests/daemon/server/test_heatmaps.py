"""`/v1/heatmaps/{id}`: where the signs lie, for as long as the findings are remembered."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from naturaltrace.pipeline import Pipeline
from naturaltrace.server.memory import CACHE
from naturaltrace.storage.paths import DataFolder
from tests.daemon.images import encoded, photo
from tests.daemon.serving import Served, serving
from tests.daemon.stand_in import StandInDetector


def _real(folder: Path) -> Callable[[StandInDetector], Pipeline]:
    def load(_detector: StandInDetector) -> Pipeline:
        return Pipeline.released(folder)

    return load


async def _check(served: Served, data: bytes, **headers: str) -> dict[str, Any]:
    async with served.http.post(f"{served.url}/v1/check", data=data, headers={**served.bearer, **headers}) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_a_checked_image_has_a_map_of_its_shape(folder: DataFolder) -> None:
    folder.create()
    data = encoded(photo(480, 320), "JPEG")
    async with serving(folder, load=_real(folder.root)) as served:
        verdict = await _check(served, data)
        assert isinstance(verdict["heatmap"], str)
        async with served.http.get(served.url + verdict["heatmap"], headers=served.bearer) as answer:
            assert answer.status == 200
            assert answer.content_type == "image/png"
            picture = Image.open(io.BytesIO(await answer.read()))
        assert picture.mode == "RGBA"
        assert picture.width * verdict["image"]["height"] == picture.height * verdict["image"]["width"]
        served.app[CACHE].forget()
        async with served.http.get(served.url + verdict["heatmap"], headers=served.bearer) as answer:
            assert answer.status == 404


async def test_a_private_window_has_none(folder: DataFolder) -> None:
    folder.create()
    async with serving(folder, load=_real(folder.root)) as served:
        verdict = await _check(served, encoded(photo(300, 300), "JPEG"), **{"NaturalTrace-Private": "?1"})
        assert verdict["heatmap"] is None
        assert len(served.app[CACHE]) == 0


async def test_nobody_guesses_a_map(served: Served) -> None:
    for name in ("0" * 64, "1", "..%2F..%2Fetc"):
        async with served.http.get(f"{served.url}/v1/heatmaps/{name}", headers=served.bearer) as answer:
            assert answer.status == 404
    async with served.http.get(f"{served.url}/v1/heatmaps/{'0' * 64}") as answer:
        assert answer.status == 401
