"""`GET /v1/stats`: counts, latencies, queue."""

import time
from collections import Counter, deque
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager

from aiohttp import web

from naturaltrace.server.body import BODY_BUDGET
from naturaltrace.server.engine import ENGINE
from naturaltrace.server.guard import GATE
from naturaltrace.server.memory import ARCHIVE, CACHE
from naturaltrace.server.preferences import PREFERENCES
from naturaltrace.server.routes import add_route


class Stats:
    """Counts since the start, and the latencies of the last checks."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.levels: Counter[str] = Counter()
        self.cached = 0
        self.failed = 0
        self.latencies_ms: deque[float] = deque(maxlen=512)
        self.stages_ms: dict[str, deque[float]] = {}

    @property
    def judged(self) -> int:
        return sum(self.levels.values())

    @contextmanager
    def one_check(self) -> Generator["_OneCheck"]:
        """Count one check: as judged when `judged` is called, else as failed."""
        this = _OneCheck()
        start = time.perf_counter()
        try:
            yield this
        finally:
            if this.level is None:
                self.failed += 1
            else:
                self.levels[this.level] += 1
                self.cached += this.cached
                self.latencies_ms.append((time.perf_counter() - start) * 1000.0)
                for stage, ms in this.timing_ms.items():
                    self.stages_ms.setdefault(stage, deque(maxlen=512)).append(ms)

    def by_stage(self) -> dict[str, dict[str, float | None]]:
        """Of the last checks whose verdict was not known yet."""
        return {stage: percentiles(ms) for stage, ms in self.stages_ms.items() if stage != "total"}


class _OneCheck:
    def __init__(self) -> None:
        self.level: str | None = None
        self.cached = False
        self.timing_ms: Mapping[str, float] = {}

    def judged(self, level: str, *, cached: bool, timing_ms: Mapping[str, float]) -> None:
        self.level, self.cached = level, cached
        self.timing_ms = {} if cached else timing_ms


def percentiles(values: Iterable[float]) -> dict[str, float | None]:
    """Half of the values lie under `p50`, 19 of 20 under `p95`; None where there are none."""
    ordered = sorted(values)
    at = {name: min(len(ordered) - 1, int(share * len(ordered))) for name, share in (("p50", 0.5), ("p95", 0.95))}
    return {name: round(ordered[index], 1) if ordered else None for name, index in at.items()}


STATS = web.AppKey("stats", Stats)


async def get_stats(request: web.Request) -> web.Response:
    app = request.app
    stats, engine = app[STATS], app[ENGINE]
    model = engine.model
    paused = app[PREFERENCES].paused_for
    return web.json_response(
        {
            "uptime_s": round(time.monotonic() - stats.started, 1),
            "checks": {
                "judged": stats.judged,
                "by_level": dict(stats.levels),
                "cached": stats.cached,
                "failed": stats.failed,
            },
            "latency_ms": percentiles(stats.latencies_ms),
            "stages_ms": stats.by_stage(),
            "queue": {"waiting": len(engine.worker), "bytes": app[BODY_BUDGET].held},
            "engine": engine.state(),
            "kept": {
                "findings": len(app[CACHE]),
                "history": await app[ARCHIVE].do(lambda history: history.count()),
                "feedback": await app[ARCHIVE].do(lambda history: history.feedback_counts()),
            },
            "refused": dict(app[GATE].refusals),
            "model": None if model is None else {"name": model.name, "version": model.version},
            "device": engine.device,
            "precision": engine.precision,
            "problem": engine.failure,
            "paused_s": None if paused is None else (-1 if paused == float("inf") else round(paused)),
            "notices": [
                *app[GATE].clients.notices,
                *app[PREFERENCES].settings.notices,
                *app[ARCHIVE].notices,
                *engine.notices,
            ],
        }
    )


def setup_stats(app: web.Application) -> None:
    app[STATS] = Stats()
    add_route(app, "GET", "/v1/stats", get_stats)
