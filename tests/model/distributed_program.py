"""One step of a stage, in as many processes as torchrun starts; leaves the gradients. `python … STAGE SHARDS OUT`."""

import copy
import sys
from pathlib import Path

import torch

from naturaltrace_model.networks.trace_net import TraceNet, TraceNetConfig
from naturaltrace_model.training import distributed, stage1, stage2
from naturaltrace_model.training.batches import Shard

SMALL = TraceNetConfig(widths=(8, 8, 16, 16), depths=(1, 1, 1, 1), embedding=16, prototypes=4)


def one_step(stage: int, shards: Path, out: Path) -> dict[str, torch.Tensor]:
    """Gradients, and what batch norm has learnt, after one step."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    network = TraceNet(SMALL)
    for module in network.modules():  # a mask is drawn per process
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    anchor = copy.deepcopy(network).eval().requires_grad_(False)
    main, twins = Shard.open(shards / "main"), Shard.open(shards / "twins")
    torch.manual_seed(2)
    if stage == 1:
        config = stage1.Stage1Config(steps=1, pairs=8, negatives=6, mixed=False)
        stage1.train(network, main, twins, config, out)
    else:
        config = stage2.Stage2Config(steps=1, batch=18, pairs=2, mixed=False)
        stage2.train(network, main, twins, main, config, out, anchor=anchor)
    found = {f"grad {name}": p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}
    found |= {f"norm {name}": b.clone() for name, b in network.named_buffers() if "running" in name}
    return found


if __name__ == "__main__":
    stage, shards, out = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    distributed.begin()
    found = one_step(stage, shards, out)
    torch.save(found, out / f"rank {torch.distributed.get_rank()}.pt")
    distributed.end()
