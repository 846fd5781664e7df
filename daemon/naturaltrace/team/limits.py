"""How much one caller may ask: a bucket of requests that refills evenly."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

_MOST_CALLERS = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    seen: float


class RateLimit:
    """At most `burst` at once and `per_minute` in the long run, for each caller. `clock` gives seconds."""

    def __init__(self, per_minute: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = per_minute / 60.0, burst, clock
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()

    def wait_s(self, caller: Hashable) -> float:
        """How long `caller` has to wait for the next request, in seconds; 0 where it may ask now."""
        bucket = self._buckets.get(caller)
        if bucket is None:
            return 0.0
        left = min(float(self._burst), bucket.left + (self._clock() - bucket.seen) * self._rate)
        return 0.0 if left >= 1.0 else (1.0 - left) / self._rate

    def take(self, caller: Hashable) -> float:
        """Count one request; 0, or the seconds to wait where it is one too many (it is not counted then)."""
        wait = self.wait_s(caller)
        if wait > 0:
            return wait
        now = self._clock()
        bucket = self._buckets.pop(caller, None) or _Bucket(float(self._burst), now)
        bucket.left = min(float(self._burst), bucket.left + (now - bucket.seen) * self._rate) - 1.0
        bucket.seen = now
        self._buckets[caller] = bucket  # the last one used comes last
        while len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0
