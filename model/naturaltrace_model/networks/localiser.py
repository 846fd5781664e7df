"""The localiser: a whole picture of page size in, one logit for each 16 × 16 pixels out.

It shares nothing with the detector, whose crops see too little of a picture. What is looked for is not how generated
pixels look but what differs from the rest of the same picture: its mean and spread are handed to every place.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_FLOOR = 0.005  # below rounding noise no residual says anything


@dataclass(frozen=True, slots=True)
class LocaliserConfig:
    """How many filters look at the picture's own pixels and how many at half size; `width` of all that follows, in
    blocks of these dilations."""

    filters: tuple[int, int] = (32, 16)
    width: int = 64
    dilations: tuple[int, ...] = (1, 2, 4, 1)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "LocaliserConfig":
        native, halved = (int(n) for n in data["filters"])
        return LocaliserConfig((native, halved), int(data["width"]), tuple(int(d) for d in data["dilations"]))


class Localiser(nn.Module):
    """Pictures to logits; > 0: rather generated than not."""

    def __init__(self, config: LocaliserConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or LocaliserConfig()
        self.native, self.halved = _Strengths(config.filters[0], 4), _Strengths(config.filters[1], 2)
        measures = sum(config.filters) + 3
        self.usual = nn.BatchNorm2d(measures, affine=False)
        self.cells = nn.Sequential(*_convolution(measures, config.width, 2, 2, 1))
        self.blocks = nn.ModuleList(_Block(config.width, dilation) for dilation in config.dilations)
        self.compare = nn.ModuleList(_Compare(config.width) for _ in range(2))
        self.logit = nn.Conv2d(config.width, 1, 1)

    def measure(self, pictures: Tensor) -> Tensor:
        """uint8 (B, H, W, 3), sides multiples of 16, to what is measured of each 8 × 8 pixels, (B, M, H / 8, W / 8)."""
        x = pictures.permute(0, 3, 1, 2).float() / 64 - 2
        half = F.avg_pool2d(x, 2)
        return torch.cat([self.native(x), self.halved(half), F.avg_pool2d(half, 4)], dim=1)

    def judge(self, measures: Tensor) -> Tensor:
        """What `measure` gave to logits (B, h / 2, w / 2)."""
        x = self.cells(self.usual(measures))
        middle = len(self.blocks) // 2
        for i, block in enumerate(self.blocks):
            if i == middle:
                x = self.compare[0](x)
            x = block(x)
        return self.logit(self.compare[1](x)).squeeze(1)

    def forward(self, pictures: Tensor) -> Tensor:
        """uint8 (B, H, W, 3), sides multiples of 16, to (B, H / 16, W / 16)."""
        return self.judge(self.measure(pictures))


class _Strengths(nn.Module):
    """How strong each of some cosine patterns is around each place, in logarithms, eight pixels of the picture apart.

    They answer to nothing even, so that what is left is texture and noise. What a decoder changes is how strong they
    are beside one another; in logarithms that is a difference, which the next layers can take. Nothing here is learned:
    filters that had to be found were not found in the time there was, and without that training costs a sixth.
    """

    weight: Tensor

    def __init__(self, filters: int, pool: int) -> None:
        super().__init__()
        self.register_buffer("weight", _patterns(filters), persistent=False)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(F.conv2d(x, self.weight, stride=2, padding=2))
        return torch.log(F.avg_pool2d(x, self.pool).float() + _FLOOR) + 3


class _Block(nn.Module):
    """A look around, added to what came in."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.inside = nn.Sequential(*_convolution(width, width, 3, 1, dilation))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inside(x)


class _Compare(nn.Module):
    """Each place beside its picture's mean, in the picture's own deviations."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.own = nn.Conv2d(width, width, 1, bias=False)
        self.apart = nn.Conv2d(width, width, 1)
        self.whole = nn.Conv2d(2 * width, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()
        mean = x.mean((2, 3), keepdim=True)
        apart = x - mean
        deviation = (apart.square().mean((2, 3), keepdim=True) + 1e-3).sqrt()
        seen = self.whole(torch.cat([mean, deviation], dim=1))
        return F.relu(self.own(x) + self.apart(apart / deviation) + seen)


def _convolution(of: int, to: int, side: int, stride: int, dilation: int) -> tuple[nn.Module, ...]:
    padding = (side - stride + 1) // 2 * dilation
    inside = nn.Conv2d(of, to, side, stride, padding, dilation, bias=False)
    return inside, nn.BatchNorm2d(to), nn.ReLU(inplace=True)


def _patterns(count: int) -> Tensor:
    """Cosine patterns (count, 3, 5, 5) of unit strength, from fine to coarse: three in four of the luma, the rest of
    colour."""
    k = torch.arange(5)
    basis = torch.cos(torch.pi * (2 * k[None] + 1) * k[:, None] / 10)
    order = sorted(((i, j) for i in range(5) for j in range(5) if i + j), key=lambda ij: -ij[0] - ij[1])
    colours = torch.tensor([[0.3, 0.6, 0.1], [0.3, 0.6, 0.1], [0.3, 0.6, 0.1], [0.5, -0.5, 0.1]])
    picked = [order[n * len(order) // count] for n in range(count)]
    drawn = torch.stack(
        [colours[n % 4][:, None, None] * torch.outer(basis[i], basis[j]) for n, (i, j) in enumerate(picked)]
    )
    drawn = drawn - drawn.mean((2, 3), keepdim=True)
    return drawn / drawn.square().sum((1, 2, 3), keepdim=True).sqrt()
