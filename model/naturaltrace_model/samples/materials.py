"""Training views: crops of the materials, tinted, mixed along random borders, with the guide that belongs to them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from naturaltrace_model.samples.networks import FACTOR
from naturaltrace_model.samples.photos import MATERIALS, Pixels, load_material

COLOUR_CELL = 32  # the guide's colours are this many pixels coarse: the generator has to invent everything finer


class Views:
    """Draws random training batches; `size` is the crop's edge in pixels."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._draw = np.random.default_rng(seed)
        self._photos = {name: load_material(name) for name in MATERIALS}

    def batch(self, count: int) -> tuple[Tensor, Tensor]:
        """Pixels (count, 3, size, size) in -1..1 and material shares (count, materials, size/4, size/4)."""
        pairs = [self._view() for _ in range(count)]
        pixels = torch.from_numpy(np.stack([p for p, _ in pairs])).permute(0, 3, 1, 2) * 2 - 1
        shares = torch.from_numpy(np.stack([m for _, m in pairs]))
        return pixels.float().contiguous(), F.avg_pool2d(shares.float(), FACTOR)

    def _view(self) -> tuple[Pixels, NDArray[np.float32]]:
        names = list(MATERIALS)
        one, two = (int(i) for i in self._draw.integers(len(names), size=2))
        border = self._border() if self._draw.random() < 0.5 else np.zeros((self._size, self._size), np.float32)
        pixels = self._crop(names[one]) * (1 - border[..., None]) + self._crop(names[two]) * border[..., None]
        shares = np.zeros((len(names), self._size, self._size), np.float32)
        shares[one] += 1 - border
        shares[two] += border
        return pixels.astype(np.float32), shares

    def _border(self) -> NDArray[np.float32]:
        """A soft-edged half-plane with a wavy border, 0..1."""
        y, x = np.mgrid[0 : self._size, 0 : self._size].astype(np.float32) / self._size - 0.5
        angle, phase = self._draw.uniform(0, 2 * np.pi, 2)
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        wave = across + 0.08 * np.sin(along * self._draw.uniform(4, 20) + phase) + self._draw.uniform(-0.3, 0.3)
        return np.clip(wave * self._size / 3 + 0.5, 0, 1).astype(np.float32)

    def _crop(self, name: str) -> Pixels:
        photo = self._photos[name]
        height, width = photo.shape[:2]
        edge = int(min(self._size * self._draw.uniform(0.75, 1.35), height, width))
        top, left = int(self._draw.integers(height - edge + 1)), int(self._draw.integers(width - edge + 1))
        cut = torch.from_numpy(photo[top : top + edge, left : left + edge]).permute(2, 0, 1)[None]
        cut = F.interpolate(cut, size=(self._size, self._size), mode="bicubic", antialias=True)[0].permute(1, 2, 0)
        pixels = np.clip(cut.numpy(), 0, 1)
        if self._draw.random() < 0.5:
            pixels = pixels[:, ::-1]
        return self._tint(pixels, MATERIALS[name].grey).astype(np.float32)

    def _tint(self, pixels: Pixels, grey: bool) -> Pixels:
        """Other colours for the same structure, so that colour follows the guide."""
        if grey or self._draw.random() < 0.3:
            light = pixels.mean(axis=2, keepdims=True)
            dark_end, light_end = self._draw.uniform(0, 0.35, 3), self._draw.uniform(0.35, 1.1, 3)
            return np.clip(dark_end + (light_end - dark_end) * light, 0, 1).astype(np.float32)
        return np.clip(pixels * self._draw.uniform(0.7, 1.25, 3), 0, 1).astype(np.float32)


def soft_colours(pixels: Tensor) -> Tensor:
    """The guide's colours: (B, 3, H, W) made coarse, at latent resolution (B, 3, H/4, W/4)."""
    height, width = pixels.shape[-2:]
    coarse = F.interpolate(
        pixels, size=(max(2, height // COLOUR_CELL), max(2, width // COLOUR_CELL)), mode="bilinear", antialias=True
    )
    return F.interpolate(coarse, size=(height // FACTOR, width // FACTOR), mode="bicubic").clamp(-1, 1)
