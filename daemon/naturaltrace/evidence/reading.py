"""A line through the embedding for each name, and a chance for each of them and for none of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reading:
    """`weights` (E, G) and `bias` (G,) make a score of each name out of the view's embedding. `temperature` turns
    scores into chances; `unknown` is the score that stands for everything that has no name here."""

    names: tuple[str, ...]
    weights: Floats
    bias: Floats
    temperature: float
    unknown: float

    def scores(self, views: Floats) -> Floats:
        """(N, E) to (N, G)."""
        return (views @ self.weights + self.bias).astype(np.float32)

    def chances(self, views: Floats) -> NDArray[np.float64]:
        """(N, E) to (N, G + 1): of each name and, last, of none of them; a row's sum is 1."""
        return chances(self.scores(views), self.temperature, self.unknown)


def chances(scores: NDArray[np.floating], temperature: float, unknown: float) -> NDArray[np.float64]:
    """Scores (N, G) to chances (N, G + 1), the last one that of "unknown"."""
    logits = np.column_stack([scores, np.full(len(scores), unknown)]).astype(np.float64) / temperature
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)
