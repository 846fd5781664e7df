"""The dense branch: which places of a crop carry a decoder's trace, from the fixed residuals alone.

It shares the residual stack with the trace branch and nothing else, so that it can be trained (in minutes, on splices)
and exchanged without touching the detector's score. It costs about a tenth of the trace branch.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from naturaltrace_model.networks.residuals import CHANNELS, ResidualStack

CELL = 8  # pixels of a crop that one value of the map stands for
_COLOUR = 3  # the stack's first channels, which are left out: they would say what is shown


@dataclass(frozen=True, slots=True)
class MapNetConfig:
    """All that is needed to build the branch again."""

    widths: tuple[int, int, int] = (24, 32, 64)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "MapNetConfig":
        a, b, c = data["widths"]
        return MapNetConfig((int(a), int(b), int(c)))


class MapNet(nn.Module):
    """Residuals to one logit per 8 × 8 pixels; a value sees about 100 pixels around."""

    scale: Tensor

    def __init__(self, config: MapNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or MapNetConfig()
        a, b, c = config.widths
        self.residuals = ResidualStack()
        self.layers = nn.Sequential(
            _unit(4 * (CHANNELS - _COLOUR), a, 1),
            _unit(a, b, 3, stride=2),
            _unit(b, b, 3),
            _unit(b, c, 3, stride=2),
            _unit(c, c, 3),
            _unit(c, c, 3, dilation=2),
        )
        self.say = nn.Conv2d(c, 1, 1)
        self.register_buffer("scale", torch.tensor([1.0, 0.0]))  # slope and shift that make the logits honest

    def prepare(self, crops: Tensor) -> Tensor:
        """uint8 (B, H, W, 3) to what the layers read, (B, 40, H / 2, W / 2), within -1..1; nothing here is learned."""
        with torch.no_grad():
            return F.pixel_unshuffle(self.residuals(crops)[:, _COLOUR:], 2)

    def of_prepared(self, prepared: Tensor) -> Tensor:
        """The logits (B, h, w) of what `prepare` gave, before `scale`."""
        x = prepared.contiguous(memory_format=torch.channels_last)
        return self.say(self.layers(x)).float().squeeze(1)

    def forward(self, crops: Tensor) -> Tensor:
        """`crops` uint8 (B, 128, 128, 3) to calibrated logits (B, 16, 16); > 0: rather generated than not."""
        return self.of_prepared(self.prepare(crops)) * self.scale[0] + self.scale[1]


def _unit(inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding, dilation=dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
