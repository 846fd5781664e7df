"""Stage 1: natural traces, from real images only (reconstructions serve merely as what a camera does not make)."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from naturaltrace_model.losses import traces as losses
from naturaltrace_model.networks.trace_net import TraceNet
from naturaltrace_model.traces.prototypes import spherical_kmeans, stratified
from naturaltrace_model.training import checkpoint, distributed
from naturaltrace_model.training.batches import Shard, random_crops, real_pairs
from naturaltrace_model.training.loop import Loop, LoopConfig

QUALITY_EDGES = (0.55, 0.75, 0.9)  # last encoding's quality; four bins, each with a centre of its own


@dataclass(frozen=True, slots=True)
class Stage1Config:
    steps: int = 400
    pairs: int = 48  # real regions per step, two crops each
    negatives: int = 24  # reconstructions per step; 0 is the paper's real-only setting
    learning_rate: float = 2e-3
    seed: int = 0
    mixed: bool = True  # bfloat16 where that is safe


def train(network: TraceNet, main: Shard, twins: Shard | None, config: Stage1Config, out: Path) -> None:
    """Train both heads, then put the natural traces into `network.prototypes`; writes `out/stage1.pt` and a CSV log."""
    device = next(network.parameters()).device
    batches = real_pairs(main, config.pairs, config.seed)
    strange = random_crops(twins, config.negatives, config.seed + 1) if twins is not None and config.negatives else None
    forward = distributed.shared(network)
    # Of its own: what dropout draws depends on how many processes there are.
    draws = torch.Generator().manual_seed(config.seed)
    centres = torch.randn(len(QUALITY_EDGES) + 1, network.config.embedding, generator=draws)
    centres = F.normalize(centres, dim=1).to(device)

    def step() -> dict[str, Tensor]:
        first, second = (b.to(device) for b in next(batches))
        crops = [first.crops, second.crops]
        if strange is not None:
            crops.append(next(strange).crops.to(device))
        out = forward(torch.cat(crops))
        n = config.pairs
        bins = quality_bins(torch.cat([first.quality, second.quality])[:, 0])
        real = out.z_hom[: 2 * n]
        move_centres(centres, real.detach(), bins)
        parts = {
            "het": losses.instance_discrimination(out.z_het[:n], out.z_het[n : 2 * n]),
            "hom": losses.agreement(real, centres, bins),
            "dec": 0.1 * losses.decorrelation(real, out.z_het[: 2 * n]),
            "spread": 0.2 * losses.spread(real),
            "quality": 0.5 * F.mse_loss(out.quality[: 2 * n], torch.cat([first.quality, second.quality])),
        }
        if strange is not None:
            rebuilt = out.z_hom[2 * n :]
            which = torch.randint(len(centres), (len(rebuilt),), generator=draws).to(device)
            parts["neg"] = 0.5 * losses.repulsion(rebuilt, centres, which)
        return parts

    loop = Loop(network, LoopConfig(config.steps, config.learning_rate, mixed=config.mixed), out / "stage1.csv")
    loop.run(step)
    network.prototypes.copy_(find_prototypes(loop.average.network, main, config.seed).to(device))
    checkpoint.save(out / "stage1.pt", network, network.config, config.steps)


def quality_bins(quality: Tensor) -> Tensor:
    """The bin (B,) of each last-encoding quality (B,), 0..1."""
    return torch.bucketize(quality.contiguous(), torch.tensor(QUALITY_EDGES, device=quality.device))


@torch.no_grad()
def find_prototypes(network: TraceNet, main: Shard, seed: int, per_stratum: int = 60, batch: int = 128) -> Tensor:
    """The natural traces (K, E): k-means over real crops, alike many from each source and quality bin."""
    real = torch.from_numpy(main.label == 0).nonzero().squeeze(1)
    bins = quality_bins(torch.from_numpy(main.quality)[real])
    strata = torch.from_numpy(main.source)[real] * 8 + bins
    rows = real[stratified(strata, per_stratum, seed=seed)]
    device = next(network.parameters()).device
    found = [
        network(torch.from_numpy(main.crops[chunk.numpy()]).to(device)).z_hom.cpu()
        for chunk in rows[: 60 * batch].split(batch)
    ]
    return spherical_kmeans(torch.cat(found), network.config.prototypes, seed=seed)


@torch.no_grad()
def move_centres(centres: Tensor, z: Tensor, bins: Tensor, momentum: float = 0.95) -> None:
    """Each quality bin's centre (Q, E) a little towards the mean of its embeddings `z` (B, E), in place."""
    for q in torch.unique(bins):
        mean = z[bins == q].mean(0)
        centres[q] = F.normalize(centres[q] * momentum + mean * (1 - momentum), dim=0)
