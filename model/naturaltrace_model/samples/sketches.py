"""What to paint: rough colours and which material goes where. The generator invents everything finer than 32 pixels."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naturaltrace_model.samples.photos import MATERIALS, Pixels

Plane = NDArray[np.float32]  # (height, width)
Colour = tuple[float, float, float]  # sRGB, 0..1


@dataclass(slots=True)
class Sketch:
    """`colours` (H, W, 3) in 0..1, `shares` (materials, H, W) in 0..1 that sum to 1. H and W are multiples of 32."""

    colours: Pixels
    shares: NDArray[np.float32]

    @classmethod
    def plain(cls, height: int, width: int, material: str, top: Colour, bottom: Colour) -> "Sketch":
        """One material, with colours that run from `top` to `bottom`."""
        _, down = _axes(height, width)
        shares = np.zeros((len(MATERIALS), height, width), np.float32)
        shares[list(MATERIALS).index(material)] = 1
        return cls(_blend(down, top, bottom), shares)

    def lay(self, mask: Plane, material: str | None, colour: Pixels | Colour, opacity: float = 1) -> None:
        """Lays colour, and a material where one is named, over the part that `mask` (0..1) covers."""
        over = (mask * opacity)[..., None]
        self.colours = (self.colours * (1 - over) + np.asarray(colour, np.float32) * over).astype(np.float32)
        if material is not None:
            self.shares *= 1 - mask
            self.shares[list(MATERIALS).index(material)] += mask


def _axes(height: int, width: int) -> tuple[Plane, Plane]:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return x / width, y / height


def _blend(share: Plane, zero: Colour, one: Colour) -> Pixels:
    """From colour `zero` where `share` is 0 to colour `one` where it is 1."""
    over = share[..., None]
    return (np.asarray(zero, np.float32) * (1 - over) + np.asarray(one, np.float32) * over).astype(np.float32)


def _ridge(height: int, width: int, level: float, rough: float, seed: int) -> Plane:
    """The ground under a skyline: 1 below a line about `level` (share of the height from the top)."""
    draw = np.random.default_rng(seed)
    x, y = _axes(height, width)
    line = np.full_like(x, level)
    for octave in range(1, 8):
        line += rough / octave**1.3 * np.sin(2 * np.pi * (octave * 0.7 * x + draw.random())) * draw.uniform(0.3, 1)
    return np.clip((y - line) * height / 2 + 0.5, 0, 1).astype(np.float32)


def _glow(height: int, width: int, at: tuple[float, float], size: float, stretch: float = 1) -> Plane:
    x, y = _axes(height, width)
    return np.exp(-(((x - at[0]) / size) ** 2 + ((y - at[1]) / size * stretch) ** 2)).astype(np.float32)


def meadow_at_night() -> Sketch:
    """A meadow and two ranges of hills under a sky full of galaxies."""
    h, w = 672, 896
    s = Sketch.plain(h, w, "stars", (0.015, 0.02, 0.07), (0.30, 0.16, 0.34))
    s.lay(_glow(h, w, (0.68, 0.62), 0.38, 2.2), None, (0.93, 0.55, 0.42), 0.75)
    s.lay(_ridge(h, w, 0.56, 0.035, 4), "stone", (0.17, 0.15, 0.30))
    s.lay(_ridge(h, w, 0.66, 0.03, 11), "stone", (0.10, 0.11, 0.20))
    meadow = _ridge(h, w, 0.76, 0.015, 2)
    _, y = _axes(h, w)
    light = np.clip((y - 0.72) / 0.28, 0, 1).astype(np.float32)
    s.lay(meadow, "grass", _blend(light, (0.09, 0.19, 0.13), (0.20, 0.38, 0.16)))
    return s


def stone_planet() -> Sketch:
    """A pebbled planet, lit from the left, with a small moon."""
    h, w = 512, 512
    s = Sketch.plain(h, w, "stars", (0.02, 0.03, 0.08), (0.05, 0.02, 0.07))
    s.lay(_glow(h, w, (0.25, 0.2), 0.4, 1.4), None, (0.25, 0.12, 0.32), 0.6)
    x, y = _axes(h, w)
    for (cx, cy), radius, material, lit, dark in (
        ((0.56, 0.57), 0.30, "stone", (0.98, 0.62, 0.34), (0.06, 0.03, 0.07)),
        ((0.20, 0.22), 0.075, "fur", (0.85, 0.80, 0.72), (0.05, 0.05, 0.08)),
    ):
        u, v = (x - cx) / radius, (y - cy) / radius
        disc = np.clip((1 - np.hypot(u, v)) * radius * h / 2 + 0.5, 0, 1).astype(np.float32)
        depth = np.sqrt(np.clip(1 - u**2 - v**2, 0, 1))
        shade = np.clip(0.75 * depth - 0.55 * u - 0.35 * v, 0.02, 1).astype(np.float32)
        s.lay(disc, material, _blend(shade, dark, lit))
    return s


def dunes_at_dusk() -> Sketch:
    """Dunes with a fur-like sheen before a dusk sky and a low sun."""
    h, w = 640, 960
    s = Sketch.plain(h, w, "sky", (0.10, 0.17, 0.40), (0.98, 0.62, 0.36))
    s.lay(_glow(h, w, (0.34, 0.50), 0.42, 2.0), None, (1.0, 0.78, 0.45), 0.7)
    s.lay(_glow(h, w, (0.34, 0.47), 0.05, 0.67), None, (1.0, 0.95, 0.80))
    s.lay(_ridge(h, w, 0.55, 0.03, 21), "fur", (0.62, 0.36, 0.27))
    s.lay(_ridge(h, w, 0.66, 0.06, 8), "fur", (0.80, 0.50, 0.30))
    s.lay(_ridge(h, w, 0.84, 0.07, 33), "fur", (0.48, 0.25, 0.18))
    return s


def deep_field() -> Sketch:
    """A field of galaxies that no telescope has seen."""
    h, w = 640, 960
    s = Sketch.plain(h, w, "stars", (0.02, 0.03, 0.06), (0.03, 0.02, 0.05))
    s.lay(_glow(h, w, (0.30, 0.62), 0.42, 1.5), None, (0.36, 0.12, 0.30), 0.8)
    s.lay(_glow(h, w, (0.72, 0.35), 0.36, 1.3), None, (0.10, 0.24, 0.42), 0.8)
    return s


SKETCHES: dict[str, Callable[[], Sketch]] = {
    "meadow": meadow_at_night,
    "planet": stone_planet,
    "dunes": dunes_at_dusk,
    "deep-field": deep_field,
}
