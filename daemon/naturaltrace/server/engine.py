"""The pipeline behind the queue. It is loaded in the background, so the daemon answers before the model is read."""

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import TypeVar

from aiohttp import web

from naturaltrace.detection.result import ModelInfo
from naturaltrace.pipeline import Findings, Pipeline
from naturaltrace.server.problems import Problem
from naturaltrace.server.worker import Priority, QueueFull, Worker
from naturaltrace.verdicts.verdict import Verdict

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Engine:
    """`load` is called once, in the worker's thread."""

    def __init__(self, load: Callable[[], Pipeline], *, queue_limit: int = 64) -> None:
        self._load = load
        self._pipeline: Pipeline | None = None
        self._failure: str | None = None
        self.worker = Worker(queue_limit)

    @property
    def failure(self) -> str | None:
        """Why no verdict can be given, in words; None while loading and when all is well."""
        return self._failure

    @property
    def model(self) -> ModelInfo | None:
        """None until it is loaded."""
        return None if self._pipeline is None else self._pipeline.model

    async def examine(self, data: bytes, *, pixels_only: bool, thumbnail: bool, priority: Priority) -> Findings:
        """Raises Problem (`busy`, `no-detector`) and what Pipeline.examine raises."""
        queued = perf_counter()

        def work(abandoned: threading.Event) -> Findings:
            waited = (perf_counter() - queued) * 1000.0
            pipeline = self._loaded()
            found = pipeline.examine(data, pixels_only=pixels_only, thumbnail=thumbnail, abandoned=abandoned)
            return replace(found, timing_ms={"queue": waited, **found.timing_ms})

        return await self._queue(work, priority)

    def tell(self, found: Findings, *, language: str, cached: bool) -> Verdict:
        """Only for findings that this engine made."""
        assert self._pipeline is not None
        return self._pipeline.tell(found, language=language, cached=cached)

    async def loaded(self) -> ModelInfo:
        """Wait for the detector. Raises Problem `no-detector`."""
        if self._pipeline is None:
            return await self._queue(lambda _abandoned: self._loaded().model, Priority.ASKED)
        return self._pipeline.model

    async def _queue(self, work: Callable[[threading.Event], T], priority: Priority) -> T:
        try:
            return await self.worker.do(work, priority)
        except QueueFull as full:
            raise Problem(
                503,
                "busy",
                "Too many images are waiting; try again in a moment.",
                retry_after=int(full.retry_after_s) + 1,
            ) from None

    def warm_up(self, _abandoned: threading.Event) -> None:
        """Load the pipeline; runs in the worker's thread."""
        try:
            self._loaded()
        except Problem as problem:
            _log.error("%s", problem, exc_info=problem.__cause__)

    def _loaded(self) -> Pipeline:
        if self._pipeline is None:
            try:
                self._pipeline = self._load()
                self._failure = None
            except Exception as error:
                self._failure = f"The detector can't be loaded ({type(error).__name__}: {error})."
                raise Problem(503, "no-detector", self._failure, retry_after=60) from error
        return self._pipeline


ENGINE = web.AppKey("engine", Engine)


def setup_engine(app: web.Application, engine: Engine) -> None:
    app[ENGINE] = engine

    async def run(_app: web.Application):
        engine.worker.start()
        loading = asyncio.create_task(engine.worker.do(engine.warm_up, Priority.ASKED), name="load the detector")
        yield
        await engine.worker.stop()
        await asyncio.gather(loading, return_exceptions=True)

    app.cleanup_ctx.append(run)
