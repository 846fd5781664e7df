"""Stage 1: what real images share, learned from real images (and, as an option, from what they are not)."""

import torch
from torch import Tensor
from torch.nn import functional as F


def instance_discrimination(z: Tensor, other: Tensor, temperature: float = 0.1) -> Tensor:
    """NT-Xent on the heterogeneous embeddings of two crops of each image: (B, E), (B, E), unit length, to a scalar."""
    both = torch.cat([z, other])
    similarity = both @ both.T / temperature
    similarity.fill_diagonal_(-1e4)
    count = z.shape[0]
    partner = torch.arange(2 * count, device=z.device).roll(count)
    return F.cross_entropy(similarity, partner)


def agreement(z: Tensor, centres: Tensor, bins: Tensor) -> Tensor:
    """1 - cosine of each homogeneous embedding (B, E) to the moving centre (Q, E) of its quality bin (B,)."""
    return 1.0 - (z * centres[bins]).sum(1).mean()


def repulsion(z: Tensor, centres: Tensor, bins: Tensor, margin: float = 0.3, temperature: float = 0.1) -> Tensor:
    """Keeps views that no camera made (reconstructions of real crops) away from the centres; a scalar."""
    return F.softplus(((z * centres[bins]).sum(1) - margin) / temperature).mean()


def decorrelation(z_hom: Tensor, z_het: Tensor) -> Tensor:
    """Squared cross-correlation of the two heads over the batch, a scalar: what one says the other should not."""
    a = (z_hom - z_hom.mean(0)) / (z_hom.std(0) + 1e-4)
    b = (z_het - z_het.mean(0)) / (z_het.std(0) + 1e-4)
    correlation = a.T @ b / z_hom.shape[0]
    return correlation.square().mean()


def spread(z: Tensor) -> Tensor:
    """Variance floor on the homogeneous head (VICReg's hinge), a scalar: agreement alone has a constant solution."""
    return F.relu(1.0 / z.shape[1] ** 0.5 * 0.5 - z.std(0)).mean() * z.shape[1] ** 0.5
