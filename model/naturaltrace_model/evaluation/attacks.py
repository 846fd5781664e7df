"""What someone who wants to fool the detector can do, each as a function of pixels, and what is left of it then.

Recall is the share of generated images that are still flagged, false positives the share of real ones that are flagged;
`spoof` attacks go the other way and try to get real images flagged.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from naturaltrace.detection.detector import Detector
from naturaltrace.detection.result import Detection, PixelLevel
from naturaltrace_model.data.autoencoders import Autoencoder
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.evaluation.rows import decoded
from naturaltrace_model.networks.residuals import ResidualStack
from naturaltrace_model.networks.trace_net import TraceNet

Pixels = NDArray[np.uint8]
_FLAGGED = (PixelLevel.AI, PixelLevel.LIKELY_AI)
_EDGE = 640  # attacks are made on pictures of this size: some are slow


@dataclass(frozen=True, slots=True)
class Attack:
    """`apply` gets an image (H, W, 3) with sides divisible by 8, and its label (1 = generated)."""

    name: str
    words: str
    apply: Callable[[Pixels, int], Pixels]


def every(
    autoencoders: Sequence[Autoencoder], surrogate: TraceNet | None, spectrum: NDArray[np.float32] | None, seed: int = 0
) -> list[Attack]:
    """All attacks for which the means are at hand; `none` comes first."""
    rng = np.random.default_rng(seed)
    noise = torch.Generator().manual_seed(seed)
    found = [
        Attack("none", "nothing is done", lambda p, _: p),
        Attack("jpeg 50", "one JPEG of quality 50", lambda p, _: _jpeg(p, 50)),
        Attack("blur 1", "Gaussian blur of 1 pixel, JPEG 85", lambda p, _: _jpeg(_blur(p, 1.0), 85)),
        Attack("noise 6", "Gaussian noise of 6 grey levels, JPEG 85", lambda p, _: _jpeg(_noise(p, 6.0, rng), 85)),
        Attack("chain", "smaller by a third, blur, noise, JPEG 75, WebP 70", lambda p, _: _chain(p, rng)),
        Attack("screenshot", "shown at an odd size and captured", lambda p, _: _screenshot(p)),
        Attack("recapture", "photographed off a screen: moiré, blur, light, noise", lambda p, _: _recapture(p, rng)),
    ]
    if spectrum is not None:
        found.append(
            Attack("spectrum", "radial spectrum matched to real images", lambda p, _: match_spectrum(p, spectrum))
        )
    for autoencoder in autoencoders[:1]:
        found.append(
            Attack(
                "laundering",
                "through a diffusion model's tiny autoencoder (real ones too: spoofing)",
                lambda p, _, a=autoencoder: _through(a, p, 0.0, noise),
            )
        )
        found.append(
            Attack(
                "laundering, residue",
                "the same, half mixed with the original",
                lambda p, _, a=autoencoder: _mix(p, _through(a, p, 0.0, noise)),
            )
        )
    if surrogate is not None:
        for eps in (2, 4, 8):
            found.append(
                Attack(
                    f"frequency PGD {eps}/255",
                    "gradient steps in the cosine spectrum against another detector; "
                    "generated away from, real towards “generated” (spoofing)",
                    lambda p, label, e=eps: frequency_pgd(surrogate, p, label, e),
                )
            )
    return found


def measure(detector: Detector, samples: Iterable[Sample], attacks: Sequence[Attack]) -> list[dict[str, Any]]:
    """One row per attack: recall, false positives, share answered, AUC, and the change of the image in grey levels."""
    found: dict[str, list[tuple[int, Detection, float]]] = {a.name: [] for a in attacks}
    for sample, image in decoded(samples):
        pixels = _fitting(image.pixels)
        if pixels is None:
            continue
        for attack in tqdm(attacks, leave=False, disable=len(attacks) < 2, mininterval=10):
            changed = attack.apply(pixels, sample.label)
            detection = detector.detect(replace(image, pixels=changed, format="JPEG", byte_count=changed.nbytes))
            same = changed.shape == pixels.shape
            distance = float(np.abs(changed.astype(np.int16) - pixels).mean()) if same else float("nan")
            found[attack.name].append((sample.label, detection, distance))
    return [_row(a, found[a.name]) for a in attacks]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| attack | what is done | generated flagged | real flagged | answered | AUC | change (grey levels) |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        lines.append(
            f"| {r['attack']} | {r['words']} | {r['recall']:.1%} | {r['false_positives']:.1%} | {r['answered']:.1%} "
            f"| {r['auc']:.3f} | {'another size' if np.isnan(r['change']) else format(r['change'], '.1f')} |"
        )
    return "\n".join(lines)


def train_surrogate(crops: Pixels, labels: NDArray[np.int64], steps: int = 150, seed: int = 0) -> TraceNet:
    """A small detector of the attacker's own, of another size than ours and trained from scratch on `crops`: what a
    person without our weights would attack instead."""
    from naturaltrace_model.networks.trace_net import TraceNetConfig

    torch.manual_seed(seed)
    network = TraceNet(TraceNetConfig(widths=(16, 24, 48, 64), depths=(1, 1, 1, 1), embedding=16, prototypes=4))
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3)
    rng = np.random.default_rng(seed)
    sides = [np.flatnonzero(labels == label) for label in (0, 1)]
    network.train()
    for _ in tqdm(range(steps), unit="step", desc="surrogate", mininterval=10):
        rows = np.concatenate([rng.choice(side, 16) for side in sides])
        logit = network(torch.from_numpy(np.ascontiguousarray(crops[rows]))).logit
        loss = F.binary_cross_entropy_with_logits(logit, torch.from_numpy(labels[rows]).float())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    return network.eval().requires_grad_(False)


def frequency_pgd(surrogate: TraceNet, pixels: Pixels, label: int, eps: int, steps: int = 5) -> Pixels:
    """Projected gradient steps on the 8 × 8 cosine coefficients of the whole image, at most `eps` grey levels a pixel.

    After the idea of frequency-based posterior attacks (steps in the spectrum, where detectors look): the sign of the
    gradient is taken coefficient by coefficient, weighted towards high frequencies.
    """
    original = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1).float()
    basis = _cosines()
    weight = (torch.arange(8)[:, None] + torch.arange(8)[None, :]).float() / 14 + 0.2
    change = torch.zeros_like(original)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        x = (original + change).clamp(0, 255).requires_grad_(True)
        logit = _mean_logit(surrogate, x, generator)
        (gradient,) = torch.autograd.grad(logit if label == 0 else -logit, x)
        spectrum = _blocks(gradient, basis)
        step = _unblocks(spectrum.sign() * weight, basis)
        step = step / step.abs().mean().clamp_min(1e-6) * (1.5 * eps / steps)
        change = (change + step).clamp(-eps, eps)
    return (original + change).clamp(0, 255).round().byte().permute(1, 2, 0).contiguous().numpy()


def radial_spectrum(pictures: Iterable[Pixels], bins: int = 64) -> NDArray[np.float32]:
    """The mean log amplitude (bins,) of lumas over radial frequency, 0 to the corner: what real images have."""
    rows = [_radial(_luma(p), bins)[0] for p in pictures]
    return np.mean(rows, axis=0).astype(np.float32)


def match_spectrum(pixels: Pixels, spectrum: NDArray[np.float32], strength: float = 1.0) -> Pixels:
    """The image with its luma's radial spectrum moved to the given one, above the lowest eighth of frequencies."""
    luma = _luma(pixels)
    own, place = _radial(luma, len(spectrum))
    gain = np.exp(np.clip(strength * (spectrum - spectrum[len(spectrum) // 8] - own + own[len(own) // 8]), -1.5, 1.5))
    gain[: len(gain) // 8] = 1.0
    changed = np.fft.ifft2(np.fft.fft2(luma) * gain[place]).real
    return np.clip(pixels + (changed - luma)[:, :, None] + 0.5, 0, 255).astype(np.uint8)


def _row(attack: Attack, found: Sequence[tuple[int, Detection, float]]) -> dict[str, Any]:
    labels = np.array([label for label, _, _ in found])
    flagged = np.array([d.level in _FLAGGED for _, d, _ in found])
    answered = np.array([d.level is not PixelLevel.UNCLEAR for _, d, _ in found])
    judged = np.array([d.probability is not None for _, d, _ in found])
    chance = np.array([d.probability or 0.0 for _, d, _ in found])
    return {
        "attack": attack.name,
        "words": attack.words,
        "generated": int((labels == 1).sum()),
        "real": int((labels == 0).sum()),
        "recall": _share(flagged[labels == 1]),
        "false_positives": _share(flagged[labels == 0]),
        "answered": _share(answered),
        "auc": auc(labels[judged], chance[judged]),
        "change": float(np.mean([d for _, _, d in found])) if found else float("nan"),
    }


def _share(which: NDArray[np.bool_]) -> float:
    return float(which.mean()) if len(which) else float("nan")


def _fitting(pixels: Pixels) -> Pixels | None:
    image = Image.fromarray(pixels)
    scale = min(1.0, _EDGE / max(image.size))
    width, height = (int(side * scale) // 8 * 8 for side in image.size)
    if min(width, height) < 136:
        return None
    if scale < 1:
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image)[:height, :width]


def _jpeg(pixels: Pixels, quality: int, kind: str = "JPEG") -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, quality=quality)
    with Image.open(buffer) as again:
        return np.asarray(again.convert("RGB"))


def _blur(pixels: Pixels, radius: float) -> Pixels:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def _noise(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Pixels:
    return np.clip(pixels + rng.normal(0, sigma, pixels.shape) + 0.5, 0, 255).astype(np.uint8)


def _resize(pixels: Pixels, factor: float, kernel: Image.Resampling) -> Pixels:
    size = (max(136, round(pixels.shape[1] * factor)), max(136, round(pixels.shape[0] * factor)))
    return np.asarray(Image.fromarray(pixels).resize(size, kernel))


def _chain(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    smaller = _blur(_resize(pixels, 2 / 3, Image.Resampling.BICUBIC), 0.6)
    return _jpeg(_jpeg(_noise(smaller, 3.0, rng), 75), 70, "WEBP")


def _screenshot(pixels: Pixels) -> Pixels:
    return _jpeg(_resize(pixels, 0.87, Image.Resampling.BILINEAR), 85)


def _recapture(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A stand-in for a photograph of a screen: a pixel grid seen at another pitch, lens blur, uneven light, sensor
    noise, a JPEG. A real camera adds more."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    grid = 1 + 0.05 * np.sin(2 * np.pi * x / 2.7) * np.sin(2 * np.pi * (y + 0.1 * x) / 2.9)
    light = 0.85 + 0.3 * (x / width * 0.6 + y / height * 0.4)
    lit = (pixels / 255.0) ** 1.08 * (grid * light)[:, :, None] * 255
    soft = _blur(np.clip(lit, 0, 255).astype(np.uint8), 0.8)
    return _jpeg(_noise(soft, 3.0, rng), 88)


def _through(autoencoder: Autoencoder, pixels: Pixels, noise: float, generator: torch.Generator) -> Pixels:
    images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].float() / 255
    rebuilt = autoencoder.reconstruct(images, noise, generator)[0]
    return (rebuilt * 255 + 0.5).byte().permute(1, 2, 0).contiguous().numpy()


def _mix(a: Pixels, b: Pixels) -> Pixels:
    return ((a.astype(np.uint16) + b + 1) // 2).astype(np.uint8)


def _mean_logit(surrogate: TraceNet, x: Tensor, generator: torch.Generator, crops: int = 6) -> Tensor:
    """The surrogate's mean logit on a few random crops of a float image (3, H, W), 0..255, differentiable."""
    _, height, width = x.shape
    taken: list[Tensor] = []
    for _ in range(crops):
        top = int(torch.randint(height - 127, (1,), generator=generator)) // 2 * 2
        left = int(torch.randint(width - 127, (1,), generator=generator)) // 2 * 2
        taken.append(x[:, top : top + 128, left : left + 128])
    batch = torch.stack(taken).permute(0, 2, 3, 1)
    stack: ResidualStack = surrogate.residuals
    features = surrogate.stem(F.pixel_unshuffle(stack(batch), 2))
    return surrogate.heads(surrogate.trunk(features)).logit.mean()


def _cosines() -> Tensor:
    """The orthonormal 8-point DCT-II (8, 8)."""
    k, n = torch.arange(8).float()[:, None], torch.arange(8).float()[None, :]
    basis = torch.cos(torch.pi * (2 * n + 1) * k / 16) * 0.5
    basis[0] /= 2**0.5
    return basis


def _blocks(x: Tensor, basis: Tensor) -> Tensor:
    c, h, w = x.shape
    parts = x.reshape(c, h // 8, 8, w // 8, 8).permute(0, 1, 3, 2, 4)
    return basis @ parts @ basis.T


def _unblocks(spectrum: Tensor, basis: Tensor) -> Tensor:
    parts = basis.T @ spectrum @ basis
    c, rows, columns = parts.shape[:3]
    return parts.permute(0, 1, 3, 2, 4).reshape(c, rows * 8, columns * 8)


def _luma(pixels: Pixels) -> NDArray[np.float32]:
    return (pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)).astype(np.float32)


def _radial(luma: NDArray[np.float32], bins: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Mean log amplitude per radial bin, and each coefficient's bin."""
    amplitude = np.log(np.abs(np.fft.fft2(luma)) / np.sqrt(luma.size) + 1e-3)
    fy, fx = np.fft.fftfreq(luma.shape[0])[:, None], np.fft.fftfreq(luma.shape[1])[None, :]
    place = np.minimum((np.hypot(fy, fx) / 0.7072 * bins).astype(np.int64), bins - 1)
    sums = np.bincount(place.ravel(), amplitude.ravel(), minlength=bins)
    counts = np.maximum(np.bincount(place.ravel(), minlength=bins), 1)
    return sums / counts, place
