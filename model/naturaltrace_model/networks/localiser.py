"""The localiser: a whole picture of page size in, one logit for each 16 × 16 pixels out.

It shares nothing with the detector, whose crops see too little of a picture. What is looked for is not how generated
pixels look but what differs from the rest of the same picture: its mean and spread are handed to every place.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_FLOOR = 0.005  # below rounding noise no residual says anything
_CELL = 16  # pixels of what is judged
_BLOCK = 8  # pixels of JPEG's blocks
_ROUNDED = 0.75  # half of one of 255 steps of luma, in a plane of unit length: smaller ones are lost to rounding
# JPEG's luma, and two differences of colours: each of unit length, so that patterns are as strong in all of them.
_PLANES = ((0.299, 0.587, 0.114), (0.5, -0.5, 0.1), (-0.25, -0.25, 0.5))


@dataclass(frozen=True, slots=True)
class LocaliserConfig:
    """How many filters look at luma, at differences of colours (half of them at each), and at half the size, of which a
    quarter look at colour; how many coefficients of JPEG's transform are looked at, coarse ones first, of luma and of
    each difference of colours at half size; `width` of all that follows, in blocks of these dilations."""

    filters: tuple[int, int, int] = (16, 16, 16)
    coefficients: tuple[int, int] = (63, 15)
    width: int = 64
    dilations: tuple[int, ...] = (1, 2, 4, 1)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "LocaliserConfig":
        native, coloured, halved = (int(n) for n in data["filters"])
        luma, colours = (int(n) for n in data["coefficients"])
        dilations = tuple(int(d) for d in data["dilations"])
        return LocaliserConfig((native, coloured, halved), (luma, colours), int(data["width"]), dilations)

    @property
    def measures(self) -> int:
        """How many are taken of each 16 × 16 pixels."""
        return sum(self.filters) + self.coefficients[0] + 2 * self.coefficients[1] + len(_PLANES)


class Localiser(nn.Module):
    """Pictures to logits; > 0: rather generated than not."""

    luma: Tensor
    halves: Tensor

    def __init__(self, config: LocaliserConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or LocaliserConfig()
        planes = _unit(torch.tensor(_PLANES))
        # Over rows of pixels as they lie in memory, red, green, blue in turn: nothing has to be laid out anew. Sixteen
        # pixels at once, for a product with a single column is slow.
        self.register_buffer("luma", torch.kron(torch.eye(_CELL), planes[0, :, None]), persistent=False)
        self.register_buffer("halves", (planes / 4).repeat(1, 2)[:, None, None].repeat(1, 1, 2, 1), persistent=False)
        (native, coloured, halved), (of_luma, of_colours) = config.filters, config.coefficients
        self.native = _Strengths(_patterns(native)[:, None], (2, 4), (8, 4))
        seen = _patterns(coloured // 2, 2)
        both = torch.cat([(seen[..., None] * plane).flatten(2) for plane in planes[1:]])
        self.coloured = _Strengths(both[:, None], (4, 12), (4, 4))
        of_colour = [int(n >= halved - halved // 4) for n in range(halved)]
        self.halved = _Strengths(_on_planes(_patterns(halved), of_colour), (2, 4), (4, 2))
        self.coefficients = _OfLuma(_coefficients(of_luma)[:, None])
        of_both = _coefficients(of_colours).repeat(2, 1, 1)
        self.colours = _Coefficients(_on_planes(of_both, [1 + n // of_colours for n in range(2 * of_colours)]))
        self.usual = nn.BatchNorm2d(config.measures, affine=False)
        self.cells = nn.Sequential(*_convolution(config.measures, config.width, 1, 1))
        self.blocks = nn.ModuleList(_Block(config.width, dilation) for dilation in config.dilations)
        self.compare = nn.ModuleList(_Compare(config.width) for _ in range(2))
        self.logit = nn.Conv2d(config.width, 1, 1)

    def measure(self, pictures: Tensor) -> Tensor:
        """uint8 (B, H, W, 3), sides multiples of 16, to what is measured of each 16 × 16 pixels, (B, M, H / 16,
        W / 16)."""
        many, height, width, _ = pictures.shape
        rows = (pictures.float() / 64 - 2).reshape(many, 1, height, 3 * width)
        luma = (rows.reshape(many, height, -1, 3 * _CELL) @ self.luma).reshape(many, 1, height, width)
        half = F.conv2d(rows, self.halves, stride=(2, 6))
        strong = torch.cat([self.native(luma), self.coloured(rows), self.halved(half)], dim=1)
        means = F.avg_pool2d(half, _CELL // 2)
        return torch.cat([torch.log(strong + _FLOOR), means, self.coefficients(luma), self.colours(half)], dim=1)

    def judge(self, measures: Tensor) -> Tensor:
        """What `measure` gave to logits (B, h, w)."""
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
    """How strong each of some cosine patterns is in each cell.

    They answer to nothing even, so that what is left is texture and noise. What a decoder changes is how strong they
    are beside one another; in logarithms that is a difference, which the next layers can take. 16 or 32 places of a
    cell, `stride` apart, say it as well as all. Nothing here is learned: filters that had to be found were not found in
    the time there was, and without that training costs a sixth.
    """

    weight: Tensor

    def __init__(self, weight: Tensor, stride: tuple[int, int], pool: tuple[int, int]) -> None:
        super().__init__()
        self.register_buffer("weight", weight, persistent=False)
        self.stride, self.pool = stride, pool
        self.padding = (2, 2 * (weight.shape[3] // 5))  # patterns are five pixels wide, of one number each or of three

    def forward(self, planes: Tensor) -> Tensor:
        strong = F.relu(F.conv2d(planes, self.weight, stride=self.stride, padding=self.padding))
        return F.avg_pool2d(strong, self.pool)


class _Coefficients(nn.Module):
    """How large JPEG's coefficients are in each of its blocks, in logarithms.

    Compression leaves of a place which of them are zero, and a fill that a decoder smoothed has others that are. Only
    on JPEG's own grid does that show, so pictures that were scaled afterwards have it no longer.
    """

    weight: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight, persistent=False)

    def forward(self, planes: Tensor) -> Tensor:
        return torch.log(self.sizes(planes, _BLOCK))

    def sizes(self, planes: Tensor, stride: int, padding: tuple[int, int] = (0, 0)) -> Tensor:
        return F.conv2d(planes, self.weight, stride=stride, padding=padding).abs() + _ROUNDED / 64


class _OfLuma(_Coefficients):
    """The same, in the mean over the four blocks of a cell.

    That mean is the logarithm of a product, so one logarithm is taken where four were: they are the dearest step.
    """

    def forward(self, planes: Tensor) -> Tensor:
        found: list[Tensor] = []
        for y in (0, _BLOCK):
            for x in (0, _BLOCK):
                # Padding by a block shifts the grid by one; the first row or column holds nothing then.
                found.append(self.sizes(planes, _CELL, (y, x))[:, :, y // _BLOCK :, x // _BLOCK :])
        first, right, below, across = found
        return torch.log(first * right * (below * across))


class _Block(nn.Module):
    """A look around, added to what came in."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.inside = nn.Sequential(*_convolution(width, width, 3, dilation))

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
        flat = x.float().flatten(2)
        mean = flat.mean(2, keepdim=True)
        deviation = ((flat * flat).mean(2, keepdim=True) - mean * mean + 1e-3).sqrt()
        own, apart, whole = (each.weight.flatten(1) for each in (self.own, self.apart, self.whole))
        assert self.apart.bias is not None
        # All three as one product, with weights of the picture's own: passing over the picture is what costs.
        scaled = apart / deviation.transpose(1, 2)
        shift = whole @ torch.cat([mean, deviation], dim=1) - scaled @ mean + self.apart.bias[:, None]
        return F.relu((own + scaled) @ flat + shift).reshape(x.shape)


