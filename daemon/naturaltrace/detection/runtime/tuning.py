"""How many threads, and how many crops in one run, serve best on this machine: measured, not guessed.

More threads than cores that are really there, or more crops than fit the cache, make it slower on one machine and
faster on the next. Measuring takes a second or two, once per graph, runtime and machine.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import numpy as np

from naturaltrace.detection.runtime.base import Runtime
from naturaltrace.detection.runtime.devices import CPU, ort
from naturaltrace.detection.runtime.kept import Kept, graph_key
from naturaltrace.detection.runtime.onnx_runtime import OnnxRuntime, default_threads, processors
from naturaltrace.imaging.crops import CROP, GRID, POOR, RICH
from naturaltrace.imaging.views import VIEW

_ONE_IMAGE = RICH + POOR + GRID  # crops of a large image
_VIEWS = 2  # of a long one
_BATCHES = (_ONE_IMAGE, 2 * _ONE_IMAGE, 4 * _ONE_IMAGE, 8 * _ONE_IMAGE)
# A CPU's caches end here. Measured on a busy machine, chance alone has chosen eight images, at a tenth more time and
# twice the memory.
_CPU_BATCHES = _BATCHES[:2]
# A thread, or room for more crops, has to earn this much: both are taken from the rest of the machine.
_GAIN = 0.08
_REPEATS = 3
LEAST_SPEED = 1.15  # a coarser graph has to be so many times as fast


@dataclass(frozen=True, slots=True)
class Tuning:
    """`threads` for the CPU; `crops`: images are judged together as long as they have no more crops than this."""

    threads: int
    crops: int


def default(device: str) -> Tuning:
    return Tuning(default_threads(), _ONE_IMAGE if device == CPU else _BATCHES[-1])


def known(kept: Kept, graph: bytes, device: str) -> Tuning | None:
    """What was measured before, if anything."""
    found: Any = kept.get(_key(graph, device))
    try:
        tuning = Tuning(int(found["threads"]), int(found["crops"]))
    except (TypeError, KeyError, ValueError):
        return None
    return tuning if 1 <= tuning.threads <= 256 and 1 <= tuning.crops <= 1024 else None


def measure(
    graph: bytes, runtime: Runtime, kept: Kept, *, clock: Callable[[], float] = perf_counter
) -> tuple[Tuning, Runtime]:
    """Measure and keep; also the runtime that won, which is `runtime` itself on any device but the CPU."""
    threads, best = default_threads(), runtime
    if runtime.device == CPU:
        best, taken = _with_best_threads(graph, clock)
        threads = best.threads
    else:
        taken = _seconds(runtime, _ONE_IMAGE, clock)
    crops, per_crop = _ONE_IMAGE, taken / _ONE_IMAGE
    for count in (_CPU_BATCHES if runtime.device == CPU else _BATCHES)[1:]:
        now = _seconds(best, count, clock) / count
        if now > per_crop * (1 - _GAIN):
            break
        crops, per_crop = count, now
    # Small images still share a run, up to the crops of a large one; two large ones share it only where that pays: on
    # one core they cost a tenth more than one after the other.
    tuning = Tuning(threads, crops)
    kept.put(_key(graph, runtime.device), asdict(tuning))
    return tuning, best


def times_as_fast(one: Runtime, other: Runtime, *, clock: Callable[[], float] = perf_counter) -> float:
    """How many images `one` judges in the time of one image of `other`; in turns, for a busy machine slows both."""
    best = [float("inf"), float("inf")]
    for _ in range(_REPEATS):
        for i, runtime in enumerate((one, other)):
            best[i] = min(best[i], _seconds(runtime, _ONE_IMAGE, clock, repeats=1))
    return best[1] / best[0]


def machine() -> tuple[str, int]:
    """What a measurement holds for, beside graph and device."""
    return str(ort.__version__), processors()


def _with_best_threads(graph: bytes, clock: Callable[[], float]) -> tuple[OnnxRuntime, float]:
    best = OnnxRuntime(graph, CPU, 1)
    taken = _seconds(best, _ONE_IMAGE, clock)
    for threads in sorted({2, 4, 8, processors()}):
        if threads > processors() or threads > 8:
            break
        other = OnnxRuntime(graph, CPU, threads)
        now = _seconds(other, _ONE_IMAGE, clock)
        if now > taken * (1 - _GAIN):
            break
        best, taken = other, now
    return best, taken


def _seconds(runtime: Runtime, crops: int, clock: Callable[[], float], repeats: int = _REPEATS) -> float:
    """The quickest of a few runs: what else the machine does can only make one slower."""
    views = max(1, crops * _VIEWS // _ONE_IMAGE)
    shown = np.zeros((crops, CROP, CROP, 3), np.uint8), np.zeros((views, VIEW, VIEW, 3), np.uint8)
    times: list[float] = []
    for _ in range(repeats):
        start = clock()
        runtime.run(runtime.outputs, *shown)
        times.append(clock() - start)
    return min(times)


def _key(graph: bytes, device: str) -> str:
    return graph_key(graph, "tuning", device, *machine())
