"""Spherical k-means over the homogeneous embeddings of real crops; its centres are the natural traces."""

import torch
from torch import Tensor
from torch.nn import functional as F


def spherical_kmeans(z: Tensor, count: int, *, seed: int, rounds: int = 30) -> Tensor:
    """`count` unit-length centres (K, E) of unit-length `z` (N, E), N >= K; the same seed gives the same centres."""
    if len(z) < count:
        raise ValueError(f"{len(z)} embeddings cannot give {count} prototypes")
    generator = torch.Generator().manual_seed(seed)
    centres = _spread_start(z, count, generator)
    for _ in range(rounds):
        nearest = (z @ centres.T).argmax(1)
        sums = torch.zeros_like(centres).index_add_(0, nearest, z)
        empty = torch.bincount(nearest, minlength=count) == 0
        if bool(empty.any()):
            # An orphaned centre starts again at the embedding that is worst served.
            worst = (z * centres[nearest]).sum(1).argsort()[: int(empty.sum())]
            sums[empty] = z[worst]
        moved = F.normalize(sums, dim=1)
        if torch.allclose(moved, centres, atol=1e-5):
            break
        centres = moved
    return centres


def stratified(strata: Tensor, per_stratum: int, *, seed: int) -> Tensor:
    """Indices of at most `per_stratum` items of each stratum (N,), so that no large source makes all the centres."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(strata), generator=generator)
    taken: list[Tensor] = []
    for stratum in torch.unique(strata):
        taken.append(order[strata[order] == stratum][:per_stratum])
    return torch.cat(taken)


def nearness(z: Tensor, prototypes: Tensor, temperature: float) -> Tensor:
    """Soft maximum of the cosine to the prototypes (K, E): tau · log mean exp(cos / tau); (B, E) to (B,), at most 1."""
    cosines = z @ prototypes.T
    shift = torch.log(torch.tensor(float(len(prototypes))))
    return temperature * (torch.logsumexp(cosines / temperature, dim=1) - shift)


def _spread_start(z: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """k-means++ on the sphere: each next centre drawn by its squared distance to those already there."""
    centres = [z[int(torch.randint(len(z), (1,), generator=generator))]]
    for _ in range(count - 1):
        distance = (1 - (z @ torch.stack(centres).T).max(1).values).clamp_min(0).square() + 1e-12
        centres.append(z[int(torch.multinomial(distance, 1, generator=generator))])
    return torch.stack(centres)
