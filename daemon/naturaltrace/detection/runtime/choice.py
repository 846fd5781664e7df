"""Which runtime: the best device that loads, computes what the release computed, and did not crash last time."""

import logging
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import Path

from naturaltrace.detection.runtime import devices, selftest, tuning
from naturaltrace.detection.runtime.base import Runtime, RuntimeUnavailable
from naturaltrace.detection.runtime.devices import CPU, TORCH
from naturaltrace.detection.runtime.kept import Kept, graph_key
from naturaltrace.detection.runtime.onnx_runtime import OnnxRuntime
from naturaltrace.detection.runtime.tuning import Tuning

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chosen:
    """`notices` say in words which devices were tried in vain, and why."""

    runtime: Runtime
    tuning: Tuning
    notices: tuple[str, ...] = ()


@dataclass(slots=True)
class Choice:
    """How a runtime is chosen. `reference` is the file beside the card; `kept` the folder for what is measured."""

    graph: bytes
    reference: Path | Traversable
    kept: Path | None = None
    threads: int | None = None
    tune: bool = False
    notices: list[str] = field(default_factory=list[str])

    def make(self, device: str) -> Chosen:
        """The first of `devices.wanted(device)` that can be believed. Raises RuntimeUnavailable without any."""
        kept = Kept(self.kept)
        if device not in ("auto", "gpu", *devices.available()):
            self._note(f"This machine has no device “{device}”.")
        for name in devices.wanted(device):
            if name == CPU:
                return self._on_cpu(kept)
            runtime = self._try(name, kept)
            if runtime is not None:
                return Chosen(runtime, self._tuned(runtime, kept)[0], tuple(self.notices))
        raise RuntimeUnavailable("onnxruntime lacks its CPU provider")

    def _on_cpu(self, kept: Kept) -> Chosen:
        known = tuning.known(kept, self.graph, CPU)
        threads = self.threads or (known.threads if known else None)
        runtime = OnnxRuntime(self.graph, CPU, threads)
        if self.tune and known is None:
            stored = selftest.read(self.reference, self.graph)
            if stored and (differ := selftest.differences(runtime, stored)):
                self._note(f"This processor computes something else than it should ({'; '.join(differ)[:200]}).")
        found, best = self._tuned(runtime, kept)
        return Chosen(best, found, tuple(self.notices))

    def _tuned(self, runtime: Runtime, kept: Kept) -> tuple[Tuning, Runtime]:
        known = tuning.known(kept, self.graph, runtime.device)
        if known is not None or not self.tune or self.threads is not None:
            return known or tuning.default(runtime.device), runtime
        return tuning.measure(self.graph, runtime, kept)

    def _try(self, device: str, kept: Kept) -> Runtime | None:
        """None, with a notice, when it can't be loaded or computes something else.

        A driver can take the whole program down. So what is about to be tried is written down first: found again at
        the next start, it is left out.
        """
        trying = graph_key(self.graph, "trying", device)
        if kept.get(trying):
            self._note(f"The detector crashed on “{device}” before, so it is left out.")
            return None
        kept.put(trying, True)
        try:
            runtime = self._load(device)
            differ = selftest.differences(runtime, self._reference())
        except Exception as error:
            kept.put(trying, None)
            self._note(f"The detector can't run on “{device}” ({str(error)[:200]}).")
            return None
        kept.put(trying, None)
        if differ:
            self._note(f"“{device}” computes something else than it should ({'; '.join(differ)[:200]}).")
            return None
        return runtime

    def _load(self, device: str) -> Runtime:
        if device != TORCH:
            return OnnxRuntime(self.graph, device, self.threads)
        from naturaltrace.detection.runtime.torch_runtime import TorchRuntime

        return TorchRuntime(self.graph)

    def _reference(self) -> selftest.Outputs:
        found = selftest.read(self.reference, self.graph)
        return found or selftest.outputs_of(OnnxRuntime(self.graph, CPU, self.threads))

    def _note(self, words: str) -> None:
        _log.warning("%s", words)
        self.notices.append(words)
