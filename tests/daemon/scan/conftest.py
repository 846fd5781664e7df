"""One pipeline for all tests of this room: the released detector with a reading process of its own."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from naturaltrace.pipeline import Pipeline
from naturaltrace.sandbox.pool import ReaderPool
from naturaltrace.sandbox.reading import Reading

Load = Callable[[int], Pipeline]


class KeptPool(ReaderPool):
    """Outlives the engines that use it, and counts what it reads."""

    reads = 0

    def read(self, data: bytes, *, pixels_only: bool = False, thumbnail: bool = False) -> Reading:
        self.reads += 1
        return super().read(data, pixels_only=pixels_only, thumbnail=thumbnail)

    def close(self, *, now: bool = True) -> None:
        pass


@pytest.fixture(scope="session")
def pool() -> Iterator[KeptPool]:
    pool = KeptPool(size=1)
    yield pool
    ReaderPool.close(pool)


@pytest.fixture(scope="session")
def load(pool: KeptPool) -> Load:
    """How an engine comes by its pipeline."""
    pipeline = replace(Pipeline.released(), reader=pool)
    return lambda _readers: pipeline
