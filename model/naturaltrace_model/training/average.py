"""A moving average of the weights, which is what is evaluated and released."""

import copy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


class MovingAverage(Generic[M]):
    """After `update`, each weight of `network` moves by 1 - decay; early on faster, so that the start is forgotten."""

    def __init__(self, network: M, decay: float = 0.998) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, network: M) -> None:
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for mine, new in zip(_tensors(self.network), _tensors(network), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(new.detach(), 1 - decay)
            else:
                mine.copy_(new)


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]
