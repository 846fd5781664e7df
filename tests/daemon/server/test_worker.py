"""The queue's two stages: who goes first, who goes together, who is dropped."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from naturaltrace.server.worker import Priority, QueueFull, Stages, Worker
from tests.daemon.serving import until


class Works:
    """Reads by doubling, judges by negating; both wait for `go`."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.read: list[int] = []
        self.runs: list[list[int]] = []
        self.busy = threading.Event()

    def first(self, number: int) -> int:
        self.read.append(number)
        if number == 13:
            raise ValueError("unlucky")
        return number * 2

    def second(self, numbers: Sequence[int]) -> Sequence[int | Exception]:
        self.runs.append([number // 2 for number in numbers])
        self.busy.set()
        assert self.go.wait(60)
        return [KeyError(number) if number == 26 * 2 else -number for number in numbers]


IntWorker = Worker[int, int, int]


@asynccontextmanager
async def working(
    works: Works, *, room: int = 100, limit: int = 64, ahead: int = 32, readers: int = 2
) -> AsyncGenerator[IntWorker]:
    stages = Stages(works.first, works.second, weight=lambda number: number, room=lambda: room, readers=readers)
    worker: IntWorker = Worker(stages, limit, ahead)
    worker.start()
    try:
        yield worker
    finally:
        works.go.set()
        await worker.stop()


def begin(worker: IntWorker, number: int, priority: Priority = Priority.VISIBLE) -> asyncio.Task[tuple[int, float]]:
    return asyncio.create_task(worker.do(number, priority))


async def test_what_waits_is_judged_together_the_most_urgent_first() -> None:
    works = Works()
    works.go.clear()
    async with working(works) as worker:
        first = begin(worker, 1)
        await until(works.busy.is_set)
        order = [(2, Priority.PREFETCH), (3, Priority.VISIBLE), (4, Priority.ASKED), (5, Priority.VISIBLE)]
        others = [begin(worker, number, priority) for number, priority in order]
        await until(lambda: len(works.read) == 5 and len(worker) == 4)
        works.go.set()
        results = await asyncio.gather(first, *others)
    assert [result for result, _ in results] == [-2, -4, -6, -8, -10]
    assert works.runs == [[1], [4, 3, 5, 2]]
    assert worker.batches == {1: 1, 4: 1}
    assert results[1][1] > 0


async def test_a_run_takes_no_more_than_there_is_room_for_but_always_one() -> None:
    works = Works()
    works.go.clear()
    async with working(works, room=20) as worker:
        first = begin(worker, 50)
        await until(works.busy.is_set)
        others = [begin(worker, number) for number in (6, 7, 3, 40)]
        await until(lambda: len(worker) == 4 and len(works.read) == 5)
        works.go.set()
        await asyncio.gather(first, *others)
    assert works.runs == [[50], [6, 3], [7], [40]]


async def test_one_that_fails_fails_alone() -> None:
    works = Works()
    works.go.clear()
    async with working(works, room=1000) as worker:
        first = begin(worker, 1)
        await until(works.busy.is_set)
        others = [begin(worker, number) for number in (13, 26, 3)]
        await until(lambda: len(works.read) == 4)
        works.go.set()
        unlucky, unkeyed, fine = await asyncio.gather(*others, return_exceptions=True)
        await first
    assert isinstance(unlucky, ValueError)
    assert isinstance(unkeyed, KeyError)
    assert isinstance(fine, tuple)
    assert fine[0] == -6


async def test_who_goes_is_not_judged_whether_read_or_not() -> None:
    works = Works()
    works.go.clear()
    async with working(works, ahead=1) as worker:
        first = begin(worker, 1)
        await until(works.busy.is_set)
        going = [begin(worker, number) for number in (2, 3)]
        await until(lambda: len(works.read) == 2 and len(worker) == 2)
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)
        assert len(worker) == 0
        works.go.set()
        await first
        await begin(worker, 4)
    assert works.runs == [[1], [4]]
    assert 3 not in works.read


async def test_reading_ahead_is_bounded() -> None:
    works = Works()
    works.go.clear()
    async with working(works, ahead=3) as worker:
        tasks = [begin(worker, 1)]
        await until(works.busy.is_set)
        tasks += [begin(worker, number) for number in range(2, 10)]
        await until(lambda: len(works.read) == 4)
        assert len(worker) == 8
        works.go.set()
        assert [-2 * n for n in range(1, 10)] == [result for result, _ in await asyncio.gather(*tasks)]


async def test_the_least_urgent_gives_way_even_when_it_was_read_already() -> None:
    works = Works()
    works.go.clear()
    async with working(works, limit=2) as worker:
        first = begin(worker, 1)
        await until(works.busy.is_set)
        ahead = [begin(worker, number, Priority.PREFETCH) for number in (2, 3)]
        await until(lambda: len(works.read) == 3 and len(worker) == 2)
        with pytest.raises(QueueFull):
            await worker.do(4, Priority.PREFETCH)
        asked = begin(worker, 5, Priority.ASKED)
        with pytest.raises(QueueFull) as full:
            await ahead[1]
        assert full.value.retry_after_s > 0
        works.go.set()
        assert [(await task)[0] for task in (first, ahead[0], asked)] == [-2, -4, -10]


async def test_stopping_refuses_what_waits() -> None:
    works = Works()
    works.go.clear()
    async with working(works) as worker:
        first = begin(worker, 1)
        await until(works.busy.is_set)
        waiting = begin(worker, 2)
        await until(lambda: len(works.read) == 2 and len(worker) == 1)
        stopping = asyncio.create_task(worker.stop())
        with pytest.raises(QueueFull):
            await waiting
        works.go.set()
        await stopping
        first.cancel()


async def test_no_more_is_read_than_two_runs_take_but_for_what_goes_before_it() -> None:
    works = Works()
    works.go.clear()
    async with working(works, room=20, readers=1) as worker:
        first = begin(worker, 1)
        await until(works.busy.is_set)
        others = [begin(worker, number) for number in (4, 5, 11, 6, 7)]
        await until(lambda: worker.read_ahead == 3)  # twice 4, 5 and 11: 40
        asked = begin(worker, 8, Priority.ASKED)
        await until(lambda: worker.read_ahead == 4)
        assert sorted(works.read) == [1, 4, 5, 8, 11]
        works.go.set()
        await asyncio.gather(first, *others, asked)
    assert works.runs[1][0] == 8
    assert sorted(works.read) == [1, 4, 5, 6, 7, 8, 11]
