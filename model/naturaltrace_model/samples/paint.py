"""From a sketch to a picture: the denoiser walks from noise to latents under its guide, the decoder draws."""

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from naturaltrace_model.samples.learn import Generator
from naturaltrace_model.samples.materials import soft_colours
from naturaltrace_model.samples.networks import FACTOR, LATENT_CHANNELS
from naturaltrace_model.samples.sketches import Sketch

# The walk ends early: what the small denoiser would do below this noise level is mostly grain.
SIGMA_MAX, SIGMA_MIN, RHO = 20.0, 0.15, 7.0


@torch.no_grad()
def paint(generator: Generator, sketch: Sketch, seed: int, steps: int = 12) -> NDArray[np.uint8]:
    """A picture (H, W, 3) of the sketch's size, by Heun's method on the EDM schedule (Karras et al. 2022, alg. 1)."""
    colours = torch.from_numpy(sketch.colours).permute(2, 0, 1)[None] * 2 - 1
    guide = torch.cat([soft_colours(colours), F.avg_pool2d(torch.from_numpy(sketch.shares)[None], FACTOR)], dim=1)
    ramp = torch.linspace(SIGMA_MAX ** (1 / RHO), SIGMA_MIN ** (1 / RHO), steps) ** RHO
    sigmas = [*ramp.tolist(), 0.0]
    height, width = guide.shape[-2:]
    noise = torch.Generator().manual_seed(seed)
    x = sigmas[0] * torch.randn(1, LATENT_CHANNELS, height, width, generator=noise)
    for now, then in pairwise(sigmas):
        slope = (x - generator.denoiser(x, torch.tensor([now]), guide)) / now
        ahead = x + (then - now) * slope
        if then > 0:
            slope_there = (ahead - generator.denoiser(ahead, torch.tensor([then]), guide)) / then
            ahead = x + (then - now) * (slope + slope_there) / 2
        x = ahead
    pixels = generator.autoencoder.decode(x / generator.scale + generator.mean)
    return ((pixels[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()
