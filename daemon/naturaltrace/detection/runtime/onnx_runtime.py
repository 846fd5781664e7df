"""The graph in onnxruntime."""

import os
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.runtime.base import RuntimeUnavailable
from naturaltrace.detection.runtime.devices import CPU, PROVIDERS, ort


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


def cpu_session(graph: bytes, threads: int) -> Any:
    """A session of any graph on the processor. Raises RuntimeUnavailable."""
    return _session(graph, CPU, threads)


def _session(graph: bytes, device: str, threads: int) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle threads sleep instead of spinning: the companion shares its machine with a browser.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # An arena would keep the memory of the largest run for ever; the companion idles most of its life.
    options.enable_cpu_mem_arena = False
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
