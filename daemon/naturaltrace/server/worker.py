"""The bounded queue before the pipeline, and its two stages: files are read one by one, several at a time; what was
read is judged together, as much as fits one run.

What someone asked for goes before what they see, and that before what was fetched ahead, in both stages. When the queue
is full, a more urgent request takes the place of the least urgent one.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from time import perf_counter
from typing import Generic, TypeVar

_log = logging.getLogger(__name__)
T = TypeVar("T")
Request = TypeVar("Request")
Middle = TypeVar("Middle")
Result = TypeVar("Result")


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


@dataclass(frozen=True, slots=True)
class Stages(Generic[Request, Middle, Result]):
    """What is done to a request. All of it runs off the event loop.

    `first` is called from up to `readers` threads at once. `second` is called from one thread, and answers each of
    several with its result or with what went wrong; `weight` says how much of `room()` one takes up.
    """

    first: Callable[[Request], Middle]
    second: Callable[[Sequence[Middle]], Sequence[Result | Exception]]
    weight: Callable[[Middle], int] = lambda _middle: 1
    room: Callable[[], int] = lambda: 1
    readers: int = 1


@dataclass(slots=True)
class _Job(Generic[Request, Middle, Result]):
    priority: Priority
    number: int
    request: Request
    done: asyncio.Future[Result]
    middle: Middle | None = None
    waiting_since: float = field(default_factory=perf_counter)
    waited_s: float = 0.0

    @property
    def rank(self) -> tuple[Priority, int]:
        return self.priority, self.number

    def stop_waiting(self) -> None:
        self.waited_s += perf_counter() - self.waiting_since


_RUNS_AHEAD = 2  # what the next runs take is read; more would only hold memory


class Worker(Generic[Request, Middle, Result]):
    """At most `limit` requests wait in both stages together; of them at most `ahead` are read and not yet judged, and
    no further one is while those that go before it fill two runs."""

    def __init__(self, stages: Stages[Request, Middle, Result], limit: int = 64, ahead: int = 32) -> None:
        self._stages = stages
        self._limit = limit
        self._ahead = ahead
        self._unread: list[_Job[Request, Middle, Result]] = []
        self._read: list[_Job[Request, Middle, Result]] = []
        self._reading = 0
        self._numbers = itertools.count()
        self._change = asyncio.Event()
        self._readers = ThreadPoolExecutor(max_workers=stages.readers, thread_name_prefix="read")
        self._judge = ThreadPoolExecutor(max_workers=1, thread_name_prefix="judge")
        self._tasks: list[asyncio.Task[None]] = []
        self._mean_s = 0.2  # a moving mean of how long one request takes the slower stage
        self.batches: dict[int, int] = {}  # how many runs judged so many at once

    def __len__(self) -> int:
        """How many wait, without those being read or judged."""
        return len(self._unread) + len(self._read)

    @property
    def read_ahead(self) -> int:
        """How many of those were read already."""
        return len(self._read)

    def start(self) -> None:
        loops = [self._read_one_by_one() for _ in range(self._stages.readers)]
        self._tasks = [asyncio.create_task(loop, name="worker") for loop in (*loops, self._judge_together())]

    async def stop(self) -> None:
        """Refuse what waits; let what runs come to its end unheard."""
        for job in (*self._unread, *self._read):
            if not job.done.done():
                job.done.set_exception(QueueFull(5.0))
        self._unread.clear()
        self._read.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._judge.shutdown(wait=False, cancel_futures=True)

    async def do(self, request: Request, priority: Priority = Priority.VISIBLE) -> tuple[Result, float]:
        """Queue `request` and wait; its result, and how many seconds it waited for its turns.

        When the caller is cancelled, what was not begun is dropped. Raises QueueFull at once where there is no room, or
        later where something more urgent needed the place; and what the stages raise.
        """
        self._make_room(priority)
        job = _Job[Request, Middle, Result](
            priority, next(self._numbers), request, asyncio.get_running_loop().create_future()
        )
        self._unread.append(job)
        self._wake()
        try:
            return await job.done, job.waited_s
        finally:
            self._forget(job)

    async def alone(self, work: Callable[[], T]) -> T:
        """Run `work` in the thread that judges, between two runs."""
        return await asyncio.get_running_loop().run_in_executor(self._judge, work)

    def in_judge(self, work: Callable[[], T]) -> T:
        """The same for a thread of the first stage, which waits."""
        return self._judge.submit(work).result()

    def _make_room(self, priority: Priority) -> None:
        waiting = [*self._unread, *self._read]
        taken = len(waiting) + self._reading  # what is being read comes back to wait for its judgement
        if taken < self._limit:
            return
        last = max(waiting, key=lambda job: job.rank, default=None)
        full = QueueFull(self._mean_s * (taken + 1))
        if last is None or last.priority <= priority:
            raise full
        self._forget(last)
        if not last.done.done():
            last.done.set_exception(full)

    def _forget(self, job: _Job[Request, Middle, Result]) -> None:
        for queue in (self._unread, self._read):
            if job in queue:
                queue.remove(job)
                self._wake()

    def _wake(self) -> None:
        self._change.set()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._change.clear()
            await self._change.wait()

    async def _read_one_by_one(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._until(self._may_read)
            job = min(self._unread, key=lambda job: job.rank)
            self._unread.remove(job)
            job.stop_waiting()
            self._reading += 1
            try:
                job.middle = await loop.run_in_executor(self._readers, self._stages.first, job.request)
            except Exception as error:
                _fail(job, error)
            finally:
                self._reading -= 1
            # Who has gone by now is not judged.
            if not job.done.done():
                job.waiting_since = perf_counter()
                self._read.append(job)
            self._wake()

    def _may_read(self) -> bool:
        if not self._unread or len(self._read) + self._reading >= self._ahead:
            return False
        next_rank = min(job.rank for job in self._unread)
        before = sum(self._stages.weight(_middle(job)) for job in self._read if job.rank < next_rank)
        return before < _RUNS_AHEAD * self._stages.room()

    async def _judge_together(self) -> None:
        while True:
            await self._until(lambda: bool(self._read))
            jobs = self._next_batch()
            start = perf_counter()
            try:
                results = await self.alone(lambda jobs=jobs: self._stages.second([_middle(job) for job in jobs]))
            except Exception as error:
                results = [error] * len(jobs)
            self.batches[len(jobs)] = self.batches.get(len(jobs), 0) + 1
            self._mean_s += 0.1 * ((perf_counter() - start) / len(jobs) - self._mean_s)
            for job, result in zip(jobs, results, strict=True):
                if isinstance(result, Exception):
                    _fail(job, result)
                elif not job.done.done():
                    job.done.set_result(result)
            self._wake()

    def _next_batch(self) -> list[_Job[Request, Middle, Result]]:
        """The most urgent, and as many of those behind it as fit."""
        self._read.sort(key=lambda job: job.rank)
        first, *others = self._read
        jobs, left = [first], self._stages.room() - self._stages.weight(_middle(first))
        for job in others:
            weight = self._stages.weight(_middle(job))
            if weight <= left:
                jobs.append(job)
                left -= weight
        for job in jobs:
            self._read.remove(job)
            job.stop_waiting()
        self._wake()  # their places are free for the next ones to be read
        return jobs


def _middle(job: _Job[Request, Middle, Result]) -> Middle:
    assert job.middle is not None
    return job.middle


def _fail(job: _Job[Request, Middle, Result], error: Exception) -> None:
    if not job.done.done():
        job.done.set_exception(error)
