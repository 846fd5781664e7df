"""Texture statistics: what the encoder's maps are like on the whole, wherever in the picture it is.

Per tap the mean and deviation of each channel over all places: the "style" of Huang and Belongie's AdaIN, which is what
is left of Gatys et al.'s description of texture without the correlations between channels. Those made a linear
judgement better and one with a bend worse (docs/decisions/0013).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-3  # under every root
_COARSER = 8  # by which a place of the map is wider than one of the first tap's


class TextureStatistics(nn.Module):
    """Maps of the encoder's taps to one vector per picture, and back to places."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.channels = channels

    @property
    def size(self) -> int:
        """Values in one vector."""
        return 2 * sum(self.channels)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """One (B, C, h, w) per tap to (B, size): of each tap the means, then the deviations."""
        return torch.cat([part.squeeze(2) for x in maps for part in _moments(x.float().flatten(2))], dim=1)

    def places(self, maps: list[Tensor], weights: Tensor) -> Tensor:
        """How much each place adds to `forward(maps) @ weights`: (B, h, w), an eighth of the first tap's size.

        Mean and deviation are both means over places, so the parts sum up exactly: the mean of what is returned is that
        product. `weights` (size,).
        """
        size = (maps[0].shape[2] // _COARSER, maps[0].shape[3] // _COARSER)
        total = maps[0].new_zeros((maps[0].shape[0], *size), dtype=torch.float32)
        start = 0
        for c, x in zip(self.channels, maps, strict=True):
            of_mean, of_deviation = weights[start : start + c, None], weights[start + c : start + 2 * c, None]
            start += 2 * c
            flat = x.float().flatten(2)
            mean, deviation = _moments(flat)
            spread = ((flat - mean).square() + EPSILON**2) / deviation
            place = (of_mean * flat + of_deviation * spread).sum(1)
            total = total + _at(place.view(-1, 1, *x.shape[2:]), size).squeeze(1)
        return total


def _at(place: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, 1, h, w) with the same mean at another size: means of whole blocks, or each place repeated."""
    factor = place.shape[2] // size[0]
    if factor > 1:
        return F.avg_pool2d(place, factor)
    return F.interpolate(place, size=size, mode="nearest") if place.shape[2] < size[0] else place


def _moments(flat: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation over places, (B, C, 1) each."""
    mean = flat.mean(2, keepdim=True)
    return mean, ((flat - mean).square().mean(2, keepdim=True) + EPSILON**2).sqrt()
