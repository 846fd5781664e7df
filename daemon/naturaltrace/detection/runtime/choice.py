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
    notices: list[str] = field(default_factory=list[str])

    def make(self, device: str) -> Chosen:
        """The first of `devices.wanted(device)` that can be believed. Raises RuntimeUnavailable without any."""
        kept = Kept(self.kept)
        if device not in ("auto", "gpu", *devices.available()):
            self._note(f"This machine has no device “{device}”.")
        for name in devices.wanted(device):
            known = tuning.known(kept, self.graph, name)
            if name == CPU:
                return self._chosen(OnnxRuntime(self.graph, CPU, self.threads or (known and known.threads)), known)
            runtime = self._try(name, kept)
            if runtime is not None:
                return self._chosen(runtime, known)
        raise RuntimeUnavailable("onnxruntime lacks its CPU provider")

    def tune(self, chosen: Chosen) -> Chosen:
        """Measure what serves best on the chosen device, unless it is known. Takes a second or two, once."""
        kept, runtime = Kept(self.kept), chosen.runtime
        if self.threads is not None or tuning.known(kept, self.graph, runtime.device) is not None:
            return chosen
        if runtime.device == CPU:
            stored = selftest.read(self.reference, self.graph)
            if stored and (differ := selftest.differences(runtime, stored)):
                self._note(f"This processor computes something else than it should ({'; '.join(differ)[:200]}).")
        found, best = tuning.measure(self.graph, runtime, kept)
        return Chosen(best, found, tuple(self.notices))

    def _chosen(self, runtime: Runtime, known: Tuning | None) -> Chosen:
        return Chosen(runtime, known or tuning.default(runtime.device), tuple(self.notices))

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
