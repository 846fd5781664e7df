"""Two hundred clients at once: everyone is answered, and memory stays bounded.

    python -m benchmarks.serving_crowd [--clients 200] [--each 2] [--out FILE.json]

A full queue answers 503 with Retry-After, which each client obeys. What is told: how often that happened, how long
everyone took, and the most memory that the companion and its reading processes held together.
"""

import argparse
import asyncio
import time
from pathlib import Path
from typing import Any

from benchmarks.serving import companion, images, memory_mb, report, spread


async def crowd(clients: int, each: int) -> dict[str, Any]:
    files = images(None, 32)
    async with companion() as daemon:
        await daemon.quiet()
        idle = memory_mb(daemon.processes())
        refused, taken, peak = 0, list[float](), 0.0

        async def client(number: int) -> None:
            nonlocal refused
            for turn in range(each):
                start = time.perf_counter()
                while True:
                    status, headers = await daemon.check(files[(number + turn) % len(files)])
                    if status == 200:
                        break
                    assert status == 503, status
                    refused += 1
                    await asyncio.sleep(int(headers["Retry-After"]))
                taken.append(time.perf_counter() - start)

        async def watch() -> None:
            nonlocal peak
            while True:
                peak = max(peak, await asyncio.to_thread(memory_mb, daemon.processes()))
                await asyncio.sleep(0.25)

        watching = asyncio.create_task(watch())
        start = time.perf_counter()
        await asyncio.gather(*(client(number) for number in range(clients)))
        total = time.perf_counter() - start
        watching.cancel()
        stats = await daemon.stats()
    return {
        "clients": clients,
        "answered": len(taken),
        "refused_for_now": refused,
        "seconds": round(total, 1),
        "wait_ms": spread(taken),
        "idle_mb": round(idle),
        "peak_mb": round(peak),
        "batches": stats["engine"]["batches"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--each", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    report(asyncio.run(crowd(options.clients, options.each)), options.out)


if __name__ == "__main__":
    main()
