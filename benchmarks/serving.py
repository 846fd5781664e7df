"""What the serving benchmarks share: a companion of their own, its clients, and images to send."""

import asyncio
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import psutil
from PIL import Image


@dataclass(slots=True)
class Companion:
    """`naturaltrace serve` in a process of its own, with an empty data folder."""

    process: psutil.Process
    port: int
    token: str
    http: aiohttp.ClientSession

    async def check(self, data: bytes) -> tuple[int, dict[str, str]]:
        """Status and headers. As from a private window: nothing is answered from memory, nothing is kept."""
        headers = {"Authorization": f"Bearer {self.token}", "NaturalTrace-Private": "?1"}
        async with self.http.post(f"http://127.0.0.1:{self.port}/v1/check", data=data, headers=headers) as answer:
            await answer.read()
            return answer.status, dict(answer.headers.items())

    async def stats(self) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.http.get(f"http://127.0.0.1:{self.port}/v1/stats", headers=headers) as answer:
            return await answer.json()

    async def quiet(self) -> None:
        """Until the detector is loaded and the reading process runs."""
        async with asyncio.timeout(180):
            while True:
                engine = (await self.stats())["engine"]
                if engine["device"] and engine["readers"] and engine["readers"]["processes"]:
                    return
                await asyncio.sleep(0.05)

    async def measured(self) -> dict[str, Any]:
        """How the engine runs, once it has measured this machine; it does so when nothing waits, after first images."""
        async with asyncio.timeout(300):
            while True:
                engine: dict[str, Any] = (await self.stats())["engine"]
                if engine["measured"]:
                    return engine
                await asyncio.sleep(0.2)

    def processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def cpu_s(self) -> float:
        """Of all its processes that live."""
        times = [p.cpu_times() for p in self.processes()]
        return sum(t.user + t.system for t in times)


@asynccontextmanager
async def companion() -> AsyncGenerator[Companion]:
    """Started, paired, and ended with the block."""
    with tempfile.TemporaryDirectory(prefix="naturaltrace-benchmark-") as folder:
        command = [sys.executable, "-m", "naturaltrace", "serve", "--headless", "--port", "0", "--data-dir", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:  # noqa: ASYNC220 (nothing else runs)
            try:
                assert started.stdout is not None
                ready = json.loads(started.stdout.readline())
                connector = aiohttp.TCPConnector(limit=0)
                async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=600)) as http:
                    body = {"code": ready["pairing_code"], "name": "Benchmark"}
                    async with http.post(f"http://127.0.0.1:{ready['port']}/v1/pair", json=body) as answer:
                        token = (await answer.json())["token"]
                    yield Companion(psutil.Process(started.pid), ready["port"], token, http)
            finally:
                started.terminate()
                started.wait(60)


def memory_mb(processes: Sequence[psutil.Process]) -> float:
    """What they hold together; shared pages count once (PSS) where the system says so, else the sum of RSS."""
    total = 0.0
    for process in processes:
        try:
            held = process.memory_full_info()
        except psutil.Error:
            continue
        total += getattr(held, "pss", 0) or held.rss
    return total / 2**20


def images(folder: Path | None, count: int) -> list[bytes]:
    """Files of `folder`, or drawn ones: JPEGs of 1024 × 768 as a news page has them, each different."""
    if folder is not None:
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
        return [path.read_bytes() for path in paths[:count]]
    return [drawn(seed) for seed in range(count)]


def drawn(seed: int, width: int = 1024, height: int = 768) -> bytes:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    shapes = [np.sin(x / (9 + c + seed % 5) + seed) + np.cos(y / (13 + c)) for c in range(3)]
    pixels = np.stack(shapes, axis=-1) * 50 + 128 + rng.normal(0, 6, (height, width, 3))
    buffer = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def spread(values: Sequence[float]) -> dict[str, float]:
    """Milliseconds: p50 and p95."""
    ordered = sorted(values)
    return {
        "p50": round(statistics.median(ordered) * 1000, 1),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] * 1000, 1),
    }


def machine() -> dict[str, Any]:
    """For whoever reads the figures: a busy or narrow machine says so here."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"cores": cores, "load": busy, "when": time.strftime("%Y-%m-%d %H:%M")}


def report(figures: dict[str, Any], out: Path | None) -> None:
    text = json.dumps({"machine": machine(), **figures}, indent=1)
    print(text)
    if out is not None:
        out.write_text(text + "\n")
