"""Several processes: as many as there is work for, one when there is none."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from naturaltrace.sandbox import pool as pools
from naturaltrace.sandbox.pool import ReaderPool, default_size
from naturaltrace.sandbox.process import NoReader, ReaderProcess
from naturaltrace.sandbox.reading import Reading
from tests.daemon.images import encoded, photo

PNG = encoded(photo(160, 160), "PNG")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pool(clock: Clock) -> Iterator[ReaderPool]:
    it = ReaderPool(size=2, clock=clock)
    yield it
    it.close()


def read_two_at_once(pool: ReaderPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both processes at work at the same time: each waits for the other before it reads."""
    both = threading.Barrier(2, timeout=60)
    read = ReaderProcess.read

    def together(self: ReaderProcess, data: bytes, **options: bool) -> Reading:
        both.wait()
        return read(self, data, **options)

    with monkeypatch.context() as patched, ThreadPoolExecutor(2) as threads:
        patched.setattr(pools.ReaderProcess, "read", together)
        assert [r.prepared.width for r in threads.map(pool.read, [PNG, PNG])] == [160, 160]


def test_nothing_runs_before_there_is_a_file_to_read(pool: ReaderPool) -> None:
    assert pool.state().processes == 0
    pool.start()
    assert pool.state().processes == 1


def test_it_grows_with_the_work_and_shrinks_to_one(
    pool: ReaderPool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        pool.read(PNG)
    assert pool.state().processes == 1
    read_two_at_once(pool, monkeypatch)
    assert pool.state().processes == 2
    clock.now = 29.0
    pool.end_idle(30.0)
    assert pool.state().processes == 2
    clock.now = 31.0
    pool.end_idle(30.0)
    assert pool.state().processes == 1
    assert pool.read(PNG).prepared.width == 160


def test_no_process_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = ReaderPool(size=2)
    before = set(psutil.Process().children())
    read_two_at_once(pool, monkeypatch)
    mine = set(psutil.Process().children()) - before
    assert len(mine) == 2
    pool.close()
    assert psutil.wait_procs(list(mine), timeout=30)[1] == []
    with pytest.raises(NoReader):
        pool.read(PNG)


def test_closing_in_peace_lets_a_file_come_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = ReaderPool(size=1)
    begun, go_on = threading.Event(), threading.Event()
    read = ReaderProcess.read

    def slow(self: ReaderProcess, data: bytes, **options: bool) -> Reading:
        begun.set()
        assert go_on.wait(60)
        return read(self, data, **options)

    monkeypatch.setattr(pools.ReaderProcess, "read", slow)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pool.read, PNG)
        assert begun.wait(60)
        pool.close(now=False)
        go_on.set()
        assert waiting.result(60).prepared.width == 160
    assert pool.state().processes == 0


def test_there_is_always_at_least_one() -> None:
    assert 1 <= default_size() <= 3
