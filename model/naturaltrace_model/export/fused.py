"""The texture statistics and their map in as few passes over the encoder's maps as will do, for the exported graph.

`networks.texture` says what they are, in the order in which one thinks of them, and walks over each map some fifteen
times. All of it follows from the channels' means and one matrix of covariances per tap: deviations lie on its diagonal,
correlations along directions D are D C Dᵗ, scaled. And what a place adds to a head is a quadratic form of its channels.
Same figures but for rounding (`tests/model/test_fused.py`).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from naturaltrace_model.networks.branches import TraceHeads, ViewHeads
from naturaltrace_model.networks.texture import EPSILON, LEAST_DEVIATION, TextureStatistics, at_grid


@dataclass(frozen=True, slots=True)
class _Tap:
    """One tap of a batch. `centred` (B, C, n) less its `mean` (B, C); `deviation` (B, C); of a correlated tap `unit`
    (B, r, C): directions that give deviation 1, and `correlation` (B, r, r)."""

    centred: Tensor
    mean: Tensor
    deviation: Tensor
    unit: Tensor | None = None
    correlation: Tensor | None = None

    def statistics(self) -> list[Tensor]:
        """Mean, deviation, and correlations of all pairs of directions."""
        if self.correlation is None:
            return [self.mean, self.deviation]
        pairs = self.correlation.flatten(1).index_select(1, _upper(self.correlation.shape[1]))
        return [self.mean, self.deviation, pairs]


class FusedStatistics:
    """Of one batch of maps. `statistics` (B, size) as `TextureStatistics.forward` gives them."""

    def __init__(self, texture: TextureStatistics, maps: list[Tensor]) -> None:
        self._texture, self._maps = texture, maps
        self._taps = [self._tap(i, x) for i, x in enumerate(maps)]
        self.statistics = torch.cat([part for tap in self._taps for part in tap.statistics()], dim=1)

    def places(self, head: TraceHeads | ViewHeads) -> Tensor:
        """As `NaturalTraceDetector.places`: (B, h, w)."""
        weights = head.head_logit.weight[0] / head.standard.deviation
        total = head.head_logit.bias - (weights * head.standard.mean).sum()
        size = self._texture.grid(self._maps)
        start = 0
        for i, (tap, x) in enumerate(zip(self._taps, self._maps, strict=True)):
            c, r = self._texture.channels[i], self._texture.ranks[i]
            own, start = weights[start : start + 2 * c + r * (r - 1) // 2], start + 2 * c + r * (r - 1) // 2
            by_deviation = own[c : 2 * c] / tap.deviation
            fixed = (own[:c] * tap.mean + by_deviation * EPSILON**2).sum(1)
            if tap.unit is None:
                place = (tap.centred * (tap.centred * by_deviation[:, :, None] + own[:c, None])).sum(1)
            else:
                pairs = torch.zeros(r * r).index_copy(0, _upper(r), own[2 * c :]).view(r, r)
                form = tap.unit.transpose(1, 2) @ (pairs @ tap.unit) + torch.diag_embed(by_deviation)
                place = (tap.centred * (form @ tap.centred + own[:c, None])).sum(1)
            total = total + at_grid((place + fixed[:, None]).view(-1, 1, *x.shape[2:]), size)
        return total.view(-1, *size)

    def _tap(self, tap: int, x: Tensor) -> _Tap:
        flat = x.flatten(2)
        mean = flat.mean(2, keepdim=True)
        centred = flat - mean
        if not self._texture.ranks[tap]:
            deviation = (centred.square().mean(2) + EPSILON**2).sqrt()
            return _Tap(centred, mean.squeeze(2), deviation)
        covariance = centred @ centred.transpose(1, 2) / flat.shape[2]
        directions = self._texture.directions(tap)
        along = directions @ covariance @ directions.transpose(0, 1)
        unit = 1 / ((_diagonal(along) + EPSILON**2).sqrt() + LEAST_DEVIATION)
        correlation = along * unit[:, :, None] * unit[:, None, :]
        deviation = (_diagonal(covariance) + EPSILON**2).sqrt()
        return _Tap(centred, mean.squeeze(2), deviation, directions * unit[:, :, None], correlation)


def _diagonal(square: Tensor) -> Tensor:
    """(B, k, k) to (B, k)."""
    size = square.shape[2]
    return square.flatten(1).index_select(1, torch.arange(size) * (size + 1))


def _upper(rank: int) -> Tensor:
    rows, columns = torch.triu_indices(rank, rank, 1)
    return rows * rank + columns
