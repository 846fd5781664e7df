"""What a scan costs: images per second and memory for 1 k, 10 k, 100 k files, over cores, and on Ray.

    python -m benchmarks.scan_cost sizes --counts 1000 10000 100000
    python -m benchmarks.scan_cost cores --count 200 --cores 1 2
    python -m benchmarks.scan_cost ray --count 200

`sizes` makes files of 48 × 48 pixels, all different: they are read, decoded and written down like any other, and
the detector declines them as too small. So it shows the scan's own cost per image. `cores` and `ray` use pictures that
go through the network: `cores` allows a scan so many of the machine's and leaves the rest to the program; `ray` scans
`--count` and `--more` pictures with either engine, and what the further ones take is the rate without the start.
Memory is the highest of the whole family of processes, sampled.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil

from tests.daemon.images import encoded, photo

COMMAND = [sys.executable, "-m", "naturaltrace", "scan"]


@dataclass(frozen=True, slots=True)
class Cost:
    """`cpu_s` of all processes together; `peak_mb` of the scanning process and of its whole family."""

    count: int
    seconds: float
    cpu_s: float
    peak_mb: float
    family_peak_mb: float

    @property
    def rate(self) -> float:
        return self.count / self.seconds


@contextmanager
def allowed(cores: int) -> Generator[None]:
    """So many of this process's cores, for all that it starts. Linux only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def measure(folder: Path, out: Path, arguments: Sequence[str] = ()) -> Cost:
    """Run one scan to its end and watch it."""
    count = sum(p.is_file() for p in folder.rglob("*"))
    started = time.monotonic()
    process = psutil.Popen([*COMMAND, str(folder), "--out", str(out), "--quiet", *arguments], stderr=subprocess.DEVNULL)
    own = family = cpu = 0.0
    seen: dict[int, float] = {}
    while process.poll() is None:
        try:
            members = [process, *process.children(recursive=True)]
            sizes: list[int] = []
            for member in members:
                sizes.append(member.memory_info().rss)
                times = member.cpu_times()
                seen[member.pid] = times.user + times.system
            own, family = max(own, sizes[0]), max(family, float(sum(sizes)))
        except psutil.Error:
            pass
        time.sleep(0.1)
    if process.returncode != 0:
        raise SystemExit(f"the scan failed with status {process.returncode}")
    cpu = sum(seen.values())
    return Cost(count, time.monotonic() - started, cpu, own / 2**20, family / 2**20)


def tiny_files(folder: Path, count: int) -> None:
    """PNGs of noise, 48 × 48, each different, a thousand in a folder."""
    rng = np.random.default_rng(0)
    sample = bytearray(encoded(photo(48, 48), "BMP"))
    for number in range(count):
        place = folder / f"{number // 1000:04}"
        place.mkdir(parents=True, exist_ok=True)
        sample[-64:] = rng.bytes(64)
        (place / f"{number:07}.bmp").write_bytes(sample)


def pictures(folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{number:05}.jpg").write_bytes(encoded(photo(640, 480, seed=number), "JPEG"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True, dest="kind")
    sizes = kinds.add_parser("sizes")
    sizes.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000, 100_000])
    cores = kinds.add_parser("cores")
    cores.add_argument("--count", type=int, default=200)
    cores.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    ray = kinds.add_parser("ray")
    ray.add_argument("--count", type=int, default=200)
    ray.add_argument("--more", type=int, default=1000)
    ray.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        {"sizes": _sizes, "cores": _cores, "ray": _ray}[options.kind](Path(root), options)


def _sizes(root: Path, options: argparse.Namespace) -> None:
    found: list[Cost] = []
    for count in options.counts:
        tiny_files(root / str(count), count)
        found.append(measure(root / str(count), root / f"{count}.jsonl"))
        _show(f"{count} files", found[-1])
    for before, after in itertools.pairwise(found):
        more = after.count - before.count
        slope = 1e6 * (after.cpu_s - before.cpu_s) / more
        memory = 1024 * (after.peak_mb - before.peak_mb) / more
        print(f"slope {before.count} → {after.count}: {slope:.0f} µs of processor and {memory:.3f} kB per image")


def _cores(root: Path, options: argparse.Namespace) -> None:
    pictures(root / "p", options.count)
    first: tuple[int, Cost] | None = None
    for cores in options.cores:
        with allowed(cores):
            cost = measure(root / "p", root / f"{cores}.jsonl")
        _show(f"{cores} cores", cost)
        first = first or (cores, cost)
        share = cost.rate / first[1].rate * first[0] / cores
        print(f"{cores} cores: {share:.2f} of {first[0]}'s rate for each core")


def _ray(root: Path, options: argparse.Namespace) -> None:
    taken: dict[str, list[Cost]] = {"local": [], "ray": []}
    engine = {"local": [], "ray": ["--engine", "ray", "--workers", str(options.workers)]}
    for count in (options.count, options.more):
        pictures(root / str(count), count)
        for name, costs in taken.items():
            costs.append(measure(root / str(count), root / f"{name}-{count}.jsonl", engine[name]))
            _show(f"{name}, {count}", costs[-1])
        ours, theirs = ((root / f"{name}-{count}.jsonl").read_bytes() for name in taken)
        print(f"results {'the same' if ours == theirs else 'DIFFERENT'}")
    rates = {n: (more.count - few.count) / (more.seconds - few.seconds) for n, (few, more) in taken.items()}
    print(f"further images: {', '.join(f'{name} {rate:.1f} a second' for name, rate in rates.items())}")
    for number, count in enumerate((options.count, options.more)):
        share = taken["ray"][number].rate / taken["local"][number].rate
        print(f"ray ÷ local, {count} images with start: {share:.2f}")
    print(f"ray ÷ local, further images: {rates['ray'] / rates['local']:.2f}")


def _show(name: str, cost: Cost) -> None:
    figures = {key: round(value, 2) for key, value in asdict(cost).items() if value is not None}
    print(f"{name}: {cost.rate:.1f} images/s {json.dumps(figures)}", flush=True)


if __name__ == "__main__":
    main()
