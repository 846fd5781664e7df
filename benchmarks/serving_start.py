"""How soon the companion is ready, and what it holds when it idles.

    python -m benchmarks.serving_start [--times 5] [--idle 20] [--out FILE.json]

*Ready* is from the start of the process to the line that says so: it then answers, and pairs (goal: at most 1 s). On
a busy machine the processor time that it took until then says more.
*First verdict* is from the start to the answer to an image sent at once, on an empty data folder, where threads are
measured first, and on the same folder again. *Idle* is the memory of all its processes so many seconds after a few
checks and after it has measured the machine (goal: at most 150 MB).
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.serving import companion, images, memory_mb, report


def ready_s(folder: str, image: bytes) -> tuple[float, float, float]:
    """Seconds until ready, by the clock and of the processor, and until the first verdict."""
    import urllib.request

    command = [sys.executable, "-m", "naturaltrace", "serve", "--headless", "--port", "0", "--data-dir", folder]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        taken = time.perf_counter() - start
        used = psutil.Process(process.pid).cpu_times()
        try:
            root = f"http://127.0.0.1:{ready['port']}/v1/"
            body = json.dumps({"code": ready["pairing_code"], "name": "Benchmark"}).encode()
            asked = urllib.request.Request(root + "pair", body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(asked, timeout=60) as answer:
                token = json.load(answer)["token"]
            asked = urllib.request.Request(root + "check", image, {"Authorization": f"Bearer {token}"})
            with urllib.request.urlopen(asked, timeout=120) as answer:
                assert answer.status == 200
            return taken, used.user + used.system, time.perf_counter() - start
        finally:
            process.terminate()
            process.wait(60)


async def idle_mb(seconds: float, files: list[bytes]) -> dict[str, float]:
    async with companion() as daemon:
        await daemon.quiet()
        fresh = memory_mb(daemon.processes())
        for data in files:
            await daemon.check(data)
        busy = memory_mb(daemon.processes())
        await daemon.measured()
        await asyncio.sleep(seconds)
        processes = daemon.processes()
        return {
            "fresh": round(fresh, 1),
            "after_checks": round(busy, 1),
            "idle": round(memory_mb(processes), 1),
            "processes": len(processes),
            "idle_rss_sum": round(sum(p.memory_info().rss for p in processes) / 2**20, 1),
        }


def measure(times: int, idle: float) -> dict[str, Any]:
    files = images(None, 8)
    first, again = list[tuple[float, float, float]](), list[tuple[float, float, float]]()
    for number in range(times):
        with tempfile.TemporaryDirectory(prefix="naturaltrace-benchmark-") as folder:
            first.append(ready_s(folder, files[0]))
            again.append(ready_s(folder, files[number % 8]))
    ready, used = [taken for taken, _, _ in (*first, *again)], [used for _, used, _ in (*first, *again)]
    return {
        "ready_s": {"median": round(statistics.median(ready), 2), "worst": round(max(ready), 2)},
        "ready_processor_s": round(statistics.median(used), 2),
        "first_verdict_s": {
            "new_folder": round(statistics.median(v for *_, v in first), 2),
            "known_folder": round(statistics.median(v for *_, v in again), 2),
        },
        "memory_mb": asyncio.run(idle_mb(idle, files)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--idle", type=float, default=20.0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    report(measure(options.times, options.idle), options.out)


if __name__ == "__main__":
    main()
