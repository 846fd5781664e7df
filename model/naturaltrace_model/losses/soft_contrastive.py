"""Stage 2: supervised contrast in which the natural traces take part.

For a real anchor the frozen prototypes are further positives, weighted by how near it is to each (the soft target);
for a generated anchor they are further negatives. Generated images attract each other only inside their generator
family: forcing every generator into one cluster would flatten the space.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def soft_contrastive(
    z: Tensor,
    labels: Tensor,
    families: Tensor,
    regions: Tensor,
    prototypes: Tensor,
    *,
    temperature: float = 0.1,
    margin: float = 0.2,
    target_temperature: float = 0.05,
    twin_weight: float = 2.0,
) -> Tensor:
    """Mean loss over the batch, a scalar.

    `z` (B, E) unit length; `labels` (B,) 1 = generated; `families` (B,); `regions` (B,): a reconstruction carries the
    region number of its real twin, and such a pair repels `twin_weight` times as hard; `prototypes` (K, E) frozen.
    """
    real = labels < 0.5
    similarity = z @ z.T / temperature
    to_traces = z @ prototypes.T / temperature
    itself = torch.eye(len(z), dtype=torch.bool, device=z.device)
    pairs = similarity.masked_fill(itself, -1e4)

    positives = (families[:, None] == families[None, :]) & ~itself
    log_share = pairs - torch.logsumexp(pairs, dim=1, keepdim=True)
    has_positive = positives.any(1)
    attraction = -(log_share * positives).sum(1) / positives.sum(1).clamp_min(1)
    loss = attraction[has_positive].sum() / len(z)

    if bool(real.any()) and bool((~real).any()):
        own = to_traces[real]
        target = F.softmax(own.detach() * (temperature / target_temperature), dim=1)
        twins = regions[real][:, None] == regions[~real][None, :]
        against = similarity[real][:, ~real] + torch.log(torch.where(twins, twin_weight, 1.0))
        denominator = torch.logsumexp(torch.cat([own, against], dim=1), dim=1, keepdim=True)
        loss = loss - (target * (own - denominator)).sum() / len(z)
        pushed = torch.logsumexp(to_traces[~real] - margin / temperature, dim=1)
        loss = loss + F.softplus(pushed).sum() / len(z)
    return loss
