"""Well-known architectures with random weights, as yardsticks of cost: written from their papers, in plain torch.

Weights don't change what a forward pass costs. Each is checked against its published number of parameters.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

# torch's annotations leave many results partly unknown.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false


@dataclass(frozen=True, slots=True)
class Architecture:
    """`parameters` in millions, as published; `side` of the square input in pixels."""

    name: str
    make: Callable[[], nn.Module]
    side: int
    parameters: float


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(n, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(width // self.heads), dim=-1)
        return self.out((weights @ v).transpose(1, 2).reshape(n, tokens, width))


class Block(nn.Module):
    """Pre-norm transformer block (Vaswani et al. 2017; Dosovitskiy et al. 2021)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.first(x))
        return x + self.mlp(self.second(x))


class VisionTransformer(nn.Module):
    """ViT (Dosovitskiy et al. 2021); with `before` also a norm before the blocks, as CLIP has it (Radford et al. 2021).

    `out` is the head's width: classes, or CLIP's embedding.
    """

    def __init__(
        self, side: int, patch: int, width: int, depth: int, heads: int, out: int, *, before: bool = False
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch, bias=not before)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(torch.zeros(1, (side // patch) ** 2 + 1, width))
        self.before = nn.LayerNorm(width) if before else nn.Identity()
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, out, bias=not before)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.places
        return self.head(self.norm(self.blocks(self.before(x)))[:, 0])


class Bottleneck(nn.Module):
    """ResNet's block (He et al. 2016), stride in its 3 × 3 convolution."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _conv(before, width, 1), nn.ReLU(), _conv(width, width, 3, stride), nn.ReLU(), _conv(width, 4 * width, 1)
        )
        changes = stride != 1 or before != 4 * width
        self.short = _conv(before, 4 * width, 1, stride) if changes else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.short(x))


def _conv(before: int, after: int, size: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, size, stride, size // 2, bias=False), nn.BatchNorm2d(after))


def resnet50() -> nn.Module:
    blocks: list[nn.Module] = []
    before = 64
    for stage, (width, depth) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for number in range(depth):
            blocks.append(Bottleneck(before, width, 2 if stage and not number else 1))
            before = 4 * width
    stem = (_conv(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


class WindowAttention(nn.Module):
    """SwinV2's (Liu et al. 2022): cosine attention, and a bias by position from a small network."""

    grid: Tensor
    apart: Tensor
    mask: Tensor

    def __init__(self, width: int, heads: int, window: int, side: int, shift: int) -> None:
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias, self.v_bias = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(width))
        self.out = nn.Linear(width, width)
        self.scale = nn.Parameter(torch.full((heads, 1, 1), math.log(10.0)))
        self.bias = nn.Sequential(nn.Linear(2, 512), nn.ReLU(), nn.Linear(512, heads, bias=False))
        steps = torch.arange(-(window - 1), window, dtype=torch.float32) / (window - 1) * 8
        grid = torch.stack(torch.meshgrid(steps, steps, indexing="ij"), dim=-1).reshape(-1, 2)
        self.register_buffer("grid", torch.sign(grid) * torch.log2(grid.abs() + 1) / 3)
        places = torch.stack(torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")).flatten(1)
        apart = places[:, :, None] - places[:, None, :] + window - 1
        self.register_buffer("apart", apart[0] * (2 * window - 1) + apart[1])
        self.register_buffer("mask", _shift_mask(side, window, shift) if shift else torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """(N, side, side, width) in and out."""
        n, side, _, width = x.shape
        w, count = self.window, side // self.window
        if self.shift:
            x = torch.roll(x, (-self.shift, -self.shift), dims=(1, 2))
        x = x.reshape(n, count, w, count, w, width).permute(0, 1, 3, 2, 4, 5).reshape(-1, w * w, width)
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        q, k, v = (self._split(t) for t in (q + self.q_bias, k, v + self.v_bias))
        likeness = functional.normalize(q, dim=-1) @ functional.normalize(k, dim=-1).transpose(-1, -2)
        near: Tensor = self.bias(self.grid)
        bias = 16 * torch.sigmoid(near[self.apart.flatten()].reshape(w * w, w * w, self.heads))
        weights = likeness * torch.clamp(self.scale, max=math.log(100.0)).exp() + bias.permute(2, 0, 1)
        if self.shift:
            weights = weights.reshape(n, count * count, self.heads, w * w, w * w) + self.mask[:, None]
            weights = weights.reshape(-1, self.heads, w * w, w * w)
        x = self.out((torch.softmax(weights, dim=-1) @ v).transpose(1, 2).reshape(-1, w * w, width))
        x = x.reshape(n, count, count, w, w, width).permute(0, 1, 3, 2, 4, 5).reshape(n, side, side, width)
        return torch.roll(x, (self.shift, self.shift), dims=(1, 2)) if self.shift else x

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)


def _shift_mask(side: int, window: int, shift: int) -> Tensor:
    """Windows that a shift has put together from pieces may not look from one piece at another."""
    areas = torch.zeros(side, side)
    cuts = (slice(0, -window), slice(-window, -shift), slice(-shift, None))
    for number, (rows, columns) in enumerate((r, c) for r in cuts for c in cuts):
        areas[rows, columns] = number
    count = side // window
    areas = areas.reshape(count, window, count, window).permute(0, 2, 1, 3).reshape(count * count, window * window)
    return (areas[:, None, :] != areas[:, :, None]).float() * -100.0


class SwinBlock(nn.Module):
    def __init__(self, width: int, heads: int, window: int, side: int, shift: int) -> None:
        super().__init__()
        self.attention = WindowAttention(width, heads, window, side, shift)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.first(self.attention(x))
        return x + self.second(self.mlp(x))


class Merge(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.reduce, self.norm = nn.Linear(4 * width, 2 * width, bias=False), nn.LayerNorm(2 * width)

    def forward(self, x: Tensor) -> Tensor:
        n, side, _, width = x.shape
        x = x.reshape(n, side // 2, 2, side // 2, 2, width).permute(0, 1, 3, 4, 2, 5)
        return self.norm(self.reduce(x.reshape(n, side // 2, side // 2, 4 * width)))


class SwinV2Small(nn.Module):
    """SwinV2-S for 256 × 256 pixels, windows of 8."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.norm = nn.Conv2d(3, 96, 4, 4), nn.LayerNorm(96)
        stages: list[nn.Module] = []
        side, width = 64, 96
        for stage, (depth, heads) in enumerate(((2, 3), (2, 6), (18, 12), (2, 24))):
            if stage:
                stages.append(Merge(width))
                side, width = side // 2, width * 2
            for number in range(depth):
                shift = 4 if number % 2 and side > 8 else 0
                stages.append(SwinBlock(width, heads, 8, side, shift))
        self.stages = nn.Sequential(*stages)
        self.last, self.head = nn.LayerNorm(width), nn.Linear(width, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.patches(x).permute(0, 2, 3, 1))
        return self.head(self.last(self.stages(x)).mean(dim=(1, 2)))


ARCHITECTURES = (
    Architecture("ResNet-50", resnet50, 224, 25.6),
    Architecture("SwinV2-S-256", SwinV2Small, 256, 49.7),
    Architecture("ViT-S/16-384", lambda: VisionTransformer(384, 16, 384, 12, 6, 1000), 384, 22.2),
    Architecture("CLIP ViT-L/14", lambda: VisionTransformer(224, 14, 1024, 24, 16, 768, before=True), 224, 304.0),
)
