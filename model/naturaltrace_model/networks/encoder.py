"""The encoder: what a picture's texture is like, at five depths; learned without labels (`training.distil`).

Measured (docs/decisions/0007): networks trained end to end on "real or generated" learn the training sources, while a
linear judgement on the statistics of generic middle-level features carries over to sources never seen. So the encoder
never sees a label. It foretells the middle layers of a teacher that was trained on photographs for another task; none
of the teacher's weights are in it.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from naturaltrace_model.networks.blocks import Bottleneck, ResidualBlock, conv


_LIGHT = 4  # from this stage on blocks are bottlenecks: there are few places left, and weights would be many


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """`widths` and `depths` of the stages, each half the resolution of the one before; `taps`: from which stage each
    of the teacher's maps is foretold, and its channels."""

    widths: tuple[int, ...] = (24, 40, 80, 144, 192)
    depths: tuple[int, ...] = (1, 2, 3, 3, 3)
    taps: tuple[tuple[int, int], ...] = ((0, 16), (1, 24), (2, 40), (3, 80), (3, 112), (4, 192), (4, 192))

    @property
    def multiple(self) -> int:
        """Of which the sides of a picture have to be multiples."""
        return 1 << len(self.widths)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "EncoderConfig":
        taps = tuple((int(stage), int(channels)) for stage, channels in data["taps"])
        return EncoderConfig(tuple(data["widths"]), tuple(data["depths"]), taps)


class Encoder(nn.Module):
    """A plain residual network, and a 1 × 1 projection from its stages to each tap."""

    def __init__(self, config: EncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or EncoderConfig()
        width, stages = 3, list[nn.Module]()
        for number, (wide, depth) in enumerate(zip(config.widths, config.depths, strict=True)):
            block = Bottleneck if number >= _LIGHT else ResidualBlock
            stages.append(nn.Sequential(conv(width, wide, stride=2), *(block(wide) for _ in range(depth))))
            width = wide
        self.stages = nn.ModuleList(stages)
        self.adapt = nn.ModuleList(nn.Conv2d(config.widths[stage], channels, 1) for stage, channels in config.taps)
        self._resting = 0

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """uint8 (B, H, W, 3), sRGB, H and W multiples of 32, to maps (B, C, h, w): strides 2, 4, 8, 16, 16, 32, 32."""
        x = (pixels.permute(0, 3, 1, 2).float() / 64 - 2).contiguous(memory_format=torch.channels_last)
        found: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return [project(found[stage]) for project, (stage, _) in zip(self.adapt, self.config.taps, strict=True)]

    def rest(self, stages: int) -> None:
        """Keep the first stages and what is foretold from them alone as they are, batch norm's moments included."""
        self._resting = stages
        for module in self._at_rest():
            module.requires_grad_(False)

    def train(self, mode: bool = True) -> "Encoder":
        super().train(mode)
        for module in self._at_rest():
            module.train(False)
        return self

    def _at_rest(self) -> list[nn.Module]:
        found = list(self.stages[: self._resting])
        return found + [a for a, (stage, _) in zip(self.adapt, self.config.taps, strict=True) if stage < self._resting]
