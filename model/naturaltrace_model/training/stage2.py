"""Stage 2: real against generated, with the natural traces as the measure."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.losses.soft_contrastive import soft_contrastive
from naturaltrace_model.networks.trace_net import TraceNet
from naturaltrace_model.training import checkpoint, distributed
from naturaltrace_model.training.batches import Mix, Shard, balanced_batches
from naturaltrace_model.training.loop import Loop, LoopConfig


@dataclass(frozen=True, slots=True)
class Stage2Config:
    steps: int = 2400
    batch: int = 128
    pairs: int = 16
    learning_rate: float = 2e-3
    smoothing: float = 0.05
    contrast: float = 0.3
    keep: float = 0.2  # pull towards stage 1's homogeneous embedding on real crops
    family: float = 0.2
    quality: float = 0.2
    seed: int = 0
    mixed: bool = True  # bfloat16 where that is safe


def train(
    network: TraceNet,
    main: Shard,
    twins: Shard | None,
    validation: Shard,
    config: Stage2Config,
    out: Path,
    *,
    anchor: TraceNet | None = None,
    start: int = 0,
) -> TraceNet:
    """Train and return the averaged network; writes `out/stage2.pt` at each validation, and a CSV log.

    `anchor` is the network as stage 1 left it; without it nothing is kept and the soft contrastive loss is left out
    (the ablation "without stage 1").
    """
    device = next(network.parameters()).device
    batches = balanced_batches(main, twins, Mix(config.batch, config.pairs), config.seed + start)
    prototypes = network.prototypes.clone()
    forward = distributed.shared(network)

    def step() -> dict[str, Tensor]:
        batch = next(batches).to(device)
        result = forward(batch.crops)
        target = batch.label * (1 - config.smoothing) + config.smoothing / 2
        parts = {
            "bce": F.binary_cross_entropy_with_logits(result.logit, target),
            "family": config.family * F.cross_entropy(result.family, batch.family),
            "quality": config.quality * F.mse_loss(result.quality, batch.quality),
        }
        if anchor is not None:
            if config.contrast:
                parts["scl"] = config.contrast * soft_contrastive(
                    result.z_hom, batch.label, batch.family, batch.region, prototypes
                )
            if config.keep:
                real = (batch.label < 0.5).nonzero().squeeze(1)[:24]
                with torch.no_grad():
                    before = anchor(batch.crops[real]).z_hom
                parts["keep"] = config.keep * (1 - (result.z_hom[real] * before).sum(1).mean())
        return parts

    loop = Loop(
        network, LoopConfig(config.steps, config.learning_rate, start=start, mixed=config.mixed), out / "stage2.csv"
    )

    def after(number: int) -> dict[str, float]:
        average = loop.average.network
        checkpoint.save(out / "stage2.pt", average, network.config, number)
        return validate(average, validation)

    loop.run(step, after)
    return loop.average.network


@torch.no_grad()
def validate(network: TraceNet, shard: Shard, most: int = 4000, batch: int = 128) -> dict[str, float]:
    """Crop AUC of the linear logit and of the proximity on a shard of sources that training never sees."""
    device = next(network.parameters()).device
    rows = torch.linspace(0, len(shard) - 1, steps=min(most, len(shard))).long()
    found: list[tuple[Any, Any]] = []
    with torch.autocast(device.type, torch.bfloat16):
        for chunk in rows.split(batch):
            result = network(torch.from_numpy(shard.crops[chunk.numpy()]).to(device))
            found.append((result.logit.cpu(), result.proximity.float().cpu()))
    labels = shard.label[rows.numpy()]
    logit = torch.cat([f[0] for f in found]).numpy()
    proximity = torch.cat([f[1] for f in found]).numpy()
    return {"auc_logit": round(auc(labels, logit), 4), "auc_proximity": round(auc(labels, -proximity), 4)}
