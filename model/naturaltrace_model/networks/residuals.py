"""Fixed filters that hide what an image shows and keep how it was made.

Thirteen channels at full resolution: colour (3), neighbouring-pixel residual (3; Tan et al., NPR), undecimated Haar
detail of the luma (3), three high-pass kernels of the spatial rich model (3; Fridrich and Kodovský) and the median
residual of the luma (1; FerretNet's idea). Nothing here is learned, and all of it is inside the exported graph, so
that no caller can prepare the input differently.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CHANNELS = 13
LUMA = (0.299, 0.587, 0.114)
SRM = (
    ((0, 0, 0, 0, 0), (0, -1, 2, -1, 0), (0, 2, -4, 2, 0), (0, -1, 2, -1, 0), (0, 0, 0, 0, 0)),
    ((-1, 2, -2, 2, -1), (2, -6, 8, -6, 2), (-2, 8, -12, 8, -2), (2, -6, 8, -6, 2), (-1, 2, -2, 2, -1)),
    ((0, 0, 0, 0, 0), (0, 0, 0, 0, 0), (0, 1, -2, 1, 0), (0, 0, 0, 0, 0), (0, 0, 0, 0, 0)),
)
SRM_SCALES = (4.0, 12.0, 2.0)
# Optimal exchanges that leave the median of nine values in place 4 (Devillard's network).
_MEDIAN_OF_9 = (
    (1, 2), (4, 5), (7, 8), (0, 1), (3, 4), (6, 7), (1, 2), (4, 5), (7, 8), (0, 3),
    (5, 8), (4, 7), (3, 6), (1, 4), (2, 5), (4, 7), (4, 2), (6, 4), (4, 2),
)  # fmt: skip


class ResidualStack(nn.Module):
    """uint8 crops (B, H, W, 3) to float (B, 13, H, W); H and W even.

    Residuals are divided by their own mean magnitude in the crop, so that a strong compression does not simply shout
    louder than a weak one, and squashed by tanh, which plays the part of the rich model's truncation.
    """

    haar: Tensor
    srm: Tensor
    luma: Tensor

    def __init__(self) -> None:
        super().__init__()
        a = torch.tensor([[1.0, 1.0], [-1.0, -1.0]]) / 4
        b = torch.tensor([[1.0, -1.0], [1.0, -1.0]]) / 4
        c = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]) / 4
        self.register_buffer("haar", torch.stack([a, b, c]).unsqueeze(1), persistent=False)
        srm = torch.tensor(SRM, dtype=torch.float32) / torch.tensor(SRM_SCALES).view(3, 1, 1)
        self.register_buffer("srm", srm.unsqueeze(1), persistent=False)
        self.register_buffer("luma", torch.tensor(LUMA).view(1, 3, 1, 1), persistent=False)

    def forward(self, crops: Tensor) -> Tensor:
        rgb = crops.permute(0, 3, 1, 2).float() / 255.0
        luma = (rgb * self.luma).sum(1, keepdim=True)
        npr = rgb - F.interpolate(rgb[:, :, ::2, ::2], scale_factor=2.0, mode="nearest")
        haar = F.conv2d(F.pad(luma, (0, 1, 0, 1), mode="replicate"), self.haar)
        srm = F.conv2d(F.pad(luma, (2, 2, 2, 2), mode="replicate"), self.srm)
        median = luma - _median3(luma)
        residuals = torch.cat([npr, haar, srm, median], dim=1)
        # One scale per crop and channel; the floor keeps a flat crop's rounding noise from being blown up.
        scale = residuals.abs().mean(dim=(2, 3), keepdim=True).clamp_min(1 / 255)
        return torch.cat([(rgb - 0.5) * 2.0, torch.tanh(residuals / (2.0 * scale))], dim=1)


def _median3(x: Tensor) -> Tensor:
    """The 3 × 3 median of (B, 1, H, W), edges replicated."""
    h, w = x.shape[2], x.shape[3]
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    v = [padded[:, :, i : i + h, j : j + w] for i in range(3) for j in range(3)]
    for i, j in _MEDIAN_OF_9:
        v[i], v[j] = torch.minimum(v[i], v[j]), torch.maximum(v[i], v[j])
    return v[4]
