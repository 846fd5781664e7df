"""The extension's cost in Firefox, from the browser's own profiler, which its window may start and read.

Firefox tells no tasks, but the processor time between samples. Counted are the samples of the page's main thread with
one of our scripts on the stack (layout that they force included), and stretches of them without a break.
"""

import json
import re
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypedDict

from browsers.firefox import FirefoxBrowser

LONG_US = 50_000
OURS = "moz-extension://"
# Entries, milliseconds between samples, features, threads.
START = "Services.profiler.StartProfiler(1 << 24, 1, ['js', 'cpu'], ['GeckoMain']).then(() => true)"
# Only what is counted crosses the wire: a whole profile has tens of megabytes.
READ = """(async () => {
    const profile = await Services.profiler.getProfileDataAsync();
    await Services.profiler.StopProfiler();
    const unit = profile.meta.sampleUnits?.threadCPUDelta ?? "?";
    const threads = [profile, ...profile.processes].flatMap(p => p.threads).filter(t => t.name === "GeckoMain");
    return {unit, threads: threads.map(t => ({
        samples: t.samples.data.map(row => [row[t.samples.schema.stack], row[t.samples.schema.threadCPUDelta] ?? 0]),
        stacks: t.stackTable.data.map(row => [row[t.stackTable.schema.prefix], row[t.stackTable.schema.frame]]),
        frames: t.frameTable.data.map(row => t.stringTable[row[t.frameTable.schema.location]]),
    }))};
})()"""
PER_US = {"ns": 1000.0, "µs": 1.0, "us": 1.0, "ms": 0.001}


class Thread(TypedDict):
    """`samples`: stack and processor time since the sample before. `stacks`: the stack below and the frame on top."""

    samples: list[tuple[int | None, float]]
    stacks: list[tuple[int | None, int]]
    frames: list[str]


@dataclass(slots=True)
class FirefoxCost:
    """Microseconds of processor time, over all parts of one reading."""

    cpu: float = 0.0
    ours: float = 0.0
    stretches: list[float] = field(default_factory=list[float])
    functions: defaultdict[str, float] = field(default_factory=lambda: defaultdict[str, float](float))

    def add(self, thread: Thread, per_us: float) -> None:
        owners = list(owners_of(thread))
        stretch = 0.0
        for stack, delta in thread["samples"]:
            spent = delta / per_us
            self.cpu += spent
            owner = None if stack is None else owners[stack]
            if owner is not None:
                self.ours += spent
                self.functions[owner] += spent
                stretch += spent
            elif stretch:
                self.stretches.append(stretch)
                stretch = 0.0
        self.stretches.append(stretch)

    def dearest(self, count: int) -> list[tuple[str, float]]:
        """So many of our functions, the dearest first, with their microseconds."""
        return sorted(self.functions.items(), key=lambda item: -item[1])[:count]

    def figures(self) -> dict[str, float]:
        return {
            "cpu_ms": round(self.cpu / 1000, 1),
            "ours_cpu_ms": round(self.ours / 1000, 1),
            "ours_longest_ms": round(max(self.stretches, default=0) / 1000, 1),
            "ours_over_16_ms": sum(each > 16_000 for each in self.stretches),
            "over_50_ms_because_of_us": sum(each > LONG_US for each in self.stretches),
        }


def owners_of(thread: Thread) -> Generator[str | None]:
    """Per stack, our innermost function on it, or None. A stack's prefix always comes before it."""
    names = [owner_of(location) for location in thread["frames"]]
    known: list[str | None] = []
    for prefix, frame in thread["stacks"]:
        below = None if prefix is None else known[prefix]
        known.append(names[frame] or below)
        yield known[-1]


def owner_of(location: str) -> str | None:
    """“name (moz-extension://…/file.js:10:3)[7]” -> “name file.js:10”; None for what is not ours."""
    found = re.match(rf"(.*?) ?\(?{OURS}[^()]*/([^/()]+\.js:\d+)", location)
    return f"{found[1] or 'anonymous'} {found[2]}" if found else None


class FirefoxMeter:
    """Measures between `start` and `stop`, of the process whose scripts have come from `address`."""

    def __init__(self, browser: FirefoxBrowser, address: str) -> None:
        self._browser = browser
        self._address = address
        self.cost = FirefoxCost()

    def start(self) -> None:
        self._browser.bidi.evaluate(self._browser.chrome_context(), START)

    def stop(self) -> None:
        found = self._browser.bidi.evaluate(self._browser.chrome_context(), READ)
        threads: list[Thread] = found["threads"]
        mine = [t for t in threads if any(self._address in frame for frame in t["frames"])]
        if not mine:
            raise AssertionError(f"no profile of {json.dumps(self._address)}")
        for thread in mine:
            self.cost.add(thread, PER_US[found["unit"]])
