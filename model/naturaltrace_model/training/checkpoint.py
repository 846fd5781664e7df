"""Checkpoints: all that is needed to go on, or to build the network again."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from naturaltrace_model.networks.trace_net import TraceNet, TraceNetConfig
from naturaltrace_model.training import distributed


def save(path: Path, network: nn.Module, config: TraceNetConfig, step: int, **more: Any) -> None:
    """Write a checkpoint of the trace branch."""
    write_whole(path, {"network": network.state_dict(), "config": config.to_json(), "step": step, **more})


def write_whole(path: Path, stored: dict[str, Any]) -> None:
    """Write the whole file beside `path`, then put it in place: a killed run leaves the last good checkpoint.

    Of several processes, which all hold the same, one writes.
    """
    if not distributed.is_first():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save(stored, part)
    part.replace(path)


def load(path: Path) -> tuple[TraceNet, dict[str, Any]]:
    """The network, in evaluation mode on the CPU, and the rest of the checkpoint."""
    stored: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    network = TraceNet(TraceNetConfig.from_json(stored["config"]))
    network.load_state_dict(stored.pop("network"))
    return network.eval(), stored
