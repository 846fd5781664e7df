"""The pipeline behind the queue. It is loaded in the background, so the daemon answers before the model is read."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from aiohttp import web

from naturaltrace.pipeline import Pipeline
from naturaltrace.server.problems import Problem
from naturaltrace.server.worker import Priority, QueueFull, Worker
from naturaltrace.verdicts.verdict import Verdict

_log = logging.getLogger(__name__)


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
    def ready(self) -> bool:
        return self._pipeline is not None

    async def check(self, data: bytes, *, pixels_only: bool, priority: Priority) -> Verdict:
        """Raises Problem (`busy`, `no-detector`) and what Pipeline.check raises."""

        queued = perf_counter()

        def work(abandoned: threading.Event) -> Verdict:
            waited = (perf_counter() - queued) * 1000.0
            verdict = self._loaded().check(data, pixels_only=pixels_only, abandoned=abandoned)
            return replace(verdict, timing_ms={"queue": waited, **verdict.timing_ms})

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
        except Problem:
            _log.exception("the detector can't be loaded")

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
    import asyncio

    app[ENGINE] = engine

    async def run(_app: web.Application):
        engine.worker.start()
        loading = asyncio.create_task(engine.worker.do(engine.warm_up, Priority.ASKED), name="load the detector")
        yield
        await engine.worker.stop()
        await asyncio.gather(loading, return_exceptions=True)

    app.cleanup_ctx.append(run)
