"""Real crops through a generator's autoencoder and back: the same content, the decoder's traces.

The five tiny autoencoders (TAESD for SD, SDXL, SD 3 and FLUX.1; TAEF2 for FLUX.2; madebyollin, MIT) are read from a
folder of the user's; none is part of the project. Their layout is rebuilt from the names of their weights.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NAMES = ("taesd", "taesdxl", "taesd3", "taef1", "taef2")


@dataclass(frozen=True, slots=True)
class Autoencoder:
    """Images are float (B, 3, H, W) in 0..1 with H and W multiples of 8; latents are 8 × smaller."""

    name: str
    encoder: nn.Module
    decoder: nn.Module

    @torch.no_grad()
    def reconstruct(
        self, images: Tensor, latent_noise: float = 0.0, generator: torch.Generator | None = None
    ) -> Tensor:
        """Encode and decode. `latent_noise` is a fraction of the latent's own deviation (0: a plain round trip)."""
        weight = next(self.encoder.parameters())
        latent = cast(Tensor, self.encoder(images.to(weight).contiguous(memory_format=torch.channels_last)))
        if latent_noise > 0:
            noise = torch.randn(latent.shape, generator=generator, dtype=torch.float32).to(latent)
            latent = latent + noise * latent.float().std().to(latent) * latent_noise
        return cast(Tensor, self.decoder(latent)).float().clamp(0.0, 1.0)

    def half(self) -> "Autoencoder":
        """The same in bfloat16, which CPUs with matrix units run several times faster. The last convolution stays in
        float32: a picture rounded to eight bits of mantissa would carry a trace that no generator leaves."""
        for network in (self.encoder, self.decoder):
            network.to(dtype=torch.bfloat16)
        last = cast(nn.Conv2d, list(self.decoder.children())[-1])
        last.float().register_forward_pre_hook(_to_float)
        return self


def load_autoencoders(folder: Path, names: tuple[str, ...] = NAMES) -> list[Autoencoder]:
    """Those of `names` whose two halves lie in `folder`. Raises FileNotFoundError when none does."""
    found = [
        Autoencoder(
            name, _build(_weights(folder, f"{name}_encoder")), _build(_weights(folder, f"{name}_decoder"), True)
        )
        for name in names
        if any(folder.glob(f"{name}_encoder.*")) and any(folder.glob(f"{name}_decoder.*"))
    ]
    if not found:
        raise FileNotFoundError(f"no tiny autoencoder in {folder}")
    return found


def _to_float(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(x.float() for x in inputs)


class _Clamp(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / 3) * 3


class _Block(nn.Module):
    """Three convolutions and a skip; FLUX.2's middle blocks add a group-normalised detour before them."""

    def __init__(self, width: int, detour: int | None) -> None:
        super().__init__()
        conv = [m for _ in range(3) for m in (nn.Conv2d(width, width, 3, padding=1), nn.ReLU(inplace=True))]
        self.conv = nn.Sequential(*conv[:-1])
        self.pool = (
            nn.Sequential(
                nn.Conv2d(width, detour, 1, bias=False),
                nn.GroupNorm(4, detour),
                nn.ReLU(inplace=True),
                nn.Conv2d(detour, width, 1, bias=False),
            )
            if detour
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.pool is not None:
            x = x + self.pool(x)
        return F.relu(self.conv(x) + x)


def _weights(folder: Path, stem: str) -> dict[str, Tensor]:
    path = next(iter(sorted(folder.glob(f"{stem}.*"))))
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return {k: v.float() for k, v in load_file(path).items()}
    loaded = cast(dict[str, Tensor], torch.load(path, map_location="cpu", weights_only=True))
    return {k: v.float() for k, v in loaded.items()}


def _build(weights: dict[str, Tensor], decoder: bool = False) -> nn.Module:
    """A sequence in the weights' own numbering; numbers without weights are the clamp, the ReLU and the upsamplings."""
    last = max(int(key.split(".")[0]) for key in weights)
    modules: list[nn.Module] = []
    for index in range(last + 1):
        own: dict[str, Any] = {k: v for k, v in weights.items() if k.split(".")[0] == str(index)}
        if f"{index}.conv.0.weight" in own:
            detour = own.get(f"{index}.pool.0.weight")
            modules.append(_Block(own[f"{index}.conv.0.weight"].shape[0], None if detour is None else detour.shape[0]))
        elif f"{index}.weight" in own:
            shape = own[f"{index}.weight"].shape
            bias = f"{index}.bias" in own
            # In the encoder, a convolution without bias is the one that halves the size.
            stride = 2 if not bias and not decoder else 1
            modules.append(nn.Conv2d(shape[1], shape[0], 3, stride=stride, padding=1, bias=bias))
        elif index == 0:
            modules.append(_Clamp())
        elif index == 2:
            modules.append(nn.ReLU(inplace=True))
        else:
            modules.append(nn.Upsample(scale_factor=2))
    network = nn.Sequential(*modules)
    network.load_state_dict(weights)
    return network.eval().requires_grad_(False)
