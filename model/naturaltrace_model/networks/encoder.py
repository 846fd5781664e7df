"""The encoder: what a picture's texture is like, at several depths; learned without labels (`training.distil`).

Measured (docs/decisions/0007): networks trained end to end on "real or generated" learn the training sources, while a
judgement on the statistics of generic middle-level features carries over to sources never seen. So the encoder never
sees a label. It learns to do block by block what a teacher does that was trained on photographs for another task; none
of the teacher's weights are in it. Its shape is the teacher's: inverted residuals (Sandler et al., MobileNetV2), as
EfficientNet-Lite arranges them (docs/decisions/0013).
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Group:
    """So many blocks of one width: side of the depthwise kernel, stride of the first block, by how much a block widens
    its input within, channels that come out, and their number."""

    kernel: int
    stride: int
    widening: int
    channels: int
    blocks: int


_GROUPS = (
    Group(3, 1, 1, 16, 1),
    Group(3, 2, 6, 24, 2),
    Group(5, 2, 6, 40, 2),
    Group(3, 2, 6, 80, 3),
    Group(5, 1, 6, 112, 3),
    Group(5, 2, 6, 192, 4),
)


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """`stem`: channels of the first convolution, of stride 2. `taps`: the blocks whose outputs are looked at."""

    stem: int = 32
    groups: tuple[Group, ...] = _GROUPS
    taps: tuple[int, ...] = (0, 2, 4, 7, 10, 11, 12, 13, 14)

    @property
    def blocks(self) -> list[Group]:
        """One entry per block, with its own stride."""
        return [
            Group(g.kernel, g.stride if first else 1, g.widening, g.channels, 1)
            for g in self.groups
            for first in (True, *[False] * (g.blocks - 1))
        ]

    @property
    def channels(self) -> tuple[int, ...]:
        """Of each tap."""
        return tuple(self.blocks[tap].channels for tap in self.taps)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "EncoderConfig":
        return EncoderConfig(data["stem"], tuple(Group(**group) for group in data["groups"]), tuple(data["taps"]))


class InvertedResidual(nn.Module):
    """Widen, look around in each channel by itself, narrow again; added to its input where that has the same shape."""

    def __init__(self, inputs: int, shape: Group) -> None:
        super().__init__()
        wide = inputs * shape.widening
        widen = [nn.Conv2d(inputs, wide, 1, bias=False), _norm(wide), nn.ReLU6()] if shape.widening > 1 else []
        self.inside = nn.Sequential(
            *widen,
            *_around(wide, wide, shape.kernel, shape.stride, groups=wide),
            nn.Conv2d(wide, shape.channels, 1, bias=False),
            _norm(shape.channels),
        )
        self.skips = shape.stride == 1 and inputs == shape.channels

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inside(x) if self.skips else self.inside(x)


class Encoder(nn.Module):
    """A stem and blocks; some of the blocks' outputs are its taps."""

    def __init__(self, config: EncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or EncoderConfig()
        self.stem = nn.Sequential(*_around(3, config.stem, 3, 2))
        width, blocks = config.stem, list[InvertedResidual]()
        for shape in config.blocks:
            blocks.append(InvertedResidual(width, shape))
            width = shape.channels
        self.blocks = nn.ModuleList(blocks)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """uint8 (B, H, W, 3), sRGB, H and W multiples of 32, to one map (B, C, h, w) per tap: strides 2 to 32."""
        found = self.stages(pixels)
        return [found[tap + 1] for tap in self.config.taps]

    def stages(self, pixels: Tensor) -> list[Tensor]:
        """As `forward`, but what the stem and every block give."""
        x = self.stem(self.widened(pixels))
        found = [x]
        for block in self._chain:
            x = block(x)
            found.append(x)
        return found

    @property
    def _chain(self) -> list[InvertedResidual]:
        return [block for block in self.blocks if isinstance(block, InvertedResidual)]

    def branches(self, pixels: Tensor, given: list[Tensor]) -> list[Tensor]:
        """What the stem gives, and what each block gives without its skip where `given` (less its last) goes in."""
        inside = [block.inside(x) for block, x in zip(self._chain, given[:-1], strict=True)]
        return [self.stem(self.widened(pixels)), *inside]

    @property
    def skips(self) -> list[bool]:
        """Which of the blocks add to their input."""
        return [block.skips for block in self._chain]

    @staticmethod
    def widened(pixels: Tensor) -> Tensor:
        """uint8 (B, H, W, 3) to float (B, 3, H, W) between -2 and 2."""
        return (pixels.permute(0, 3, 1, 2).float() / 64 - 2).contiguous(memory_format=torch.channels_last)


def _around(inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1) -> list[nn.Module]:
    """A convolution that sees its surroundings, normalised, between 0 and 6. A stride of 2 leaves out the first row and
    column of even numbers, as the teacher does."""
    before, after = ((kernel - 2) // 2, (kernel - 1) // 2) if stride == 2 else (kernel // 2, kernel // 2)
    return [
        nn.ZeroPad2d((before, after, before, after)),
        nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False),
        _norm(outputs),
        nn.ReLU6(),
    ]


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.05)
