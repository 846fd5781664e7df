"""What each trained baseline shows its trunk: uint8 crops (B, 128, 128, 3) in, channels at half resolution out.

Each follows the idea of its paper, not its code: the trunk behind them, the crops and the training are the same for
all, so that the table compares ideas and not recipes.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from naturaltrace_model.networks.blocks import conv
from naturaltrace_model.networks.residuals import SRM, SRM_SCALES


class Front(nn.Module):
    """`channels` is what `forward` gives per pixel of its (B, channels, H / 2, W / 2)."""

    channels: int


class Colour(Front):
    """The pixels themselves."""

    channels = 12

    def forward(self, crops: Tensor) -> Tensor:
        return F.pixel_unshuffle(_rgb(crops) * 2 - 1, 2)


class NeighbourResidual(Front):
    """NPR (Tan et al.): each pixel less the corner of its 2 × 2 block."""

    channels = 12

    def forward(self, crops: Tensor) -> Tensor:
        return F.pixel_unshuffle(_neighbour(_rgb(crops)) * 4, 2)


class MaskedDetail(Front):
    """SAFE's recipe: the diagonal wavelet detail of crops that training masks in patches and shifts in colour."""

    channels = 3

    def forward(self, crops: Tensor) -> Tensor:
        rgb = _rgb(crops)
        if self.training:
            rgb = _masked(_jittered(rgb))
        return _haar(rgb)[:, 9:] * 4


