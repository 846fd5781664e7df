"""Logistic regression whose weights keep their sign."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

Array = NDArray[np.float64]


def fit_logistic(
    x: Array, y: NDArray[Any], sample_weights: Array, *, signs: Sequence[int], ridge: float
) -> tuple[Array, float]:
    """The weights (F,) and the intercept that minimise the weighted mean log-loss plus `ridge` times squared weights.

    `x` is (N, F), `y` (N,) 0 to 1; `signs` gives each weight's sign: 1 for at least 0, -1 for at most 0.
    """
    share = sample_weights / sample_weights.sum()
    labels = np.asarray(y, dtype=np.float64)

    def loss(parameters: Array) -> tuple[float, Array]:
        weights, intercept = parameters[:-1], parameters[-1]
        logits = x @ weights + intercept
        cost = float(share @ (np.logaddexp(0.0, logits) - labels * logits) + ridge * weights @ weights)
        residual = share * (1 / (1 + np.exp(-np.clip(logits, -500, 500))) - labels)
        return cost, np.append(x.T @ residual + 2 * ridge * weights, residual.sum())

    bounds = [(0.0, None) if sign > 0 else (None, 0.0) for sign in signs]
    start = np.zeros(x.shape[1] + 1)
    found: Any = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)])
    return found.x[:-1], float(found.x[-1])
