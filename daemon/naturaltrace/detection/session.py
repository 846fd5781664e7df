"""The ONNX graph: uint8 crops and views in, one row of figures per crop and a logit per view out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.card import Card, CardError, graph_bytes
from naturaltrace.detection.runtime.base import TEXTURE
from naturaltrace.detection.runtime.choice import Choice
from naturaltrace.detection.runtime.devices import CPU
from naturaltrace.detection.runtime.wanted import FP32

OUTPUTS = ("logit", "proximity", "quality", "family", "embedding")  # one row per crop
VIEW_OUTPUT = "view"  # one value per view
# What evidence is made of: where, and whose. Graphs released before 0.2 lack these.
MAP_OUTPUT = "crop_map"  # one logit per position of each crop
VIEW_EVIDENCE = ("view_map", "view_family", "view_embedding")  # one row per view
# The statistics that every other row is made of, in deviations (`detection.texture`). Graphs before 0.7 lack these.
CROP_TEXTURE, VIEW_TEXTURE = TEXTURE


@dataclass(frozen=True, slots=True)
class CropOutputs:
    """One row per crop: `logit` (N,), `proximity` (N,), `quality` (N, 2: JPEG quality / 100, log2 rescale), `family`
    (N, F) logits, `embedding` (N, E) unit length. `map` (N, h, w) logits inside each crop and `texture` (N, S)
    deviations are None where the graph has none."""

    logit: NDArray[np.float32]
    proximity: NDArray[np.float32]
    quality: NDArray[np.float32]
    family: NDArray[np.float32]
    embedding: NDArray[np.float32]
    map: NDArray[np.float32] | None = None
    texture: NDArray[np.float32] | None = None

    def rows(self, start: int, stop: int) -> "CropOutputs":
        more = (None if p is None else p[start:stop] for p in (self.map, self.texture))
        return CropOutputs(*(getattr(self, name)[start:stop] for name in OUTPUTS), *more)


@dataclass(frozen=True, slots=True)
class ViewOutputs:
    """One row per view: `logit` (M,); `map` (M, h, w), whose mean is the logit; `family` (M, F) logits; `embedding`
    (M, E) unit length; `texture` (M, S) deviations. All but the logit are None where the graph lacks them."""

    logit: NDArray[np.float32]
    map: NDArray[np.float32] | None = None
    family: NDArray[np.float32] | None = None
    embedding: NDArray[np.float32] | None = None
    texture: NDArray[np.float32] | None = None

    def rows(self, start: int, stop: int) -> "ViewOutputs":
        parts = (self.logit, self.map, self.family, self.embedding, self.texture)
        first, *rest = (None if p is None else p[start:stop] for p in parts)
        assert first is not None
        return ViewOutputs(first, *rest)


class CropSession:
    """Runs the card's graph on a device that proved itself (`runtime.choice`). Not for two threads at once.

    `kept` is the folder for what is measured about this machine, if anything may be kept. `precision` is one of
    `runtime.wanted.PRECISIONS`; figures that others compare are those of fp32.
    """

    def __init__(
        self,
        card: Card,
        threads: int | None = None,
        *,
        device: str = CPU,
        kept: Path | None = None,
        precision: str = FP32,
    ) -> None:
        self._choice = lambda: Choice(
            graph_bytes(card.graph, card.sha256), card.reference, kept, threads, small=card.small, precision=precision
        )
        self.chosen = self._choice().make(device)
        names = set(self.chosen.runtime.outputs)
        wanted = {*OUTPUTS, VIEW_OUTPUT}
        if not names.issuperset(wanted):
            raise CardError(f"the detector's graph lacks the outputs {sorted(wanted - names)}")
        more = [part for part in ((MAP_OUTPUT, *VIEW_EVIDENCE), TEXTURE) if names.issuperset(part)]
        self._names = [*OUTPUTS, VIEW_OUTPUT, *(name for part in more for name in part)]

    @property
    def has_texture(self) -> bool:
        """Whether the graph hands out the statistics that it judges by."""
        return CROP_TEXTURE in self._names

    def tune(self) -> None:
        """Measure how many threads and crops, and which graph, serve best here, unless that is known. Takes a few
        seconds, once."""
        self.chosen = self._choice().tune(self.chosen)

    def run(self, crops: NDArray[np.uint8], views: NDArray[np.uint8]) -> tuple[CropOutputs, ViewOutputs]:
        """`crops` uint8 (N, 128, 128, 3) and `views` uint8 (M, 256, 256, 3), N and M >= 1."""
        found = dict(zip(self._names, self.chosen.runtime.run(self._names, crops, views), strict=True))
        rows = (found[name] for name in OUTPUTS)
        evidence = (found.get(name) for name in (*VIEW_EVIDENCE, VIEW_TEXTURE))
        return (
            CropOutputs(*rows, map=found.get(MAP_OUTPUT), texture=found.get(CROP_TEXTURE)),
            ViewOutputs(found[VIEW_OUTPUT], *evidence),
        )
