"""The dense branch: which places of a crop carry a decoder's trace, from the texture's spectrum there.

It shares nothing with the detector's two looks, so that it can be fitted (in minutes, on splices) and exchanged without
touching the score. A fixed filter bank measures; all that is learned is one weight per measure and distance, solved for
in closed form. Networks that had to find their own filters learned the splices they were shown, and no others.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

CELL = 8  # pixels of a crop that one value of the map stands for
_SIDE = 6  # pixels of one filter; they overlap by two thirds
_STRIDE = 2
_AROUND = (_SIDE - _STRIDE) // 2
_CHROMA = (1, 2, 3, 6, 7, 8, 12, 14, 18, 21, 28)  # of the patterns: chroma's finer ones don't survive most files
_FLOOR = 0.3  # grey levels (squared for powers): below rounding noise no band says anything
_LUMA_BANDS = _SIDE**2 - 1
MEASURES = 3 * _LUMA_BANDS + 2 * len(_CHROMA) + 3
_YCBCR = ((0.299, 0.587, 0.114), (-0.1687, -0.3313, 0.5), (0.5, -0.4187, -0.0813))


@dataclass(frozen=True, slots=True)
class MapNetConfig:
    """All that is needed to build the branch again: over how many cells (odd) its local means go, the crop's own mean
    on top; and how many bent sums of each cell's measures stand beside them."""

    around: tuple[int, ...] = (3, 9)
    bent: int = 96

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "MapNetConfig":
        return MapNetConfig(tuple(int(n) for n in data["around"]), int(data["bent"]))


class Measures(nn.Module):
    """What each cell's texture is like; nothing is learned.

    The luma in 35 cosine patterns (6 × 6 pixels, at every second position): mean power and mean magnitude, whose ratio
    says how spiky a band is; the same patterns on the picture at half size; each chroma in 11 of them. All in logs.
    Last the cell's mean colour, which noise and compression depend on.
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
        """uint8 (B, H, W, 3), sides multiples of 8, to (B, MEASURES, H / 8, W / 8)."""
        x = F.conv2d(crops.permute(0, 3, 1, 2).float(), self.ycbcr)
        padded = F.pad(x, (_AROUND,) * 4, mode="reflect")
        fine = F.conv2d(padded[:, :1], self.luma, stride=_STRIDE)
        half = F.pad(F.avg_pool2d(x[:, :1], 2), (_AROUND,) * 4, mode="reflect")
        coarse = F.conv2d(half, self.luma, stride=_STRIDE)
        colour = F.conv2d(padded[:, 1:], self.chroma, stride=_STRIDE, groups=2)
        cell = CELL // _STRIDE
        strength = [
            F.avg_pool2d(fine.square(), cell),
            F.avg_pool2d(fine.abs(), cell),
            F.avg_pool2d(coarse.square(), cell // 2),
            F.avg_pool2d(colour.square(), cell),
        ]
        return torch.cat([torch.log(torch.cat(strength, dim=1) + _FLOOR), F.avg_pool2d(x, CELL) / 32], dim=1)


class MapNet(nn.Module):
    """Crops to one logit per 8 × 8 pixels: a weighted sum of means close by, around, and in the crop.

    What the means are of: the measures, and sums of them in drawn directions, cut off below nought. How strong a fine
    band should be depends on the coarser ones, and a straight line alone can't say so.
    """

    mean: Tensor
    deviation: Tensor
    directions: Tensor
    offsets: Tensor
    weights: Tensor
    scale: Tensor

    def __init__(self, config: MapNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or MapNetConfig()
        self.measures = Measures()
        draw = torch.Generator().manual_seed(0)
        self.register_buffer("mean", torch.zeros(MEASURES, 1, 1))
        self.register_buffer("deviation", torch.ones(MEASURES, 1, 1))
        self.register_buffer("directions", torch.randn(config.bent, MEASURES, generator=draw) * 1.5 / MEASURES**0.5)
        self.register_buffer("offsets", torch.randn(config.bent, generator=draw))
        self.register_buffer("weights", torch.zeros(len(config.around) + 1, MEASURES + config.bent))
        self.register_buffer("scale", torch.tensor([1.0, 0.0]))  # slope and shift that make the logits honest

    @property
    def size(self) -> int:
        """How many means one place is judged by."""
        return self.weights.numel()

    def standardise(self, measures: Tensor) -> None:
        """Take what is usual from a sample of `measures`."""
        self.mean.copy_(measures.mean((0, 2, 3)).view(-1, 1, 1))
        self.deviation.copy_(measures.std((0, 2, 3)).clamp_min(1e-3).view(-1, 1, 1))

    def cells(self, crops: Tensor) -> Tensor:
        """uint8 (B, H, W, 3) to what is known of each cell by itself, (B, MEASURES + bent, H / 8, W / 8)."""
        x = (self.measures(crops) - self.mean) / self.deviation
        return torch.cat([x, F.relu(F.conv2d(x, self.directions[:, :, None, None], self.offsets))], dim=1)

    def means(self, cells: Tensor) -> Tensor:
        """What `cells` gave to each place's means, (B, size, h, w); the weights apply to these."""
        near = [_local(cells, n) for n in self.config.around]
        return torch.cat([*near, cells.mean((2, 3), keepdim=True).expand_as(cells)], dim=1)

    def forward(self, crops: Tensor) -> Tensor:
        """`crops` uint8 (B, 128, 128, 3) to calibrated logits (B, 16, 16); > 0: rather generated than not."""
        # The same sum the other way round: weighting first leaves one map per distance to take means of.
        parts = F.conv2d(self.cells(crops), self.weights[:, :, None, None])
        total = parts[:, -1:].mean((2, 3), keepdim=True)
        for i, n in enumerate(self.config.around):
            total = total + _local(parts[:, i : i + 1], n)
        return total.squeeze(1) * self.scale[0] + self.scale[1]


def _local(x: Tensor, cells: int) -> Tensor:
    return F.avg_pool2d(x, cells, stride=1, padding=cells // 2, count_include_pad=False)


def _cosines(side: int) -> NDArray[np.float64]:
    """The orthonormal cosine patterns (side² - 1, side, side) but for the constant one, row by row."""
    k = np.arange(side)
    basis = np.cos(np.pi * (2 * k[None] + 1) * k[:, None] / (2 * side)) * np.sqrt(2 / side)
    basis[0] /= np.sqrt(2)
    return np.stack([np.outer(a, b) for a in basis for b in basis][1:])