class RichPoor(Front):
    """PatchCraft's contrast: filter responses of the most textured patches less those of the least textured."""

    channels = 16
    _side = 32

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernels", _srm_kernels(), persistent=False)
        self.learned = nn.Sequential(nn.Conv2d(9, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16))

    def forward(self, crops: Tensor) -> Tensor:
        rgb = _rgb(crops)
        b, _, h, w = rgb.shape
        n, m = h // self._side, w // self._side
        patches = rgb.reshape(b, 3, n, self._side, m, self._side).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
        busy = patches.diff(dim=3).abs().mean(dim=(2, 3, 4)) + patches.diff(dim=4).abs().mean(dim=(2, 3, 4))
        order = busy.argsort(dim=1)
        half = n * m // 2
        return self._fingerprint(patches, order[:, half:]) - self._fingerprint(patches, order[:, :half])

    def _fingerprint(self, patches: Tensor, which: Tensor) -> Tensor:
        """The chosen patches side by side, two rows of them, filtered: (B, 16, 32, 64)."""
        b, count = which.shape
        taken = torch.gather(patches, 1, which[:, :, None, None, None].expand(-1, -1, *patches.shape[2:]))
        sheet = taken.reshape(b, 2, count // 2, 3, self._side, self._side).permute(0, 3, 1, 4, 2, 5)
        sheet = sheet.reshape(b, 3, 2 * self._side, count // 2 * self._side)
        return F.hardtanh(self.learned(_srm(sheet, self.get_buffer("kernels"))))


class MedianResidual(Front):
    """FerretNet's local dependency: each pixel less the median of its neighbourhood."""

    channels = 12

    def forward(self, crops: Tensor) -> Tensor:
        return F.pixel_unshuffle(_median(_rgb(crops)) * 4, 2)


class GatedBands(Front):
    """FatFormer's idea without its transformer: wavelet bands that weigh each other before they are joined."""

    channels = 32

    def __init__(self) -> None:
        super().__init__()
        self.bands = nn.ModuleList(conv(3, 16) for _ in range(4))
        self.gate = nn.Sequential(nn.Linear(64, 32), nn.ReLU(inplace=True), nn.Linear(32, 4))
        self.join = conv(64, 32)

    def forward(self, crops: Tensor) -> Tensor:
        bands = [own(part) for own, part in zip(self.bands, _haar(_rgb(crops)).split(3, dim=1), strict=True)]
        share = self.gate(torch.cat([b.mean(dim=(2, 3)) for b in bands], dim=1)).softmax(dim=1) * len(bands)
        return self.join(torch.cat([b * share[:, i, None, None, None] for i, b in enumerate(bands)], dim=1))


class GatedExperts(Front):
    """ALEI's idea: several low-level experts, and for each image a gate that says whom to believe."""

    channels = 32

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernels", _srm_kernels(), persistent=False)
        widths = (12, 36, 9, 12)  # neighbour residual, SRM, wavelet detail, median residual
        self.experts = nn.ModuleList(conv(w, 12) for w in widths)
        self.gate = nn.Sequential(nn.Linear(12 * len(widths), 24), nn.ReLU(inplace=True), nn.Linear(24, len(widths)))
        self.join = conv(12 * len(widths), 32)

    def forward(self, crops: Tensor) -> Tensor:
        rgb = _rgb(crops)
        seen = (
            F.pixel_unshuffle(_neighbour(rgb) * 4, 2),
            F.pixel_unshuffle(_srm(rgb, self.get_buffer("kernels")), 2),
            _haar(rgb)[:, 3:] * 4,
            F.pixel_unshuffle(_median(rgb) * 4, 2),
        )
        said = [own(x) for own, x in zip(self.experts, seen, strict=True)]
        share = self.gate(torch.cat([s.mean(dim=(2, 3)) for s in said], dim=1)).sigmoid()
        return self.join(torch.cat([s * share[:, i, None, None, None] for i, s in enumerate(said)], dim=1))


def _rgb(crops: Tensor) -> Tensor:
    return crops.permute(0, 3, 1, 2).float() / 255.0


def _neighbour(rgb: Tensor) -> Tensor:
    return rgb - F.interpolate(rgb[:, :, ::2, ::2], scale_factor=2.0, mode="nearest")


def _median(rgb: Tensor) -> Tensor:
    h, w = rgb.shape[2:]
    padded = F.pad(rgb, (1, 1, 1, 1), mode="replicate")
    around = torch.stack([padded[:, :, i : i + h, j : j + w] for i in range(3) for j in range(3)])
    return rgb - around.median(dim=0).values


def _haar(rgb: Tensor) -> Tensor:
    """The decimated Haar bands (B, 12, H / 2, W / 2): LL, LH, HL, HH of each colour."""
    a, b = rgb[:, :, ::2, ::2], rgb[:, :, ::2, 1::2]
    c, d = rgb[:, :, 1::2, ::2], rgb[:, :, 1::2, 1::2]
    return torch.cat([a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d], dim=1) / 2


def _srm_kernels() -> Tensor:
    return (torch.tensor(SRM, dtype=torch.float32) / torch.tensor(SRM_SCALES).view(3, 1, 1)).unsqueeze(1)


def _srm(rgb: Tensor, kernels: Tensor) -> Tensor:
    """Three rich-model kernels on each colour, truncated: (B, 9, H, W)."""
    b, c, h, w = rgb.shape
    padded = F.pad(rgb.reshape(b * c, 1, h, w), (2, 2, 2, 2), mode="replicate")
    return (F.conv2d(padded, kernels) * 10).clamp(-1, 1).reshape(b, 3 * c, h, w)


def _jittered(rgb: Tensor) -> Tensor:
    """Brightness and contrast of each crop by up to a half, as SAFE trains."""
    b = rgb.shape[0]
    brightness = torch.empty(b, 1, 1, 1, device=rgb.device).uniform_(0.5, 1.5)
    contrast = torch.empty(b, 1, 1, 1, device=rgb.device).uniform_(0.5, 1.5)
    mean = rgb.mean(dim=(1, 2, 3), keepdim=True)
    return ((rgb * brightness - mean) * contrast + mean).clamp(0, 1)


def _masked(rgb: Tensor) -> Tensor:
    """Half of the crops lose up to three quarters of their 16-px patches."""
    b, _, h, w = rgb.shape
    share = torch.rand(b, 1, 1, 1, device=rgb.device) * 0.75 * (torch.rand(b, 1, 1, 1, device=rgb.device) < 0.5)
    kept = (torch.rand(b, 1, h // 16, w // 16, device=rgb.device) >= share).to(rgb)
    return rgb * F.interpolate(kept, scale_factor=16.0, mode="nearest")
