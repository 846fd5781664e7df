"""Texture statistics: what the encoder's maps are like on the whole, wherever in the picture it is.

Per tap the mean and deviation of each channel, and the correlations between channels (Gatys et al.'s description of
texture; Gram-Net used it on faces). Correlations are taken among at most `RANK` directions of a tap's channels, and of
the first taps only: the deeper ones have few places to count them over.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

RANK = 48
EPSILON = 1e-3  # under every root
LEAST_DEVIATION = 1e-2  # added to what a channel is divided by: a flat one stays small


class TextureStatistics(nn.Module):
    """Maps of the encoder's taps to one vector per picture, and back to places. `correlated`: of how many taps."""

    def __init__(self, channels: tuple[int, ...], correlated: int) -> None:
        super().__init__()
        self.channels = channels
        self.ranks = tuple(min(c, RANK) if tap < correlated else 0 for tap, c in enumerate(channels))
        for i, (c, r) in enumerate(zip(channels, self.ranks, strict=True)):
            self.register_buffer(f"directions{i}", torch.eye(c)[:r])

    @property
    def size(self) -> int:
        """Values in one vector."""
        return sum(2 * c + r * (r - 1) // 2 for c, r in zip(self.channels, self.ranks, strict=True))

    def directions(self, tap: int) -> Tensor:
        """(rank, C): along which correlations of this tap are taken."""
        return getattr(self, f"directions{tap}")

    def set_directions(self, tap: int, directions: Tensor) -> None:
        self.directions(tap).copy_(directions)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """One (B, C, h, w) per tap to (B, size)."""
        parts: list[Tensor] = []
        for tap, x in enumerate(maps):
            flat = x.float().flatten(2)
            mean, deviation = _moments(flat)
            parts += [mean.squeeze(2), deviation.squeeze(2)]
            if self.ranks[tap]:
                z = self._standard(tap, flat)
                correlation = z @ z.transpose(1, 2) / z.shape[2]
                parts.append(correlation.flatten(1)[:, self._upper(tap, x.device)])
        return torch.cat(parts, dim=1)

    def places(self, maps: list[Tensor], weights: Tensor) -> Tensor:
        """How much each place adds to `forward(maps) @ weights`: (B, h, w) at the coarsest correlated tap's resolution.

        Mean, deviation and correlation are all means over places, so the parts sum up exactly: the mean of what is
        returned is that product. `weights` (size,).
        """
        size = self.grid(maps)
        total = maps[0].new_zeros((maps[0].shape[0], *size), dtype=torch.float32)
        start = 0
        for tap, x in enumerate(maps):
            c, r = self.channels[tap], self.ranks[tap]
            flat = x.float().flatten(2)
            mean, deviation = _moments(flat)
            own, start = weights[start : start + 2 * c + r * (r - 1) // 2], start + 2 * c + r * (r - 1) // 2
            spread = ((flat - mean).square() + EPSILON**2) / deviation
            parts = (own[:c, None] * flat).sum(1) + (own[c : 2 * c, None] * spread).sum(1)
            if r:
                z = self._standard(tap, flat)
                pairs = own.new_zeros(r * r)
                pairs = pairs.index_copy(0, self._upper(tap, x.device), own[2 * c :]).view(r, r)
                parts = parts + (z * (pairs @ z)).sum(1)
            total = total + at_grid(parts.view(x.shape[0], 1, *x.shape[2:]), size).squeeze(1)
        return total

    def grid(self, maps: list[Tensor]) -> tuple[int, int]:
        """Height and width of what `places` gives."""
        coarsest = max((tap for tap, rank in enumerate(self.ranks) if rank), default=len(self.ranks) - 1)
        height, width = maps[coarsest].shape[2:]
        return height, width

    def _standard(self, tap: int, flat: Tensor) -> Tensor:
        y = self.directions(tap) @ flat
        mean, deviation = _moments(y)
        return (y - mean) / (deviation + LEAST_DEVIATION)

    def _upper(self, tap: int, device: torch.device) -> Tensor:
        rank = self.ranks[tap]
        rows, columns = torch.triu_indices(rank, rank, 1)
        return (rows * rank + columns).to(device)


def at_grid(place: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, 1, h, w) with the same mean at another size: means of whole blocks, or each place repeated."""
    factor = place.shape[2] // size[0]
    if factor > 1:
        return F.avg_pool2d(place, factor)
    return F.interpolate(place, size=size, mode="nearest") if place.shape[2] < size[0] else place


def _moments(flat: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation over places, (B, C, 1) each."""
    mean = flat.mean(2, keepdim=True)
    return mean, ((flat - mean).square().mean(2, keepdim=True) + EPSILON**2).sqrt()
