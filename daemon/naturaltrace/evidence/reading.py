"""A line for each name through what the graph says of an image, and a chance for each of them and for none of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.result import Traits
from naturaltrace.detection.texture import unpacked

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reading:
    """`weights` (E, G) and `bias` (G,) make a score of each name out of the view's embedding or, where `of_texture`,
    out of the image's texture. `temperature` turns scores into chances; `unknown` is the score that stands for
    everything that has no name here."""

    names: tuple[str, ...]
    weights: Floats
    bias: Floats
    temperature: float
    unknown: float
    of_texture: bool = False

    def sees(self, traits: Traits) -> Floats | None:
        """What of an image is read (1, E); None where its graph does not hand that out."""
        if not self.of_texture:
            return traits.view[None]
        return None if traits.texture is None else unpacked(traits.texture[None])

    def scores(self, rows: Floats) -> Floats:
        """(N, E) to (N, G)."""
        return (rows @ self.weights + self.bias).astype(np.float32)

    def chances(self, rows: Floats) -> NDArray[np.float64]:
        """(N, E) to (N, G + 1): of each name and, last, of none of them; a row's sum is 1."""
        return chances(self.scores(rows), self.temperature, self.unknown)


def chances(scores: NDArray[np.floating], temperature: float, unknown: float) -> NDArray[np.float64]:
    """Scores (N, G) to chances (N, G + 1), the last one that of "unknown"."""
    logits = np.column_stack([scores, np.full(len(scores), unknown)]).astype(np.float64) / temperature
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)
