"""Baselines that are a front and the common trunk, trained with a plain binary loss."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from naturaltrace_model.baselines.fronts import Front
from naturaltrace_model.baselines.interface import Budget, Material
from naturaltrace_model.networks.blocks import ResidualBlock, conv
from naturaltrace_model.training.batches import Mix, balanced_batches
from naturaltrace_model.training.loop import Loop, LoopConfig

_DEPTHS = (1, 2, 2, 1)


class FrontAndTrunk(nn.Module):
    """A front, four residual stages as the trace branch has them, mean and deviation pooling, one logit."""

    def __init__(self, front: Front, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.front = front
        stages: list[nn.Module] = [conv(front.channels, widths[0])]
        width = widths[0]
        for i, (w, depth) in enumerate(zip(widths, _DEPTHS, strict=True)):
            if i:
                stages.append(conv(width, w, stride=2))
            stages.extend(ResidualBlock(w) for _ in range(depth))
            width = w
        self.trunk = nn.Sequential(*stages)
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(2 * width, 1)

    def forward(self, crops: Tensor) -> Tensor:
        """uint8 (B, 128, 128, 3) to logits (B,), > 0 leans to generated."""
        x = self.trunk(self.front(crops).contiguous(memory_format=torch.channels_last)).float()
        mean = x.mean(dim=(2, 3))
        deviation = (x - mean[:, :, None, None]).square().mean(dim=(2, 3)).add(1e-6).sqrt()
        return self.head(self.drop(torch.cat([mean, deviation], dim=1))).float().squeeze(1)


class Trained:
    """A baseline for one front."""

    def __init__(self, idea: str, front: Callable[[], Front]) -> None:
        self.idea = idea
        self._front = front
        self._network: FrontAndTrunk | None = None

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self._network.parameters()) if self._network else 0

    def fit(self, material: Material, budget: Budget, folder: Path) -> None:
        torch.manual_seed(budget.seed)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = FrontAndTrunk(self._front(), budget.widths)
        network = network.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        batches = balanced_batches(
            material.train, material.twins, Mix(budget.batch, max(1, budget.batch // 8)), budget.seed
        )

        def step() -> dict[str, Tensor]:
            batch = next(batches).to(device)
            return {"bce": F.binary_cross_entropy_with_logits(network(batch.crops), batch.label * 0.95 + 0.025)}

        loop = Loop(network, LoopConfig(budget.steps, budget.learning_rate), folder / "log.csv")
        loop.run(step)
        self._network = loop.average.network.eval()

    def score(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        if self._network is None:
            raise ValueError("fit first")
        return in_batches(self._network, crops)


@torch.no_grad()
def in_batches(network: Callable[[Tensor], Tensor], crops: NDArray[np.uint8], batch: int = 64) -> NDArray[np.float64]:
    """`network` over all crops, (N,). A network's own device is used, the CPU for anything else that is callable."""
    device = next(network.parameters()).device if isinstance(network, nn.Module) else torch.device("cpu")
    found: list[Tensor] = []
    with torch.autocast(device.type, torch.bfloat16):
        for start in range(0, len(crops), batch):
            found.append(network(torch.from_numpy(np.array(crops[start : start + batch])).to(device)).float().cpu())
    return torch.cat(found).double().numpy()
