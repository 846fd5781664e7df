"""The local engine: processes read and decode, this one shows the detector batch after batch."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from naturaltrace.detection.result import ModelInfo
from naturaltrace.pipeline import Pipeline
from naturaltrace.scan.batch import Fetched, Job, Settings, Taken, conclude, fetch, take
from naturaltrace.scan.engine import BATCH, Claims, Done, EngineFailed, Work
from naturaltrace.scan.items import Unjudged
from naturaltrace.scan.reading import Reader


class Taking:
    """Threads that read files and hand them to the pipeline's reading processes, one file each at a time."""

    def __init__(self, pipeline: Pipeline, settings: Settings, count: int) -> None:
        self._pipeline, self._settings = pipeline, settings
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="read")
        self._own = threading.local()

    def submit(self, job: Job, claim: Callable[[str], bool]) -> Future[Taken]:
        """Read and prepare one job, if `claim` says that its bytes are ours."""

        def both() -> Taken:
            fetched = self._fetch(job)
            return self._take(fetched, isinstance(fetched, Fetched) and claim(fetched.sha256))

        return self._threads.submit(both)

    def fetch(self, jobs: Sequence[Job]) -> list[Fetched | Unjudged]:
        return list(self._threads.map(self._fetch, jobs))

    def take(self, fetched: Sequence[Fetched | Unjudged], ours: Sequence[bool]) -> list[Taken]:
        return list(self._threads.map(self._take, fetched, ours))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _fetch(self, job: Job) -> Fetched | Unjudged:
        if not hasattr(self._own, "reader"):
            self._own.reader = Reader(self._pipeline.limits.max_bytes)
        return fetch(self._own.reader, job)

    def _take(self, fetched: Fetched | Unjudged, ours: bool) -> Taken:
        return take(self._pipeline, fetched, self._settings, ours=ours)


class LocalEngine:
    """`load(count)` gives the pipeline, once; `count` files are read at the same time."""

    def __init__(self, load: Callable[[int], Pipeline], settings: Settings, *, count: int) -> None:
        self._load, self._settings, self._count = load, settings, count
        self._pipeline: Pipeline | None = None

    def start(self) -> ModelInfo:
        try:
            self._pipeline = self._load(self._count)
            self._pipeline.reader.start()
        except Exception as error:
            raise EngineFailed(f"The detector can't be loaded ({type(error).__name__}: {error}).") from error
        return self._pipeline.model

    def judge(self, work: Iterator[Work], claims: Claims) -> Iterator[Done]:
        assert self._pipeline is not None
        taking = Taking(self._pipeline, self._settings, self._count)
        try:
            # Enough is read ahead for every process to have something to do while the detector works.
            window: deque[tuple[Work, list[Future[Taken]]]] = deque()
            ahead = 2 + -(-2 * self._count // BATCH)
            while True:
                while len(window) < ahead and (batch := next(work, None)) is not None:
                    window.append((batch, [taking.submit(job, _claim(claims, batch)) for _, job in batch]))
                if not window:
                    return
                batch, futures = window.popleft()
                outcomes = conclude(self._pipeline, [future.result() for future in futures], self._settings)
                yield [(path, outcome) for (path, _), outcome in zip(batch, outcomes, strict=True)]
                claims.release(batch)
        finally:
            taking.close()

    def stop(self) -> None:
        if self._pipeline is not None:
            self._pipeline.reader.close()


def _claim(claims: Claims, owner: Work) -> Callable[[str], bool]:
    return lambda sha256: claims.claim(sha256, owner)
