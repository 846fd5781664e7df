"""Convex fits on texture statistics: one optimum, found the same way each time.

Stiff on purpose: what must carry over to unseen sources are a few thousand weights under a strong ridge, with every
source speaking by the square root of its size.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from naturaltrace_model.data import kinds as kinds_of_pictures


def row_weights(labels: NDArray[np.int64], sources: NDArray[np.int64], kinds: NDArray[np.int64]) -> Tensor:
    """Calibration's weights, one per row, as a tensor."""
    return torch.from_numpy(kinds_of_pictures.row_weights(labels, sources, kinds)).float()


def fit_logistic(x: Tensor, y: Tensor, weights: Tensor, ridge: float, rounds: int = 80) -> tuple[Tensor, Tensor]:
    """Weights (D,) and bias () of "generated", from standardised x (N, D), y (N,) in 0..1 and row weights (N,)."""
    found = torch.zeros(x.shape[1] + 1, requires_grad=True)
    optimiser = torch.optim.LBFGS([found], max_iter=rounds, history_size=20, line_search_fn="strong_wolfe")
    total = weights.sum()

    def closure() -> Tensor:
        optimiser.zero_grad()
        losses = F.binary_cross_entropy_with_logits(x @ found[:-1] + found[-1], y, reduction="none")
        loss = (weights * losses).sum() / total + ridge * found[:-1].square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)  # pyright: ignore[reportArgumentType]
    return found[:-1].detach(), found[-1].detach()


def fit_softmax(x: Tensor, classes: Tensor, weights: Tensor, head: nn.Linear, ridge: float, rounds: int = 40) -> None:
    """Set `head` to the softmax regression of `classes` (N,) on x (N, D)."""
    optimiser = torch.optim.LBFGS(head.parameters(), max_iter=rounds, history_size=10, line_search_fn="strong_wolfe")
    total = weights.sum()

    def closure() -> Tensor:
        optimiser.zero_grad()
        losses = F.cross_entropy(head(x), classes, reduction="none")
        loss = (weights * losses).sum() / total + ridge * head.weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)  # pyright: ignore[reportArgumentType]


def fit_ridge(x: Tensor, y: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    """Least squares: weights (K, D) and bias (K,) that foretell y (N, K) from standardised x (N, D)."""
    middle = y.mean(0)
    gram = x.T @ x / len(x) + ridge * torch.eye(x.shape[1])
    weights = torch.linalg.solve(gram, x.T @ (y - middle) / len(x))
    return weights.T.contiguous(), middle - weights.T @ x.mean(0)


def put(head: nn.Linear, weights: Tensor, bias: Tensor) -> None:
    """Copy a fit into a linear layer."""
    with torch.no_grad():
        head.weight.copy_(weights.view_as(head.weight))
        head.bias.copy_(bias.view_as(head.bias))