def _convolution(of: int, to: int, side: int, dilation: int = 1) -> tuple[nn.Module, ...]:
    inside = nn.Conv2d(of, to, side, 1, side // 2 * dilation, dilation, bias=False)
    return inside, nn.BatchNorm2d(to), nn.ReLU(inplace=True)


def _patterns(count: int, skipped: int = 0) -> Tensor:
    """Cosine patterns (count, 5, 5) of unit strength, from fine to coarse, the finest `skipped` left out; every fourth
    of them comes last."""
    order = sorted(_frequencies(5), key=lambda ij: -ij[0] - ij[1])
    picked = [order[n * len(order) // count + skipped] for n in sorted(range(count), key=lambda n: n % 4 == 3)]
    return _waves(picked, 5)


def _coefficients(count: int) -> Tensor:
    """What gives the `count` coarsest of JPEG's coefficients without the mean, (count, 8, 8)."""
    return _waves(sorted(_frequencies(_BLOCK), key=lambda ij: ij[0] + ij[1])[:count], _BLOCK)


def _frequencies(side: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(side) for j in range(side) if i + j]


def _waves(frequencies: list[tuple[int, int]], side: int) -> Tensor:
    """Cosines (N, side, side), each of unit strength and without a mean."""
    k = torch.arange(side)
    basis = _unit(torch.cos(torch.pi * (2 * k[None] + 1) * k[:, None] / (2 * side)))
    return torch.stack([torch.outer(basis[i], basis[j]) for i, j in frequencies])


def _on_planes(patterns: Tensor, planes: Sequence[int]) -> Tensor:
    """Each pattern over the plane of this number, and over no other: (N, 3, side, side)."""
    whole = patterns.new_zeros(len(patterns), len(_PLANES), *patterns.shape[1:])
    whole[torch.arange(len(patterns)), torch.tensor(planes)] = patterns
    return whole


def _unit(rows: Tensor) -> Tensor:
    """Each row at length one."""
    return rows / rows.square().sum(1, keepdim=True).sqrt()
