"""The pipeline behind the queue. It is loaded in the background, so the daemon answers before the model is read."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from naturaltrace.detection.result import ModelInfo
from naturaltrace.detection.runtime.wanted import FP32, Wanted
from naturaltrace.pipeline import Enrich, Findings, Pipeline
from naturaltrace.sandbox.idle import give_memory_back, keep_memory_while_working, lay_apart_while_loading
from naturaltrace.sandbox.pool import default_size
from naturaltrace.sandbox.process import NoReader
from naturaltrace.sandbox.reading import Reading
from naturaltrace.server.problems import Problem
from naturaltrace.server.worker import Priority, QueueFull, Stages, Worker
from naturaltrace.verdicts.verdict import Verdict

_log = logging.getLogger(__name__)
Load = Callable[[Wanted], Pipeline]
HOUSEKEEPING_S = 5.0


@dataclass(frozen=True, slots=True)
class _Request:
    data: bytes
    pixels_only: bool
    thumbnail: bool


class Engine:
    """`load` makes the pipeline for a device and a precision; it is called in the thread that judges, anew when
    `wanted`, which gives the user's choice, gives another one."""

    def __init__(
        self,
        load: Load,
        *,
        wanted: Callable[[], Wanted] = Wanted,
        queue_limit: int = 64,
        readers: int | None = None,
    ) -> None:
        self._load = load
        self._wanted = wanted
        self._loaded_for: Wanted | None = None
        self._tuned = False
        self._pipeline: Pipeline | None = None
        self._failure: str | None = None
        stages = Stages(self._read, self._judge, _crops, self._room, readers or default_size())
        self.worker: Worker[_Request, Reading, Findings] = Worker(stages, queue_limit)

    @property
    def failure(self) -> str | None:
        """Why no verdict can be given, in words; None while loading and when all is well."""
        return self._failure

    @property
    def model(self) -> ModelInfo | None:
        """None until it is loaded."""
        return None if self._pipeline is None else self._pipeline.model

    @property
    def devices(self) -> tuple[str, ...]:
        """What the detector can be run on here, best first."""
        from naturaltrace.detection.runtime.devices import available

        return tuple(available())

    @property
    def device(self) -> str | None:
        """What it runs on; None until it is loaded."""
        chosen = self._chosen
        return None if self._pipeline is None else "cpu" if chosen is None else chosen.runtime.device

    @property
    def precision(self) -> str | None:
        """Which graph runs, "fp32" or "int8"; None until it is loaded."""
        chosen = self._chosen
        return None if self._pipeline is None else FP32 if chosen is None else chosen.precision

    @property
    def notices(self) -> tuple[str, ...]:
        """Which devices were tried in vain, in words."""
        return () if self._chosen is None else self._chosen.notices

    @property
    def enrich(self) -> Enrich | None:
        """What adds reasons to verdicts; None until the pipeline is loaded."""
        return None if self._pipeline is None else self._pipeline.enrich

    async def examine(self, data: bytes, *, pixels_only: bool, thumbnail: bool, priority: Priority) -> Findings:
        """Raises Problem (`busy`, `no-detector`) and ImagingError."""
        if self._failure is not None:
            await self.loaded()  # it may be there by now; if not, the reason is told without reading the file
        try:
            found, waited_s = await self.worker.do(_Request(data, pixels_only, thumbnail), priority)
        except QueueFull as full:
            raise Problem(
                503,
                "busy",
                "Too many images are waiting; try again in a moment.",
                retry_after=int(full.retry_after_s) + 1,
            ) from None
        return replace(found, timing_ms={"queue": waited_s * 1000.0, **found.timing_ms})

    def tell(self, found: Findings, *, language: str, cached: bool) -> Verdict:
        """Only for findings that this engine made."""
        assert self._pipeline is not None
        return self._pipeline.tell(found, language=language, cached=cached)

    async def loaded(self) -> ModelInfo:
        """Wait for the detector. Raises Problem `no-detector`."""
        return (await self.worker.alone(self._loaded)).model

    def state(self) -> dict[str, Any]:
        """For `GET /v1/stats`."""
        chosen = self._chosen
        readers = getattr(getattr(self._pipeline, "reader", None), "state", lambda: None)()
        return {
            "device": self.device,
            "precision": self.precision,
            "measured": self._tuned,
            "threads": getattr(chosen.runtime, "threads", None) if chosen else None,
            "batch_crops": chosen.tuning.crops if chosen else None,
            "batches": {str(size): count for size, count in sorted(self.worker.batches.items())},
            "readers": None
            if readers is None
            else {
                "processes": readers.processes,
                "died": readers.died,
                "overran": readers.overran,
                "confined": list(readers.confined),
            },
        }

    async def run(self) -> None:
        """Load, then tidy up now and then, until cancelled."""
        quiet_since, told = -1, ""
        while True:
            try:
                await self.worker.alone(self._loaded)
            except Problem as problem:
                if str(problem) != told:  # once, not at each attempt
                    told = str(problem)
                    _log.error("%s", problem, exc_info=problem.__cause__)
            await asyncio.sleep(HOUSEKEEPING_S)
            if self._pipeline is not None:
                await asyncio.to_thread(self._pipeline.reader.end_idle)
            # Once after each spell of work, and not while there is any.
            done = sum(self.worker.batches.values())
            if len(self.worker) == 0 and quiet_since != done:
                await self.worker.alone(self._rest)
                quiet_since = done
            elif len(self.worker) == 0 and done and not self._tuned:
                # Only now: measured while a browser opens its pages, the figures would be those of a busy machine.
                await self.worker.alone(self._tune)

    async def close(self) -> None:
        await self.worker.stop()
        if self._pipeline is not None:
            self._pipeline.reader.close()

    # --- in the worker's threads -------------------------------------------------------------------------------------

    def _read(self, request: _Request) -> Reading:
        pipeline = self._pipeline
        if pipeline is None:
            # The first image may come while the detector is being read: wait in the line for it.
            pipeline = self.worker.in_judge(self._loaded)
        try:
            return pipeline.read(request.data, pixels_only=request.pixels_only, thumbnail=request.thumbnail)
        except NoReader as error:
            if self._pipeline is not pipeline:  # another device was chosen meanwhile, and came with readers of its own
                return self._read(request)
            raise Problem(503, "no-detector", f"Files can't be read: {error}.", retry_after=60) from error

    def _tune(self) -> None:
        tune = getattr(getattr(self._pipeline, "detector", None), "tune", None)
        if tune is not None:
            lay_apart_while_loading()
            try:
                tune()
            finally:
                keep_memory_while_working()
            self._rest()
        self._tuned = True

    def _rest(self) -> None:
        rest = getattr(getattr(self._pipeline, "detector", None), "rest", None)
        if rest is not None:
            rest()
        give_memory_back()

    def _judge(self, readings: Sequence[Reading]) -> Sequence[Findings | Exception]:
        pipeline = self._loaded()
        try:
            return pipeline.detect(readings)
        except Exception as error:
            if len(readings) == 1:
                return [error]
        # One image that defeats the detector must not cost the others their verdicts.
        return [result for reading in readings for result in self._judge([reading])]

    def _room(self) -> int:
        return self._chosen.tuning.crops if self._chosen is not None else 12

    @property
    def _chosen(self) -> Any:
        return getattr(getattr(self._pipeline, "detector", None), "chosen", None)

    def _loaded(self) -> Pipeline:
        wanted = self._wanted()
        if self._pipeline is not None and wanted == self._loaded_for:
            return self._pipeline
        before = self._pipeline
        lay_apart_while_loading()
        try:
            pipeline = self._load(wanted)
        except Exception as error:
            self._failure = f"The detector can't be loaded ({type(error).__name__}: {error})."
            raise Problem(503, "no-detector", self._failure, retry_after=60) from error
        finally:
            keep_memory_while_working()
        if before is not None:
            before.reader.close(now=False)
        self._pipeline, self._failure, self._loaded_for, self._tuned = pipeline, None, wanted, False
        give_memory_back()
        return pipeline


def _crops(reading: Reading) -> int:
    return 0 if reading.prepared.crops is None else len(reading.prepared.crops.pixels)


ENGINE = web.AppKey("engine", Engine)


def setup_engine(app: web.Application, engine: Engine) -> None:
    app[ENGINE] = engine

    async def run(_app: web.Application):
        engine.worker.start()
        running = asyncio.create_task(engine.run(), name="engine")
        yield
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await engine.close()

    app.cleanup_ctx.append(run)
