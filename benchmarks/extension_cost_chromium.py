"""The extension's cost in Chromium: traces and sampling profiles of the page, through the DevTools protocol."""

from browsers.chromium import ChromiumPage

from benchmarks.extension_cost_trace import CATEGORIES, MARK, Cost

INTERVAL_US = 500


class ChromiumMeter:
    """Measures between `start` and `stop`."""

    def __init__(self, page: ChromiumPage) -> None:
        self._page = page
        self.cost = Cost()
        for domain in ("Profiler", "HeapProfiler", "Performance"):
            page.send(f"{domain}.enable")
        page.send("Profiler.setSamplingInterval", interval=INTERVAL_US)

    def start(self) -> None:
        config = {"includedCategories": CATEGORIES, "excludedCategories": ["*"]}
        self._page.send("Tracing.start", traceConfig=config)
        self._page.send("Profiler.start")
        self._page.evaluate(f"console.timeStamp('{MARK}')")

    def stop(self) -> None:
        profile = self._page.send("Profiler.stop")["profile"]
        self.cost.add(self._page.stop_trace(), profile)

    def kept(self) -> dict[str, float]:
        """What the page's process holds after a collection, ours included."""
        self._page.send("HeapProfiler.collectGarbage")
        found = {each["name"]: each["value"] for each in self._page.send("Performance.getMetrics")["metrics"]}
        return {
            "heap_mb": round(found["JSHeapUsedSize"] / 1e6, 2),
            "listeners": found["JSEventListeners"],
            "nodes": found["Nodes"],
        }
