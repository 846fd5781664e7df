"""One thread that judges images, and the bounded queue before it.

What someone asked for goes before what they see, and that before what was fetched ahead. When the queue is full, a more
urgent request takes the place of the least urgent one.
"""

import asyncio
import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from time import perf_counter
from typing import Any, TypeVar

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Priority(IntEnum):
    """Lower goes first."""

    ASKED = 0
    VISIBLE = 1
    PREFETCH = 2


class QueueFull(Exception):  # noqa: N818 (asyncio's own name for it)
    """`retry_after_s` is how long the queue is expected to take."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("the queue is full")
        self.retry_after_s = retry_after_s


@dataclass(order=True, slots=True)
class _Job:
    priority: Priority
    number: int
    work: Callable[[threading.Event], Any] = field(compare=False)
    done: asyncio.Future[Any] = field(compare=False)
    abandoned: threading.Event = field(compare=False, default_factory=threading.Event)


class Worker:
    """Runs synchronous work one piece at a time, off the event loop."""

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._queue: list[_Job] = []
        self._numbers = itertools.count()
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="judge")
        self._task: asyncio.Task[None] | None = None
        self._mean_s = 0.2  # a moving mean of how long one piece of work takes

    def __len__(self) -> int:
        """How many wait, without the one being worked on."""
        return len(self._queue)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="worker")

    async def stop(self) -> None:
        """Refuse what waits, let the running piece end, stop the thread."""
        for job in self._queue:
            job.abandoned.set()
            if not job.done.done():
                job.done.set_exception(QueueFull(5.0))
        self._queue.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def do(self, work: Callable[[threading.Event], T], priority: Priority = Priority.VISIBLE) -> T:
        """Queue `work` and wait for its result. It is handed an event that is set when nobody waits any more.

        Raises QueueFull at once where there is no room, or later where something more urgent needed the place.
        """
        self._make_room(priority)
        job = _Job(priority, next(self._numbers), work, asyncio.get_running_loop().create_future())
        heapq.heappush(self._queue, job)
        self._wake.set()
        try:
            return await job.done
        finally:
            if not job.done.done() or job.done.cancelled():
                job.abandoned.set()
                self._forget(job)

    def _make_room(self, priority: Priority) -> None:
        if len(self._queue) < self._limit:
            return
        last = max(self._queue)
        full = QueueFull(self._mean_s * (len(self._queue) + 1))
        if last.priority <= priority:
            raise full
        self._forget(last)
        last.abandoned.set()
        if not last.done.done():
            last.done.set_exception(full)

    def _forget(self, job: _Job) -> None:
        if job in self._queue:
            self._queue.remove(job)
            heapq.heapify(self._queue)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self._queue:
                self._wake.clear()
                await self._wake.wait()
            job = heapq.heappop(self._queue)
            if job.done.done():
                continue
            start = perf_counter()
            running = loop.run_in_executor(self._thread, job.work, job.abandoned)
            try:
                result = await asyncio.shield(running)
            except asyncio.CancelledError:
                job.abandoned.set()
                await asyncio.gather(running, return_exceptions=True)
                raise
            except BaseException as error:
                if not job.done.done():
                    job.done.set_exception(error)
                continue
            self._mean_s += 0.1 * (perf_counter() - start - self._mean_s)
            if not job.done.done():
                job.done.set_result(result)
