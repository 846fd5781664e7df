"""The loop that both stages share: optimiser, schedule, mixed precision, averaging, log."""

import csv
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn
from tqdm import tqdm

from naturaltrace_model.training import distributed
from naturaltrace_model.training.average import MovingAverage

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class LoopConfig:
    steps: int
    learning_rate: float
    weight_decay: float = 0.05
    warm_up: float = 0.05  # share of the steps
    start: int = 0  # step to resume from
    every: int = 25  # steps between log rows
    mixed: bool = True  # bfloat16 where that is safe


class Loop(Generic[M]):
    """Runs `step` (which returns the named parts of the loss) with AdamW and a cosine schedule, in bfloat16."""

    def __init__(self, network: M, config: LoopConfig, log: Path) -> None:
        self.network, self.config, self.log = network, config, log
        self.average = MovingAverage(network)
        plain = [p for p in network.parameters() if p.requires_grad and p.ndim < 2]
        matrices = [p for p in network.parameters() if p.requires_grad and p.ndim >= 2]
        groups = [{"params": matrices}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=config.weight_decay)

    def run(
        self, step: Callable[[], dict[str, Tensor]], after: Callable[[int], dict[str, float]] | None = None
    ) -> None:
        """Train to the last step; `after(step)`, called each 1/12 of the way, adds figures to the log and may save."""
        device = next(self.network.parameters()).device
        self.log.parent.mkdir(parents=True, exist_ok=True)
        sums: dict[str, float] = {}
        started = time.monotonic()
        pause = max(1, self.config.steps // 12)
        first = distributed.is_first()
        log = self.log if first else Path(os.devnull)
        with log.open("a" if self.config.start else "w", newline="") as file:
            rows = csv.writer(file)
            bar = tqdm(range(self.config.start, self.config.steps), unit="step", mininterval=10, disable=not first)
            for number in bar:
                self._set_rate(number)
                self.network.train()
                with torch.autocast(device.type, torch.bfloat16, enabled=self.config.mixed):
                    parts = step()
                loss = torch.stack([p.float() for p in parts.values()]).sum()
                self.optimiser.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
                self.optimiser.step()
                self.average.update(self.network)
                for name, value in parts.items():
                    sums[name] = sums.get(name, 0.0) + float(value.detach())
                last = number + 1 == self.config.steps
                if (number + 1) % self.config.every == 0 or last:
                    means = {k: round(v / self.config.every, 4) for k, v in sums.items()}
                    rows.writerow([number + 1, round(time.monotonic() - started, 1), means])
                    file.flush()
                    bar.set_postfix(means)
                    sums.clear()
                if after is not None and ((number + 1) % pause == 0 or last):
                    figures = after(number + 1)
                    rows.writerow([number + 1, round(time.monotonic() - started, 1), figures])
                    file.flush()
                    if first:
                        tqdm.write(f"{number + 1}: {figures}")

    def _set_rate(self, number: int) -> None:
        warm = max(1, int(self.config.steps * self.config.warm_up))
        if number < warm:
            factor = (number + 1) / warm
        else:
            done = (number - warm) / max(1, self.config.steps - warm)
            factor = 0.02 + 0.98 * 0.5 * (1 + float(torch.cos(torch.tensor(done * torch.pi))))
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * factor
