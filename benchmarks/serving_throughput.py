"""How much of the bare speed is left when images come over HTTP, and how long one waits among many.

    python -m benchmarks.serving_throughput [--images DIR] [--count 64] [--rounds 3] [--out FILE.json]

*Bare* is a loop over the same files in one process: decode, crops and views, the graph in onnxruntime, nothing else;
the graph is the one that the companion has chosen by measurement (`engine.precision`).
*Served* is the companion, with all that it does besides: HTTP, the guard, hashing, a process that reads files, content
credentials and metadata, watermarks, the evidence, the verdict. Both take turns, so that a busy machine slows both; the
share is the median over the rounds (goal: at least 0.9). Where all of it shares one core, the share by processor time
is the honest one: by the clock, two processes get more of a busy core than one.
"""

import argparse
import asyncio
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.serving import Companion, companion, images, memory_mb, report, spread
from naturaltrace.detection.card import released
from naturaltrace.detection.session import CropSession
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.prepared import prepare


class Bare:
    """With the graph and the threads that the companion has chosen."""

    def __init__(self, threads: int, precision: str) -> None:
        chosen = CropSession(released(), threads, precision=precision).chosen
        assert chosen.precision == precision, chosen.notices
        self._runtime = chosen.runtime

    def run(self, files: list[bytes]) -> tuple[float, float]:
        """Seconds by the clock, and of the processor."""
        start, used = time.perf_counter(), time.process_time()
        for data in files:
            image = prepare(decode(data))
            crops = image.crops.pixels if image.crops is not None else np.zeros((1, 128, 128, 3), np.uint8)
            self._runtime.run(self._runtime.outputs, crops, image.views)
        return time.perf_counter() - start, time.process_time() - used


async def load(daemon: Companion, files: list[bytes], clients: int) -> tuple[list[float], float, float, float]:
    """Each file once, from so many clients at a time: latencies, seconds in all, of its processor, and peak MB."""
    waiting, latencies, peak = list(files), list[float](), 0.0

    async def client() -> None:
        while waiting:
            data = waiting.pop()
            start = time.perf_counter()
            status, _ = await daemon.check(data)
            assert status == 200, status
            latencies.append(time.perf_counter() - start)

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, await asyncio.to_thread(memory_mb, daemon.processes()))
            await asyncio.sleep(0.5)

    watching = asyncio.create_task(watch())
    start, used = time.perf_counter(), daemon.cpu_s()
    await asyncio.gather(*(client() for _ in range(clients)))
    taken, cpu = time.perf_counter() - start, daemon.cpu_s() - used
    watching.cancel()
    return latencies, taken, cpu, peak


async def measure(files: list[bytes], rounds: int) -> dict[str, Any]:
    async with companion() as daemon:
        await daemon.quiet()
        await load(daemon, files[:8], 2)
        engine = await daemon.measured()
        bare = Bare(engine["threads"], engine["precision"])
        bare.run(files[:4])
        by_clock, by_cpu, per_second = list[float](), list[float](), list[float]()
        for _ in range(rounds):
            bare_s, bare_cpu = await asyncio.to_thread(bare.run, files)
            _, served_s, served_cpu, _ = await load(daemon, files, 8)
            by_clock.append(bare_s / served_s)
            by_cpu.append(bare_cpu / served_cpu)
            per_second.append(len(files) / served_s)
        latency: dict[str, Any] = {}
        for clients in (1, 8, 64):
            taken, _, _, peak = await load(daemon, files, clients)
            latency[str(clients)] = {**spread(taken), "peak_mb": round(peak)}
        stats = await daemon.stats()
    return {
        "images": len(files),
        "images_per_second": round(statistics.median(per_second), 2),
        "share_of_bare_by_clock": round(statistics.median(by_clock), 3),
        "share_of_bare_by_processor_time": round(statistics.median(by_cpu), 3),
        "latency_ms_by_clients": latency,
        "stages_ms": stats["stages_ms"],
        "engine": stats["engine"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, help="a folder of images; without it, drawn ones")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    report(asyncio.run(measure(images(options.images, options.count), options.rounds)), options.out)


if __name__ == "__main__":
    main()
