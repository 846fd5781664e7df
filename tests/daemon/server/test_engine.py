"""The engine behind the queue: several images in one run, another device while it runs, a real process behind it."""

import asyncio
import hashlib
import threading
from collections.abc import Sequence
from dataclasses import replace

import psutil
import pytest

from naturaltrace.detection import card as cards
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.result import Detection
from naturaltrace.detection.runtime import tuning
from naturaltrace.detection.runtime.wanted import Wanted
from naturaltrace.imaging.errors import ImagingError
from naturaltrace.imaging.prepared import Prepared
from naturaltrace.pipeline import Pipeline
from naturaltrace.sandbox.pool import ReaderPool
from naturaltrace.sandbox.process import NoReader
from naturaltrace.sandbox.reading import Reading
from naturaltrace.server import engine as engine_module
from naturaltrace.server.engine import Engine
from naturaltrace.server.problems import Problem
from naturaltrace.server.worker import Priority
from naturaltrace.storage.paths import DataFolder
from naturaltrace.storage.settings import SettingsFile
from tests.daemon.images import encoded, photo
from tests.daemon.server.test_check import check, small
from tests.daemon.serving import Served, serving, until
from tests.daemon.stand_in import StandInDetector, StandInReader, stand_in

PNG = encoded(photo(), "PNG")


async def test_images_that_wait_are_judged_in_one_run(served: Served) -> None:
    served.detector.hold.clear()
    first = asyncio.create_task(check(served, small(0)))
    await until(served.detector.entered.is_set)
    others = [asyncio.create_task(check(served, small(number))) for number in range(1, 6)]
    await until(lambda: len(served.engine.worker) == 5)
    await until(lambda: served.engine.worker.read_ahead == 5)
    served.detector.hold.set()
    assert [status for status, _, _ in await asyncio.gather(first, *others)] == [200] * 6
    assert served.detector.runs == [1, 5]
    async with served.http.get(f"{served.url}/v1/stats", headers=served.bearer) as answer:
        stats = await answer.json()
    assert stats["engine"]["batches"] == {"1": 1, "5": 1}
    assert {"queue", "read", "decode", "detect", "judge"} <= set(stats["stages_ms"])
    assert stats["stages_ms"]["queue"]["p95"] > 0


async def test_one_image_that_defeats_the_detector_costs_the_others_nothing(folder: DataFolder) -> None:
    class Picky(StandInDetector):
        def detect_prepared(self, images: Sequence[Prepared]) -> list[Detection]:
            if any(image.sha256 == hashlib.sha256(small(2)).hexdigest() for image in images):
                self.hold.wait(60)
                raise RuntimeError("not this one")
            return super().detect_prepared(images)

    folder.create()
    detector = Picky()
    async with serving(folder, load=lambda _detector: stand_in(detector)) as served:
        detector.hold.clear()
        first = asyncio.create_task(check(served, small(0)))
        await until(detector.entered.is_set)
        others = [asyncio.create_task(check(served, small(number))) for number in (1, 2, 3)]
        await until(lambda: served.engine.worker.read_ahead == 3)
        detector.hold.set()
        assert [status for status, _, _ in await asyncio.gather(first, *others)] == [200, 200, 500, 200]


async def test_a_file_over_which_the_reader_breaks_down_is_said_so(folder: DataFolder) -> None:
    class Broken(StandInReader):
        def read(self, data: bytes, *, pixels_only: bool = False, thumbnail: bool = False) -> Reading:
            raise ImagingError("The decoder broke down over this file.")

    folder.create()
    async with serving(folder, load=lambda detector: replace(stand_in(detector), reader=Broken())) as served:
        status, problem, _ = await check(served, PNG)
        assert (status, problem["type"]) == (422, "urn:naturaltrace:problem:undecodable")


async def test_without_a_process_that_reads_the_reason_is_said(folder: DataFolder) -> None:
    class Gone(StandInReader):
        def read(self, data: bytes, *, pixels_only: bool = False, thumbnail: bool = False) -> Reading:
            raise NoReader("the process that reads files does not start")

    folder.create()
    async with serving(folder, load=lambda detector: replace(stand_in(detector), reader=Gone())) as served:
        status, problem, headers = await check(served, PNG)
        assert (status, problem["type"]) == (503, "urn:naturaltrace:problem:no-detector")
        assert "does not start" in str(problem["detail"])
        assert int(headers["Retry-After"]) > 0


async def test_a_process_killed_between_two_images_is_replaced(folder: DataFolder) -> None:
    folder.create()
    pool = ReaderPool(size=1)
    async with serving(folder, load=lambda detector: replace(stand_in(detector), reader=pool)) as served:
        before = set(psutil.Process().children())
        assert (await check(served, PNG))[0] == 200
        (reader,) = set(psutil.Process().children()) - before
        reader.kill()
        await asyncio.to_thread(reader.wait, 60)
        assert (await check(served, small(1)))[0] == 200
        assert served.engine.state()["readers"]["processes"] == 1
    assert set(psutil.Process().children()) - before == set()


