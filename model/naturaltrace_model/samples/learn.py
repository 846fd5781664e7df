"""Training of both networks: about twenty minutes on one CPU core."""

import copy
import sys
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from naturaltrace_model.samples.materials import Views, soft_colours
from naturaltrace_model.samples.networks import SIGMA_DATA, Autoencoder, Denoiser
from naturaltrace_model.samples.photos import MATERIALS


@dataclass
class Generator:
    """The trained pair. Denoising happens in latents that were shifted by `mean` and multiplied by `scale`."""

    autoencoder: Autoencoder
    denoiser: Denoiser
    mean: Tensor  # (1, 6, 1, 1)
    scale: Tensor  # (1, 6, 1, 1)

    def state(self) -> dict[str, Any]:
        """All that `from_state` needs: tensors only, so that it can be loaded without running code."""
        return {
            "autoencoder": self.autoencoder.state_dict(),
            "denoiser": self.denoiser.state_dict(),
            "mean": self.mean,
            "scale": self.scale,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "Generator":
        """The generator that `state` was taken from. Raises RuntimeError where the shapes differ."""
        autoencoder, denoiser = Autoencoder().eval(), _new_denoiser().eval()
        autoencoder.load_state_dict(state["autoencoder"])
        denoiser.load_state_dict(state["denoiser"])
        return cls(autoencoder, denoiser, state["mean"], state["scale"])


def _new_denoiser() -> Denoiser:
    return Denoiser(guide_channels=3 + len(MATERIALS))


def _detail(a: Tensor, b: Tensor) -> Tensor:
    """How far neighbouring-pixel differences disagree; keeps the decoder from blurring."""
    across = (a.diff(dim=3) - b.diff(dim=3)).abs().mean()
    down = (a.diff(dim=2) - b.diff(dim=2)).abs().mean()
    return across + down


def _report(what: str, step: int, steps: int, loss: float, began: float) -> None:
    if step % 100 == 0 or step == steps:
        print(f"{what} {step}/{steps} loss {loss:.4f} {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def learn_autoencoder(steps: int, seed: int) -> Autoencoder:
    torch.manual_seed(seed)
    model = Autoencoder()
    views = Views(size=96, seed=seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-4)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=2e-3, total_steps=steps, pct_start=0.1)
    began = time.monotonic()
    for step in range(1, steps + 1):
        pixels, _ = views.batch(8)
        latents = model.encode(pixels)
        rebuilt = model.decode(latents + 0.05 * torch.randn_like(latents))  # noise makes the decoder forgiving
        loss = (rebuilt - pixels).abs().mean() + _detail(rebuilt, pixels) + 1e-3 * latents.square().mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        plan.step()
        _report("autoencoder", step, steps, loss.item(), began)
    return model.eval()


@torch.no_grad()
def _latent_statistics(model: Autoencoder, seed: int) -> tuple[Tensor, Tensor]:
    pixels, _ = Views(size=192, seed=seed).batch(48)
    latents = model.encode(pixels)
    return latents.mean(dim=(0, 2, 3), keepdim=True), SIGMA_DATA / latents.std(dim=(0, 2, 3), keepdim=True)


def learn_denoiser(autoencoder: Autoencoder, steps: int, seed: int) -> Generator:
    """Trains the denoiser in the autoencoder's latent space; what is kept is its weights' moving average."""
    mean, scale = _latent_statistics(autoencoder, seed)
    torch.manual_seed(seed + 1)
    model = _new_denoiser()
    averaged = copy.deepcopy(model).eval()
    views = Views(size=128, seed=seed + 2)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-4)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=1e-3, total_steps=steps, pct_start=0.1)
    began = time.monotonic()
    for step in range(1, steps + 1):
        pixels, shares = views.batch(8)
        with torch.no_grad():
            clean = (autoencoder.encode(pixels) - mean) * scale
        sigma = (torch.randn(len(clean)) * 1.2 - 0.8).exp()
        s = sigma[:, None, None, None]
        guess = model(clean + s * torch.randn_like(clean), sigma, torch.cat([soft_colours(pixels), shares], dim=1))
        weight = (s**2 + SIGMA_DATA**2) / (s * SIGMA_DATA) ** 2
        loss = (weight * F.mse_loss(guess, clean, reduction="none")).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        plan.step()
        keep = min(0.995, step / (step + 20))
        with torch.no_grad():
            for a, b in zip(averaged.parameters(), model.parameters(), strict=True):
                a.lerp_(b, 1 - keep)
        _report("denoiser", step, steps, loss.item(), began)
    return Generator(autoencoder, averaged, mean, scale)


def learn_generator(autoencoder_steps: int, denoiser_steps: int, seed: int = 20) -> Generator:
    """Trains both networks from scratch. The same seed gives the same pictures on the same machine and torch."""
    return learn_denoiser(learn_autoencoder(autoencoder_steps, seed), denoiser_steps, seed + 1)
