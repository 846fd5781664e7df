"""Several processes, one training (`torchrun`): the same batch, the same loss, the same gradients as in one process.

Every process draws the same batch and passes its own part of it through the network. The outputs are gathered, so that
losses that compare the crops of a batch with each other see all of them; batch norm, too, counts over all processes.
torch's DistributedDataParallel averages the gradients.
"""

import os
from collections.abc import Callable
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_gather, all_reduce  # pyright: ignore[reportUnknownVariableType]
from torch.nn.parallel import DistributedDataParallel


def begin() -> torch.device | None:
    """Join the other processes where torchrun has started several; the device of this one, None where it is alone."""
    if int(os.environ.get("WORLD_SIZE", "1")) <= 1:
        return None
    cuda = torch.cuda.is_available()
    if not dist.is_initialized():
        dist.init_process_group("nccl" if cuda else "gloo")
    if not cuda:
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device


def end() -> None:
    """Leave the other processes; they wait here for each other first."""
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()


def processes() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first() -> bool:
    """Whether this process is the one that writes logs and checkpoints."""
    return not dist.is_initialized() or dist.get_rank() == 0


def shared(network: nn.Module) -> Callable[[Tensor], Any]:
    """`network` as all processes together: a batch (B, ...) in, the outputs of the whole batch out, with gradients.

    Its batch norms are replaced in place. Alone, it is the network itself. Calling it raises ValueError for a batch
    that the processes can't share evenly.
    """
    if processes() == 1:
        return network
    _share_norms(network)
    for buffer in network.buffers():
        dist.broadcast(buffer, 0)
    device = next(network.parameters()).device
    # A stage need not use every head.
    wrapped = DistributedDataParallel(
        network,
        device_ids=[device] if device.type == "cuda" else None,
        broadcast_buffers=False,
        find_unused_parameters=True,
    )

    def forward(batch: Tensor) -> Any:
        if len(batch) % processes():
            raise ValueError(f"{processes()} processes can't share a batch of {len(batch)} evenly: choose another size")
        mine = batch.chunk(processes())[dist.get_rank()]
        return _gathered(wrapped(mine))

    return forward


def _gathered(output: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """A named tuple of tensors (b, ...) from every process, put together to (B, ...) in the batch's order."""
    return type(output)(*(torch.cat(cast("tuple[Tensor, ...]", all_gather(part.contiguous()))) for part in output))


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm whose means and deviations are taken over all processes; on CPUs too, unlike torch's own."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or not dist.is_initialized():
            return super().forward(input)
        x = input.float()
        count = torch.tensor([float(x.numel() // x.shape[1])], device=x.device)
        sums = cast(Tensor, all_reduce(torch.cat([x.sum((0, 2, 3)), count])))
        n = sums[-1].detach()
        mean = sums[:-1] / n
        # Around the mean that is known now: the difference of two large sums would lose digits.
        x = x - mean[:, None, None]
        variance = cast(Tensor, all_reduce(x.square().sum((0, 2, 3)))) / n
        self._remember(mean.detach(), variance.detach(), float(n))
        x = x * torch.rsqrt(variance + self.eps)[:, None, None]
        return (x * self.weight[:, None, None] + self.bias[:, None, None]).to(input.dtype)

    def _remember(self, mean: Tensor, variance: Tensor, n: float) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        momentum = 0.1 if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance * n / max(1.0, n - 1.0), momentum)
        self.num_batches_tracked += 1


def _share_norms(network: nn.Module) -> None:
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SharedBatchNorm2d
