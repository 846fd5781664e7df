"""What automatic badges cost a page: a local feed of 500 images, read once without the extension's scripts, once with.

    python -m benchmarks.extension_cost [--images 500] [--distinct 50] [--rounds 1] [--out FILE.json]

Chromium, headless, with the released detector in a companion of its own. The feed is read as a person does: two images
at a time, the next when the badges of these stand. All images have addresses of their own; `--distinct` says how many
different files they are. A verdict on a file that was just judged is remembered, so the first copies show the
detector's speed and the others the extension's own.

Per run: the page's own figures (`Performance.getMetrics`: time in tasks, scripts, style and layout; the heap after a
collection), CLS, and long tasks as the page's observer sees them. With the extension also a sampling profile: from it
come the time with one of our scripts on the stack, and its longest stretch; a task of ours over 50 ms would be one.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/e2e"))

from automatic import turn_all_off, turn_on
from browsers import eventually
from browsers.chromium import ChromiumBrowser, ChromiumPage
from companion import Companion
from pairing import pair
from pictures import declared_png, photograph
from site_server import Site

PAGE = """
<style>
  body { margin: 0; } main { width: 860px; margin: auto; display: grid; grid-template-columns: 420px 420px; gap: 16px; }
  article { height: 380px; } img { width: 400px; height: 300px; display: block; }
</style>
<main></main>
<script>
  const visible = new Map(), badged = new Map();
  const long = []; let shift = 0;
  new PerformanceObserver(l => { for (const e of l.getEntries()) shift += e.value }).observe({ type: 'layout-shift' });
  new PerformanceObserver(l => { for (const e of l.getEntries()) long.push(e.duration) }).observe({ type: 'longtask' });
  const seen = new IntersectionObserver(entries => {
    for (const { target, isIntersecting, time } of entries)
      if (isIntersecting && !visible.has(target)) visible.set(target, Math.max(time, target.loaded ?? Infinity));
  }, { threshold: 0.5 });
  const main = document.querySelector('main');
  for (let i = 0; i < COUNT; i++) {
    const image = new Image();
    image.onload = () => {
      image.loaded = performance.now();
      if (visible.get(image) === Infinity) visible.set(image, image.loaded);
    };
    image.loading = 'lazy';
    image.src = `/image-${i % DISTINCT}.png?${i}`;
    const post = document.createElement('article');
    post.append(image, `Post ${i}`);
    main.append(post);
    seen.observe(image);
  }
  new MutationObserver(records => {
    const now = performance.now();
    for (const { addedNodes } of records) for (const node of addedNodes) {
      const name = node.style?.getPropertyValue('position-anchor');
      if (!name) continue;
      for (const image of inView())
        if (image.style.anchorName?.includes(name) && !badged.has(image)) badged.set(image, now);
    }
  }).observe(document.documentElement, { childList: true });
  const inView = () => [...document.images].filter(i => {
    const box = i.getBoundingClientRect();
    return box.bottom > -400 && box.top < innerHeight + 400;
  });
  const settled = () => inView().filter(i => visible.has(i)).every(i => badged.has(i));
  const loaded = () => inView().filter(i => visible.has(i)).every(i => i.complete);
  const step = n => new Promise(done => {
    main.children[n].scrollIntoView({ block: 'start' });
    requestAnimationFrame(() => requestAnimationFrame(() => done(true)));
  });
  const waits = () => [...badged].filter(([i]) => visible.has(i)).map(([i, at]) =>
    ({ n: Number(i.src.split('?')[1]), ms: Math.max(0, at - visible.get(i)) }));
