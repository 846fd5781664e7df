"""The graph in onnxruntime."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.runtime.base import RuntimeUnavailable
from naturaltrace.detection.runtime.devices import CPU, PROVIDERS, ort
from naturaltrace.imaging.crops import CROP
from naturaltrace.imaging.views import VIEW

_NO_ENTRIES: Mapping[str, str] = {}
# Grows by what is asked for (1), not by powers of two, and can give back all of it.
_ARENA = {
    "max_mem": 0,
    "arena_extend_strategy": 1,
    "initial_chunk_size_bytes": 2**20,
    "initial_growth_chunk_size_bytes": 2**21,
    "max_dead_bytes_per_chunk": 2**20,
}


class OnnxRuntime:
    """`threads` counts for the CPU only."""

    def __init__(self, graph: bytes, device: str = CPU, threads: int | None = None) -> None:
        self.device = device
        self.threads = threads or default_threads()
        self._session: Any = _session(graph, device, self.threads)
        if self._session.get_providers()[0] != PROVIDERS[device]:
            # A provider whose libraries are missing is left out with nothing but a line in the log.
            raise RuntimeUnavailable(f"{device}: onnxruntime has it, but its libraries can't be loaded")
        self.outputs = tuple(str(output.name) for output in self._session.get_outputs())

    def run(
        self, names: Sequence[str], crops: NDArray[np.uint8], views: NDArray[np.uint8]
    ) -> list[NDArray[np.float32]]:
        return cast("list[NDArray[np.float32]]", self._session.run(list(names), {"crops": crops, "views": views}))

    def rest(self) -> None:
        """Give back what all sessions hold for their next run. It takes a small run to say so."""
        if not _has_arena():
            return
        options = ort.RunOptions()
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        pixels = (np.zeros((1, side, side, 3), np.uint8) for side in (CROP, VIEW))
        with suppress(Exception):  # a provider without that arena: it is only memory
            self._session.run(None, dict(zip(("crops", "views"), pixels, strict=True)), options)


def cpu_session(graph: bytes, threads: int) -> Any:
    """A session of any graph that computes in floats, on the processor. Raises RuntimeUnavailable."""
    # Pixels are widened as in eight-bit graphs; there each reader has a widening of its own, here one does for all.
    return _session(graph, CPU, threads, {"session.disable_quant_qdq": "1"})


def _session(graph: bytes, device: str, threads: int, entries: Mapping[str, str] = _NO_ENTRIES) -> Any:
    options = ort.SessionOptions()
    for name, value in entries.items():
        options.add_session_config_entry(name, value)
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle threads sleep instead of spinning: the companion shares its machine with a browser.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = _has_arena()
    options.add_session_config_entry("session.use_env_allocators", "1" if _has_arena() else "0")
    # What stays must not lie between what comes and goes.
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    options.log_severity_level = 3
    providers = [PROVIDERS[device]] if device == CPU else [PROVIDERS[device], PROVIDERS[CPU]]
    try:
        session: Any = ort.InferenceSession(graph, options, providers=providers)
    except Exception as error:  # onnxruntime's own classes, and what drivers make of them
        raise RuntimeUnavailable(f"{device}: {_first_line(error)}") from error
    # It keeps the file's bytes in order to begin anew on another provider, which the companion does by itself.
    if hasattr(session, "_model_bytes"):
        session._model_bytes = None
    return session


@cache
def _has_arena() -> bool:
    """Whether all sessions take memory for their runs from one place of their own, as large as the largest run needs.

    From the C library's memory, where images come and go meanwhile, each run would take other places: what two hundred
    clients sent made 17 MB of holes with each image that was judged.
    """
    try:
        place = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
        ort.create_and_register_allocator(place, ort.OrtArenaCfg(_ARENA))
    except Exception:  # a package without it, or a program around us that registered one
        return False
    return True


def default_threads() -> int:
    """Where nothing was measured: enough to be quick, few enough to leave the machine to its user."""
    return min(4, processors())


def processors() -> int:
    """That this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
