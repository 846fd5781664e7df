"""Which runtime: the best device that loads, computes what the release computed, and did not crash last time.

On the CPU there may be two graphs, fp32 and int8. Processors without instructions for sums of byte products (x86 before
VNNI) add them in 16 bits, which can overflow: so the second is run only after a self-test, and only where it was
measured to be quicker.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.resources.abc import Traversable
from pathlib import Path

from naturaltrace.detection.card import CardError, EightBits, graph_bytes
from naturaltrace.detection.runtime import devices, selftest, tuning
from naturaltrace.detection.runtime.base import Runtime, RuntimeUnavailable
from naturaltrace.detection.runtime.devices import CPU, TORCH
from naturaltrace.detection.runtime.kept import Kept, graph_key
from naturaltrace.detection.runtime.onnx_runtime import OnnxRuntime
from naturaltrace.detection.runtime.tuning import Tuning
from naturaltrace.detection.runtime.wanted import AUTO, FP32, INT8

_log = logging.getLogger(__name__)
_IN_EIGHT_BITS = f"{CPU} {INT8}"  # as notices name it


@dataclass(frozen=True, slots=True)
class Chosen:
    """`notices` say in words what was tried in vain, and why. `precision` is "fp32" or "int8"."""

    runtime: Runtime
    tuning: Tuning
    notices: tuple[str, ...] = ()
    precision: str = FP32


@dataclass(slots=True)
class Choice:
    """How a runtime is chosen. `reference` is the file beside the card; `kept` the folder for what is measured;
    `small` the release's graph in eight bits, if it has one, and `precision` whether it may run."""

    graph: bytes
    reference: Path | Traversable
    kept: Path | None = None
    threads: int | None = None
    notices: list[str] = field(default_factory=list[str])
    small: EightBits | None = None
    precision: str = FP32
    _small_content: bytes | None = None  # of the graph in eight bits, once it was asked for

    def make(self, device: str) -> Chosen:
        """The first of `devices.wanted(device)` that can be believed. Raises RuntimeUnavailable without any."""
        kept = Kept(self.kept)
        if device not in ("auto", "gpu", *devices.available()):
            self._note(f"This machine has no device “{device}”.")
        for name in devices.wanted(device):
            if name == CPU:
                return self._on_cpu(kept)
            runtime = self._try(name, kept, lambda name=name: self._load(name), self._differs)
            if runtime is not None:
                return self._chosen(runtime, tuning.known(kept, self.graph, name))
        raise RuntimeUnavailable("onnxruntime lacks its CPU provider")

    def tune(self, chosen: Chosen) -> Chosen:
        """Measure what serves best on the chosen device, unless it is known. Takes a few seconds, once."""
        kept, runtime = Kept(self.kept), chosen.runtime
        if self.threads is not None:
            return chosen
        self.notices[:] = dict.fromkeys([*chosen.notices, *self.notices])
        if runtime.device != CPU:
            if tuning.known(kept, self.graph, runtime.device) is not None:
                return chosen
            found, best = tuning.measure(self.graph, runtime, kept)
            return Chosen(best, found, tuple(self.notices))
        if chosen.precision == INT8:
            return self._tuned(chosen, self._small_bytes(), kept)
        if tuning.known(kept, self.graph, CPU) is None:
            stored = selftest.read(self.reference, self.graph)
            if stored and (differ := selftest.differences(runtime, stored)):
                self._note(f"This processor computes something else than it should ({'; '.join(differ)[:200]}).")
        exact = self._tuned(chosen, self.graph, kept)
        better = self._quicker(exact, kept) or exact
        return better if better.notices == tuple(self.notices) else replace(better, notices=tuple(self.notices))

    # --- the CPU's two graphs ----------------------------------------------------------------------------------------

    def _on_cpu(self, kept: Kept) -> Chosen:
        if self.precision == INT8 and self.small is None:
            self._note("This release has no graph in eight bits.")
        if self.precision == INT8 or (self.precision == AUTO and self._speed(kept) >= tuning.LEAST_SPEED):
            runtime = self._in_eight_bits(kept)
            if runtime is not None:
                return self._chosen(runtime, tuning.known(kept, self._small_bytes(), CPU), INT8)
        known = tuning.known(kept, self.graph, CPU)
        return self._chosen(OnnxRuntime(self.graph, CPU, self.threads or (known and known.threads)), known)

    def _quicker(self, exact: Chosen, kept: Kept) -> Chosen | None:
        """The graph in eight bits, when it may run, is right, and was just measured to be quicker; else None."""
        if self.precision != AUTO or self.small is None or kept.get(self._key()) is not None:
            return None
        runtime = self._in_eight_bits(kept)
        if runtime is None:
            return None
        small = self._tuned(self._chosen(runtime, None, INT8), self._small_bytes(), kept)
        speed = tuning.times_as_fast(small.runtime, exact.runtime)
        kept.put(self._key(), round(speed, 2))
        return small if speed >= tuning.LEAST_SPEED else None

    def _in_eight_bits(self, kept: Kept) -> Runtime | None:
        """None, with a notice, where it is missing, damaged, or computes something else here."""
        small = self.small
        if small is None:
            return None

        def load() -> Runtime:
            content = self._small_bytes()
            known = tuning.known(kept, content, CPU)
            return OnnxRuntime(content, CPU, self.threads or (known and known.threads))

        def strays(runtime: Runtime) -> list[str]:
            reference = selftest.read(small.reference, self._small_bytes())
            if reference is None:
                raise CardError("what it should compute is not known")
            return selftest.strayed(runtime, reference, small.tolerance)

        return self._try(_IN_EIGHT_BITS, kept, load, strays)

    def _speed(self, kept: Kept) -> float:
        """Of the graph in eight bits, fp32 = 1, as measured here before; 0 where it was not."""
        found = kept.get(self._key()) if self.small is not None else None
        return float(found) if isinstance(found, int | float) else 0.0

    def _key(self) -> str:
        assert self.small is not None
        return graph_key(self.graph, INT8, self.small.sha256[:16], *tuning.machine())

    def _small_bytes(self) -> bytes:
        assert self.small is not None
        if self._small_content is None:
            self._small_content = graph_bytes(self.small.graph, self.small.sha256)
        return self._small_content

    # --- any device --------------------------------------------------------------------------------------------------

    def _tuned(self, chosen: Chosen, graph: bytes, kept: Kept) -> Chosen:
        if tuning.known(kept, graph, chosen.runtime.device) is not None:
            return chosen
        found, best = tuning.measure(graph, chosen.runtime, kept)
        return Chosen(best, found, tuple(self.notices), chosen.precision)

    def _chosen(self, runtime: Runtime, known: Tuning | None, precision: str = FP32) -> Chosen:
        return Chosen(runtime, known or tuning.default(runtime.device), tuple(self.notices), precision)

    def _try(
        self, name: str, kept: Kept, load: Callable[[], Runtime], differs: Callable[[Runtime], list[str]]
    ) -> Runtime | None:
        """None, with a notice, when it can't be loaded or computes something else.

        A driver can take the whole program down. So what is about to be tried is written down first: found again at
        the next start, it is left out.
        """
        trying = graph_key(self.graph, "trying", name)
        if kept.get(trying):
            self._note(f"The detector crashed on “{name}” before, so it is left out.")
            return None
        kept.put(trying, True)
        try:
            runtime = load()
            differ = differs(runtime)
        except Exception as error:
            kept.put(trying, None)
            self._note(f"The detector can't run on “{name}” ({str(error)[:200]}).")
            return None
        kept.put(trying, None)
        if differ:
            self._note(f"“{name}” computes something else than it should ({'; '.join(differ)[:200]}).")
            return None
        return runtime

    def _load(self, device: str) -> Runtime:
        if device != TORCH:
            return OnnxRuntime(self.graph, device, self.threads)
        from naturaltrace.detection.runtime.torch_runtime import TorchRuntime

        return TorchRuntime(self.graph)

    def _differs(self, runtime: Runtime) -> list[str]:
        found = selftest.read(self.reference, self.graph)
        return selftest.differences(runtime, found or selftest.outputs_of(OnnxRuntime(self.graph, CPU, self.threads)))

    def _note(self, words: str) -> None:
        _log.warning("%s", words)
        if words not in self.notices:
            self.notices.append(words)