</script>
"""
LONG_MS = 50


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--distinct", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rounds: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, Companion(Path(folder)) as companion, Site() as site:
        address = put_feed(site, options.images, options.distinct)
        with ChromiumBrowser() as browser:
            browser.resize(1000, 800)
            pair(browser, companion)
            for _ in range(options.rounds):
                off = read(browser, address, options.images, with_badges=False)
                on = read(browser, address, options.images, with_badges=True)
                rounds.append({"off": off, "on": on, "compared": compare(off, on, options)})
                print(json.dumps(rounds[-1]["compared"], indent=2), flush=True)
    if options.out:
        options.out.write_text(json.dumps(rounds, indent=2), encoding="utf-8")
    return 0


def put_feed(site: Site, count: int, distinct: int) -> str:
    for i in range(distinct):
        picture = declared_png(photograph("coffee", (400 + i % 7, 300 + i // 7)))
        site.image(f"/image-{i}.png", picture, "image/png")
    return site.page("/feed", PAGE.replace("COUNT", str(count)).replace("DISTINCT", str(distinct)))


def read(browser: ChromiumBrowser, address: str, count: int, *, with_badges: bool) -> dict[str, Any]:
    """Read the whole feed once and return what it cost."""
    page = browser.open(address)
    if with_badges:
        turn_on(browser, page)
    page.send("Performance.enable")
    page.send("Profiler.enable")
    page.send("Profiler.setSamplingInterval", interval=500)
    before = metrics(page)
    page.send("Profiler.start")
    begin = time.monotonic()
    late = 0
    for n in range(0, count, 2):
        page.evaluate(f"step({n})")
        what = "settled()" if with_badges else "loaded()"
        try:
            eventually(lambda what=what: page.evaluate(what), "the badges in view", 15)
        except AssertionError:
            late += 1
    wall = time.monotonic() - begin
    profile = page.send("Profiler.stop")["profile"]
    page.send("HeapProfiler.enable")
    page.send("HeapProfiler.collectGarbage")
    after = metrics(page)
    figures: dict[str, Any] = {
        name: round((after[name] - before[name]) * 1000, 1)
        for name in ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
    }
    figures |= {
        "wall_s": round(wall, 1),
        "steps_without_all_badges": late,
        "heap_mb": round(after["JSHeapUsedSize"] / 1e6, 2),
        "listeners": after["JSEventListeners"],
        "nodes": after["Nodes"],
        "cls": page.evaluate("shift"),
        "long_tasks": page.evaluate("long"),
        "badges": page.evaluate("document.querySelectorAll('naturaltrace-badge').length"),
        "waits": page.evaluate("waits()"),
        "ours": ours(profile),
    }
    page.close()
    if with_badges:
        turn_all_off(browser)
    return figures


def metrics(page: ChromiumPage) -> dict[str, float]:
    return {each["name"]: each["value"] for each in page.send("Performance.getMetrics")["metrics"]}


def ours(profile: dict[str, Any]) -> dict[str, float]:
    """Milliseconds with a script of the extension on the stack: in all, and the longest stretches without a break."""
    nodes = {node["id"]: node for node in profile["nodes"]}
    parents = {child: node["id"] for node in nodes.values() for child in node.get("children", ())}
    known: dict[int, bool] = {}

    def is_ours(number: int) -> bool:
        if number not in known:
            here = nodes[number]["callFrame"]["url"].startswith("chrome-extension://")
            known[number] = here or (number in parents and is_ours(parents[number]))
        return known[number]

    total, stretch, stretches = 0.0, 0.0, list[float]()
    # A delta is the time since the sample before, so it belongs to that one.
    samples, deltas = profile["samples"], profile["timeDeltas"]
    for number, delta in zip(samples, [*deltas[1:], 0], strict=True):
        if is_ours(number):
            total += delta / 1000
            stretch += delta / 1000
        elif stretch:
            stretches.append(stretch)
            stretch = 0.0
    stretches.append(stretch)
    return {
        "script_ms": round(total, 1),
        "longest_ms": round(max(stretches), 1),
        "over_50_ms": sum(each > LONG_MS for each in stretches),
    }


def compare(off: dict[str, Any], on: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    count: int = options.images
    first = [wait["ms"] for wait in on["waits"] if wait["n"] < options.distinct]
    again = [wait["ms"] for wait in on["waits"] if wait["n"] >= options.distinct]
    return {
        "images": count,
        "badges_seen": len(on["waits"]),
        "our_script_ms_per_image": round(on["ours"]["script_ms"] / count, 2),
        "our_longest_stretch_ms": on["ours"]["longest_ms"],
        "our_stretches_over_50_ms": on["ours"]["over_50_ms"],
        "task_ms_per_image": {"off": round(off["TaskDuration"] / count, 2), "on": round(on["TaskDuration"] / count, 2)},
        "layout_and_style_ms_per_image": {
            which: round((run["LayoutDuration"] + run["RecalcStyleDuration"]) / count, 2)
            for which, run in (("off", off), ("on", on))
        },
        "long_tasks_on_the_page": {"off": len(off["long_tasks"]), "on": len(on["long_tasks"])},
        "cls": {"off": off["cls"], "on": on["cls"]},
        "heap_mb": {"off": off["heap_mb"], "on": on["heap_mb"]},
        "listeners": {"off": off["listeners"], "on": on["listeners"]},
        "visible_to_badge_ms_new_file": spread(first),
        "visible_to_badge_ms_known_file": spread(again),
        "steps_without_all_badges": on["steps_without_all_badges"],
    }


def spread(values: list[float]) -> dict[str, float]:
    if len(values) < 2:
        return {"n": len(values)}
    return {"n": len(values), "p50": round(median(values)), "p95": round(quantiles(values, n=20)[-1])}


if __name__ == "__main__":
    sys.exit(main())