async def test_another_device_is_used_from_the_next_image_on() -> None:
    made: list[Wanted] = []
    wanted = [Wanted()]
    closed: list[bool] = []

    class Closing(StandInReader):
        def close(self, *, now: bool = True) -> None:
            closed.append(now)

    def load(asked: Wanted) -> Pipeline:
        made.append(asked)
        return replace(stand_in(), reader=Closing())

    engine = Engine(load, wanted=lambda: wanted[0])
    engine.worker.start()
    try:
        await engine.examine(PNG, pixels_only=False, thumbnail=False, priority=Priority.ASKED)
        await engine.examine(PNG, pixels_only=False, thumbnail=False, priority=Priority.ASKED)
        assert made == [Wanted("auto", "auto")]
        for asked in (Wanted("cpu"), Wanted("cpu", "fp32")):
            wanted[0] = asked
            await engine.examine(PNG, pixels_only=False, thumbnail=False, priority=Priority.ASKED)
            assert made[-1] == asked
        assert len(made) == 3
        assert closed == [False, False]
    finally:
        await engine.close()
    assert closed == [False, False, True]


async def test_a_device_that_fails_leaves_a_reason_and_is_tried_again() -> None:
    good = [False]

    def load(_wanted: Wanted) -> Pipeline:
        if not good[0]:
            raise OSError("no card")
        return stand_in()

    engine = Engine(load)
    engine.worker.start()
    try:
        with pytest.raises(Problem, match="no card"):
            await engine.examine(PNG, pixels_only=False, thumbnail=False, priority=Priority.ASKED)
        assert engine.failure is not None
        good[0] = True
        await engine.examine(PNG, pixels_only=False, thumbnail=False, priority=Priority.ASKED)
        assert engine.failure is None
    finally:
        await engine.close()


def test_the_engine_names_the_devices_of_this_machine() -> None:
    assert "cpu" in Engine(lambda _device: stand_in()).devices


async def test_the_memory_of_runs_goes_back_once_after_each_spell_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "HOUSEKEEPING_S", 0.02)
    rested: list[tuple[int, str]] = []

    class Resting(StandInDetector):
        def rest(self) -> None:
            rested.append((len(self.runs), threading.current_thread().name))

    engine = Engine(lambda _wanted: stand_in(Resting()))
    engine.worker.start()
    running = asyncio.create_task(engine.run())
    try:
        await engine.examine(PNG, pixels_only=False, thumbnail=False, priority=Priority.ASKED)
        await until(lambda: bool(engine.state()["measured"]))  # comes after the rest
        await engine.examine(PNG, pixels_only=False, thumbnail=False, priority=Priority.ASKED)
        await until(lambda: any(runs == 2 for runs, _ in rested))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await engine.close()
    assert [runs for runs, _ in rested if runs] == [1, 2]
    assert all(thread.startswith("judge") for _, thread in rested)  # no run is under way there


@pytest.mark.timeout(300)
async def test_the_engine_goes_over_to_eight_bits_once_it_has_measured(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real detector: fp32 for the first image, then what measuring found, and fp32 again when that is asked for."""
    if cards.released().small is None:
        pytest.skip("this release came without a graph in eight bits")
    if Detector.released(threads=1, precision="int8").chosen.precision != "int8":
        pytest.skip("this machine computes it otherwise")
    monkeypatch.setattr(tuning, "times_as_fast", lambda *_runtimes: 1.8)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    monkeypatch.setattr(engine_module, "HOUSEKEEPING_S", 0.1)
    folder.create()
    wanted = [Wanted("cpu")]

    def load(asked: Wanted) -> Pipeline:
        return Pipeline.released(folder.root, device=asked.device, precision=asked.precision)

    engine = Engine(load, wanted=lambda: wanted[0])
    engine.worker.start()
    running = asyncio.create_task(engine.run())

    async def level() -> tuple[str, float | None]:
        data = encoded(photo(640, 480), "JPEG")
        found = await engine.examine(data, pixels_only=False, thumbnail=False, priority=Priority.ASKED)
        return found.detection.level.value, found.detection.probability

    try:
        exact = await level()
        await until(lambda: bool(engine.state()["measured"]), within_s=200)
        assert (engine.precision, engine.notices) == ("int8", ())
        coarse = await level()
        assert coarse[0] == exact[0]
        assert coarse[1] == pytest.approx(exact[1], abs=0.15)
        wanted[0] = Wanted("cpu", "fp32")
        assert (await level())[1] == exact[1]
        assert engine.precision == "fp32"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await engine.close()
    # Known from now on, for the command line too.
    assert Pipeline.released(folder.root, device="cpu").detector.chosen.precision == "int8"  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    SettingsFile.load(folder.settings).change({"precision": "fp32"})
    assert Pipeline.released(folder.root, device="cpu").detector.chosen.precision == "fp32"  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
