"""The two networks: an autoencoder (factor 4) and a denoiser that paints in its latent space.

The denoiser's input and output scaling follow Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based
Generative Models", table 1 (EDM), with latents of standard deviation 0.5.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LATENT_CHANNELS = 6
FACTOR = 4  # pixels per latent cell, each way
SIGMA_DATA = 0.5


def _conv(a: int, b: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(a, b, 3, stride, 1, padding_mode="reflect")


class Block(nn.Module):
    """Two convolutions beside an identity; `embedding` (B, width) scales and shifts between them."""

    def __init__(self, width: int, embedded: int = 0) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.first, self.second = _conv(width, width), _conv(width, width)
        self.film = nn.Linear(embedded, 2 * width) if embedded else None
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor, embedding: Tensor | None = None) -> Tensor:
        h = self.first(F.silu(self.norm(x)))
        if self.film is not None and embedding is not None:
            scale, shift = self.film(embedding)[:, :, None, None].chunk(2, dim=1)
            h = h * (1 + scale) + shift
        return x + self.second(F.silu(h))


class Autoencoder(nn.Module):
    """(B, 3, H, W) in -1..1 to latents (B, 6, H/4, W/4) and back."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            _conv(3, width), nn.SiLU(), _conv(width, width * 2, 2), Block(width * 2),
            _conv(width * 2, width * 2, 2), Block(width * 2), _conv(width * 2, LATENT_CHANNELS),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            _conv(LATENT_CHANNELS, width * 2), Block(width * 2), Block(width * 2),
            nn.Upsample(scale_factor=2), _conv(width * 2, width * 2), Block(width * 2),
            nn.Upsample(scale_factor=2), _conv(width * 2, width), nn.SiLU(), _conv(width, 3),
        )  # fmt: skip

    def encode(self, pixels: Tensor) -> Tensor:
        return self.encoder(pixels)

    def decode(self, latents: Tensor) -> Tensor:
        return self.decoder(latents)


class Denoiser(nn.Module):
    """A three-level U-Net. Beside the noisy latents it sees `guide`: soft colours (3) and one channel per material."""

    def __init__(self, guide_channels: int, widths: tuple[int, int, int] = (48, 96, 128)) -> None:
        super().__init__()
        a, b, c = widths
        self.noise_level = nn.Sequential(nn.Linear(32, 96), nn.SiLU(), nn.Linear(96, 96))
        self.enter = _conv(LATENT_CHANNELS + guide_channels, a)
        self.down = nn.ModuleList([Block(a, 96), Block(a, 96), Block(b, 96), Block(b, 96)])
        self.to_b, self.to_c = _conv(a, b, 2), _conv(b, c, 2)
        self.middle = nn.ModuleList([Block(c, 96), Block(c, 96), Block(c, 96)])
        self.from_c, self.from_b = _conv(c + b, b), _conv(b + a, a)
        self.up = nn.ModuleList([Block(b, 96), Block(b, 96), Block(a, 96), Block(a, 96)])
        self.leave = _conv(a, LATENT_CHANNELS)
        nn.init.zeros_(self.leave.weight)
        self.register_buffer("frequencies", torch.logspace(-1, 1, 16), persistent=False)

    def forward(self, noisy: Tensor, sigma: Tensor, guide: Tensor) -> Tensor:
        """The clean latents expected under `noisy` (B, 6, h, w), `sigma` (B,) and `guide` (B, 3 + materials, h, w)."""
        s = sigma[:, None, None, None]
        norm = (s**2 + SIGMA_DATA**2).sqrt()
        angle = sigma.log()[:, None] / 4 * self.get_buffer("frequencies")[None]
        level = self.noise_level(torch.cat([angle.sin(), angle.cos()], dim=1))
        x = self.enter(torch.cat([noisy / norm, guide], dim=1))
        for block in self.down[:2]:
            x = block(x, level)
        fine = x
        x = self.to_b(x)
        for block in self.down[2:]:
            x = block(x, level)
        mid = x
        x = self.to_c(x)
        for block in self.middle:
            x = block(x, level)
        x = self.from_c(torch.cat([F.interpolate(x, size=mid.shape[-2:]), mid], dim=1))
        for block in self.up[:2]:
            x = block(x, level)
        x = self.from_b(torch.cat([F.interpolate(x, size=fine.shape[-2:]), fine], dim=1))
        for block in self.up[2:]:
            x = block(x, level)
        return noisy * (SIGMA_DATA / norm) ** 2 + self.leave(x) * s * SIGMA_DATA / norm
