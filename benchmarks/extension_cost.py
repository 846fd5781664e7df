"""What automatic badges cost a page: a local feed of 500 images, read once without the extension's scripts, once with.

    python -m benchmarks.extension_cost [--images 500] [--distinct 50] [--rounds 1] [--out FILE.json]
                                        [--browser chromium] [--extension FOLDER] [--functions 0]

A headless browser with the released detector in a companion of its own. The feed is read as a person does, only
without pausing: two images at a time, the next when the badges of these stand. All images have addresses of their own;
`--distinct` says how many different files they are. A verdict on a file that was just judged is remembered, so the
first copies show the detector's speed and the others the extension's own.

Per run, in processor time of the page's main thread (`extension_cost_trace.py`): all tasks, style and layout, the part
with one of our scripts on the stack, which includes the layout that they force, and tasks over 50 ms: all, and those
that would be shorter without our part. Besides: CLS, and heap, listeners and nodes after a collection. `--extension`
measures another version; `--functions` names so many of our functions with the highest cost. Firefox tells less: see
`extension_cost_firefox.py`; there, stretches of our scripts without a break stand for tasks.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/e2e"))

from automatic import turn_all_off, turn_on
from browsers import Browser, Page
from browsers.chromium import ChromiumBrowser, ChromiumPage
from browsers.firefox import FirefoxBrowser
from browsers.page import EXTENSION
from companion import Companion
from pairing import pair
from pictures import declared_png, photograph
from site_server import Site

from benchmarks.extension_cost_chromium import ChromiumMeter
from benchmarks.extension_cost_firefox import FirefoxMeter

FEED = Path(__file__).with_name("extension_cost_feed.html")
BROWSERS = {"chromium": ChromiumBrowser, "firefox": FirefoxBrowser}
PART = 50  # images per trace, so that none grows too large


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--distinct", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--functions", type=int, default=0)
    parser.add_argument("--browser", choices=BROWSERS, default="chromium")
    parser.add_argument("--extension", type=Path, default=EXTENSION)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rounds: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, Companion(Path(folder)) as companion, Site() as site:
        address = put_feed(site, options.images, options.distinct)
        with BROWSERS[options.browser](options.extension.resolve()) as browser:
            browser.resize(1000, 800)
            pair(browser, companion)
            for _ in range(options.rounds):
                off = read(browser, address, options, with_badges=False)
                on = read(browser, address, options, with_badges=True)
                rounds.append({"off": off, "on": on, "compared": compare(off, on, options)})
                print(json.dumps(rounds[-1]["compared"], indent=2), flush=True)
    if options.out:
        options.out.write_text(json.dumps(rounds, indent=2), encoding="utf-8")
    return 0


def put_feed(site: Site, count: int, distinct: int) -> str:
    for i in range(distinct):
        picture = declared_png(photograph("coffee", (400 + i % 7, 300 + i // 7)))
        site.image(f"/image-{i}.png", picture, "image/png")
    page = FEED.read_text(encoding="utf-8").replace("COUNT", str(count)).replace("DISTINCT", str(distinct))
    return site.page("/feed", page)


def meter_of(browser: Browser, page: Page, address: str) -> ChromiumMeter | FirefoxMeter:
    if isinstance(page, ChromiumPage):
        return ChromiumMeter(page)
    assert isinstance(browser, FirefoxBrowser)
    return FirefoxMeter(browser, address)


def read(browser: Browser, address: str, options: argparse.Namespace, *, with_badges: bool) -> dict[str, Any]:
    """Read the whole feed once and return what it cost."""
    page = browser.open(address)
    if with_badges:
        turn_on(browser, page)
    page.bring_to_front()
    meter = meter_of(browser, page, address)
    late, begin = 0, time.monotonic()
    for first in range(0, options.images, PART):
        last = min(options.images, first + PART)
        meter.start()
        late += page.evaluate(f"read({first}, {last}, {json.dumps(with_badges)})")
        meter.stop()
    wall = time.monotonic() - begin
    figures: dict[str, Any] = {
        **meter.cost.figures(),
        **(meter.kept() if isinstance(meter, ChromiumMeter) else {}),
        "functions_ms_per_image": {
            name: round(spent / 1000 / options.images, 3) for name, spent in meter.cost.dearest(options.functions)
        },
        "wall_s": round(wall, 1),
        "load": os.getloadavg()[0],
        "steps_without_all_badges": late,
        "cls": page.evaluate("shift"),
        "badges": page.evaluate("document.querySelectorAll('naturaltrace-badge').length"),
        "waits": page.evaluate("waits()"),
    }
    page.close()
    if with_badges:
        turn_all_off(browser)
    return figures


def compare(off: dict[str, Any], on: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    count: int = options.images
    first = [wait["ms"] for wait in on["waits"] if wait["n"] < options.distinct]
    again = [wait["ms"] for wait in on["waits"] if wait["n"] >= options.distinct]

    def both(name: str, per: int = 1) -> dict[str, float] | None:
        if name not in on:
            return None  # Firefox does not tell.
        return {which: round(run[name] / per, 2) for which, run in (("off", off), ("on", on))}

    found = {
        "images": count,
        "badges_seen": len(on["waits"]),
        "our_script_cpu_ms_per_image": round(on["ours_cpu_ms"] / count, 2),
        "our_longest_part_of_a_task_cpu_ms": on["ours_longest_ms"],
        "our_parts_over_16_ms": on["ours_over_16_ms"],
        "tasks_over_50_ms_because_of_us": on["over_50_ms_because_of_us"],
        "tasks_over_50_ms": both("tasks_over_50_ms"),
        "longest_task_cpu_ms": both("longest_task_ms"),
        "task_cpu_ms_per_image": both("cpu_ms", count),
        "layout_and_style_cpu_ms_per_image": both("layout_cpu_ms", count),
        "cls": both("cls"),
        "heap_mb": both("heap_mb"),
        "listeners": both("listeners"),
        "nodes": both("nodes"),
        "badges_in_the_document_at_the_end": on["badges"],
        "visible_to_badge_ms_new_file": spread(first),
        "visible_to_badge_ms_known_file": spread(again),
        "steps_without_all_badges": on["steps_without_all_badges"],
        "wall_over_cpu": both("wall_over_cpu"),
        "load": both("load"),
        "wall_s": both("wall_s"),
        "functions_ms_per_image": on["functions_ms_per_image"],
    }
    return {name: value for name, value in found.items() if value is not None}


def spread(values: list[float]) -> dict[str, float]:
    if len(values) < 2:
        return {"n": len(values)}
    return {"n": len(values), "p50": round(median(values)), "p95": round(quantiles(values, n=20)[-1])}


if __name__ == "__main__":
    sys.exit(main())
