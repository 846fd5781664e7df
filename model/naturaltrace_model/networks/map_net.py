"""The dense branch: which places of a crop carry a decoder's trace, from how strong each band of frequencies is there.

It shares nothing with the detector's two looks, so that it can be trained (on splices) and exchanged without touching
the score. A fixed filter bank measures; what is learned is small and sees cells of 8 pixels, so it needs few splices
to learn from: networks that had to find their own filters learned the splices they were shown, and no others.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

CELL = 8  # pixels of a crop that one value of the map stands for
_SIDE = 6  # pixels of one filter; they overlap by two thirds
_STRIDE = 2
_CHROMA = (1, 2, 3, 6, 7, 8, 12, 14, 18, 21, 28)  # of the bands: low and middle ones, the rest is gone in most files
_FLOOR = 0.3  # grey levels squared: below rounding noise no band says anything
BANDS = _SIDE**2 - 1 + 2 * len(_CHROMA) + 3
_YCBCR = ((0.299, 0.587, 0.114), (-0.1687, -0.3313, 0.5), (0.5, -0.4187, -0.0813))


@dataclass(frozen=True, slots=True)
class MapNetConfig:
    """All that is needed to build the branch again: channels, and over how many cells it takes local means (odd)."""

    width: int = 64
    around: tuple[int, ...] = (3, 7)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "MapNetConfig":
        return MapNetConfig(int(data["width"]), tuple(int(n) for n in data["around"]))


class Bands(nn.Module):
    """Pixels to the strength of each band in each cell; nothing is learned.

    35 cosine bands of the luma and 11 of each chroma (6 × 6 pixels, every second position), their mean power over a
    cell in logs, and the cell's mean colour, by which noise and compression are known to differ.
    """

    luma: Tensor
    chroma: Tensor
    ycbcr: Tensor

    def __init__(self) -> None:
        super().__init__()
        bank = torch.from_numpy(_cosines(_SIDE)).float().unsqueeze(1)
        self.register_buffer("luma", bank, persistent=False)
        self.register_buffer("chroma", bank[[i - 1 for i in _CHROMA]].repeat(2, 1, 1, 1), persistent=False)
        self.register_buffer("ycbcr", torch.tensor(_YCBCR).view(3, 3, 1, 1), persistent=False)

    def forward(self, crops: Tensor) -> Tensor:
        """uint8 (B, H, W, 3), sides multiples of 8, to (B, BANDS, H / 8, W / 8), about -1..12."""
        x = F.conv2d(crops.permute(0, 3, 1, 2).float(), self.ycbcr)
        around = (_SIDE - _STRIDE) // 2
        padded = F.pad(x, (around,) * 4, mode="reflect")
        light = F.conv2d(padded[:, :1], self.luma, stride=_STRIDE)
        colour = F.conv2d(padded[:, 1:], self.chroma, stride=_STRIDE, groups=2)
        power = F.avg_pool2d(torch.cat([light, colour], dim=1).square(), CELL // _STRIDE)
        return torch.cat([torch.log(power + _FLOOR), F.avg_pool2d(x, CELL) / 32], dim=1)


class MapNet(nn.Module):
    """Crops to one logit per 8 × 8 pixels, from the bands there, their means around it and those of the whole crop.

    Two rounds of "what is it like here, and what around": texture is what local means describe, and a place stands out
    by differing from them.
    """

    mean: Tensor
    deviation: Tensor
    scale: Tensor

    def __init__(self, config: MapNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or MapNetConfig()
        width, looks = config.width, 2 + len(config.around)
        self.bands = Bands()
        self.register_buffer("mean", torch.zeros(BANDS, 1, 1))
        self.register_buffer("deviation", torch.ones(BANDS, 1, 1))
        self.enter = nn.Conv2d(BANDS * looks, width, 1)
        self.first = nn.Conv2d(width, width, 1)
        self.second = nn.Conv2d(width * looks, width, 1)
        self.third = nn.Conv2d(width * looks, width, 1)
        self.drop = nn.Dropout2d(0.1)
        self.say = nn.Conv2d(width, 1, 1)
        self.register_buffer("scale", torch.tensor([1.0, 0.0]))  # slope and shift that make the logits honest

    def prepare(self, crops: Tensor) -> Tensor:
        """uint8 (B, H, W, 3) to what the layers read, (B, BANDS, H / 8, W / 8); nothing here is learned."""
        with torch.no_grad():
            return self.bands(crops)

    def standardise(self, prepared: Tensor) -> None:
        """Take mean and deviation of each band from (a sample of) what the layers will read."""
        self.mean.copy_(prepared.mean((0, 2, 3)).view(-1, 1, 1))
        self.deviation.copy_(prepared.std((0, 2, 3)).clamp_min(1e-3).view(-1, 1, 1))

    def of_prepared(self, prepared: Tensor) -> Tensor:
        """The logits (B, h, w) of what `prepare` gave, before `scale`."""
        x = F.relu(self.enter(self._looks((prepared - self.mean) / self.deviation)))
        x = x + F.relu(self.first(x))
        x = F.relu(self.second(self._looks(self.drop(x))))
        x = F.relu(self.third(self._looks(self.drop(x))))
        return self.say(x).float().squeeze(1)

    def forward(self, crops: Tensor) -> Tensor:
        """`crops` uint8 (B, 128, 128, 3) to calibrated logits (B, 16, 16); > 0: rather generated than not."""
        return self.of_prepared(self.bands(crops)) * self.scale[0] + self.scale[1]

    def _looks(self, x: Tensor) -> Tensor:
        """Each place beside the local means around it and the whole crop's."""
        near = [F.avg_pool2d(x, n, stride=1, padding=n // 2, count_include_pad=False) for n in self.config.around]
        return torch.cat([x, *near, x.mean((2, 3), keepdim=True).expand_as(x)], dim=1)


def _cosines(side: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The orthonormal cosine patterns (side² - 1, side, side) but for the constant one, row by row."""
    k = np.arange(side)
    basis = np.cos(np.pi * (2 * k[None] + 1) * k[:, None] / (2 * side)) * np.sqrt(2 / side)
    basis[0] /= np.sqrt(2)
    return np.stack([np.outer(a, b) for a in basis for b in basis][1:])
