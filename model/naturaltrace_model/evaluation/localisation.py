"""Does the heat map show where? Splices made of held-out images, whose masks are known to the pixel.

Fills are what a decoder made of the place itself (`autoencoder`, with noise in the latent) or of another, generated
picture put there (`generated`). Each is measured in three ways, all re-encoded at JPEG quality 90:

- `splice`: the fill laid in with a soft edge, the surroundings the original's. What an image editor does.
- `exchange`: every pixel outside the mask is the original's own, with a hard edge: nothing but the fill can be seen.
- `whole`: no original pixel is left, the surroundings went through the same decoder too, as naive inpainting leaves
  them (the control of INP-X run backwards: a map that sees only decoders must fail here).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from naturaltrace.detection.detector import Detector
from naturaltrace.detection.heatmap import HeatGrid, heat_grid
from naturaltrace.detection.session import CropOutputs, ViewOutputs
from naturaltrace.imaging.crops import choose_crops
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.errors import ImagingError
from naturaltrace_model.data.autoencoders import Autoencoder
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.data.splices import Mask, draw_mask, paste, reencode
from naturaltrace_model.evaluation.metrics import auc

# Crops (B, H, W, 3) to a float input (B, C, h, w) that wants a gradient, and the logits (B,) that it leads to.
Saliency: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]
WAYS = ("splice", "exchange", "whole")
_EDGE = 640  # pixels: the longest edge of the pictures, about what a page shows
_LEAST_SIDE = 256
_QUALITY = 90
_NOISE = 0.12  # in the latent, of its deviation
_PHOTOS = "photo"


@dataclass(frozen=True, slots=True)
class Case:
    """One spliced picture: what made the fill, the way, and which pixels it is."""

    fill: str
    autoencoder: str
    way: str
    image: DecodedImage
    mask: Mask


def cases(samples: Sequence[Sample], autoencoders: Sequence[Autoencoder], count: int, seed: int = 0) -> Iterator[Case]:
    """Splices of about `count` real images, every second with a generated fill; all three ways of each."""
    rng = np.random.default_rng(seed)
    noise = torch.Generator().manual_seed(seed)
    real = [s for s in samples if s.label == 0 and s.category.startswith(_PHOTOS)]
    generated = [s for s in samples if s.label == 1]
    order = rng.permutation(len(real))
    made = 0
    for i in order:
        if made >= count:
            return
        picture = _picture(real[i])
        if picture is None:
            continue
        autoencoder = autoencoders[made % len(autoencoders)]
        mask = draw_mask(rng, picture.shape[0], picture.shape[1], 0.06, 0.35)
        fill = "autoencoder"
        content = picture
        if made % 2:
            other = _filled(generated, picture.shape[:2], rng)
            if other is not None:
                fill, content = "generated", paste(picture, other, mask)
        decoded = _through(autoencoder, content, _NOISE if fill == "autoencoder" else 0.0, noise)
        around = decoded if fill == "generated" else _through(autoencoder, picture, 0.0, noise)
        for way, pixels in (
            ("splice", paste(picture, decoded, mask, 3.0)),
            ("exchange", paste(picture, decoded, mask)),
            ("whole", paste(around, decoded, mask)),
        ):
            worn = reencode(pixels, _QUALITY)
            image = DecodedImage(worn, "JPEG", f"{made:064x}", worn.nbytes)
            yield Case(fill, autoencoder.name, way, image, mask)
        made += 1


def measure(detector: Detector, found: Sequence[Case], saliency: Saliency | None = None) -> dict[str, Any]:
    """By way and fill: the mean pixel AUC over images and the mean IoU where the map says at least 0.5; beside them
    the same of a gradient saliency of `saliency`, and by autoencoder."""
    rows: list[dict[str, Any]] = []
    for case in tqdm(found, unit="image", mininterval=10):
        evidence = detector.explain(case.image)
        if evidence is None or evidence.detection.heat is None:
            continue
        row = {"way": case.way, "fill": case.fill, "autoencoder": case.autoencoder}
        row |= _scores(evidence.detection.heat.chance, case.mask)
        row["seen"] = float(evidence.detection.heat.seen.mean())
        if saliency is not None:
            grid = saliency_grid(saliency, case.image, evidence.views)
            row["saliency_auc"] = _scores(grid.chance, case.mask)["auc"]
        rows.append(row)
    return {
        way: {
            "all": _mean([r for r in rows if r["way"] == way]),
            **{
                f"{key}: {name}": _mean([r for r in rows if r["way"] == way and r[key] == name])
                for key in ("fill", "autoencoder")
                for name in sorted({r[key] for r in rows})
            },
        }
        for way in WAYS
    }


def saliency_grid(network: Saliency, image: DecodedImage, views: ViewOutputs) -> HeatGrid:
    """The crop logits' gradient times input, in absolute value, on the heat map's own grid."""
    crops = choose_crops(image.pixels)
    x, logit = network(torch.from_numpy(crops.pixels))
    (gradient,) = torch.autograd.grad(logit.sum(), x)
    strength = (gradient * x).abs().sum(1)
    pooled = torch.nn.functional.avg_pool2d(strength[:, None], 8)[:, 0].detach().numpy()
    logs = np.log(pooled + 1e-9)
    logs = (logs - logs.mean()) / (logs.std() + 1e-9)
    n = len(logs)
    nothing = np.zeros((n, 1), dtype=np.float32)
    rows = CropOutputs(nothing[:, 0], nothing[:, 0], nothing, nothing, nothing, map=logs.astype(np.float32))
    height, width = image.pixels.shape[:2]
    return heat_grid(crops, rows, replace(views, map=None, logit=np.zeros(1, dtype=np.float32)), (height, width))


def saliency_of(checkpoint_file: Path) -> Saliency:
    """What a checkpoint's crops are judged by, ready for a gradient: the detector's own pixels, or, for the network of
    release 0.1.0, its residuals."""
    stored: dict[str, Any] = torch.load(checkpoint_file, map_location="cpu", weights_only=True)
    if "detector" in stored:
        from naturaltrace_model.training import detector as training

        detector = training.load(checkpoint_file)

        def of_detector(crops: Tensor) -> tuple[Tensor, Tensor]:
            x = (crops.permute(0, 3, 1, 2).float() - 128).requires_grad_(True)
            return x, detector.of_crops((x + 128).permute(0, 2, 3, 1)).logit

        return of_detector
    from naturaltrace_model.training import checkpoint

    network, _ = checkpoint.load(checkpoint_file)

    def of_network(crops: Tensor) -> tuple[Tensor, Tensor]:
        x = network.residuals(crops).detach().requires_grad_(True)
        stem = network.stem(torch.nn.functional.pixel_unshuffle(x, 2))
        return x, network.heads(network.trunk(stem)).logit

    return of_network


def table(figures: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    lines = ["| splices | images | pixel AUC | IoU at 0.5 | saliency's AUC | looked at |", "|---|---|---|---|---|---|"]
    for way, groups in figures.items():
        for name, f in groups.items():
            if f["images"]:
                lines.append(
                    f"| {way}, {name} | {f['images']} | {f['auc']:.3f} | {f['iou']:.3f} | {f['saliency_auc']:.3f} "
                    f"| {f['seen']:.0%} |"
                )
    return "\n".join(lines)


def _picture(sample: Sample) -> NDArray[np.uint8] | None:
    """The image at the size of a page, sides multiples of 8; None where it can't be read or is too small."""
    try:
        pixels = decode(sample.path.read_bytes()).pixels
    except (ImagingError, OSError):
        return None
    image = Image.fromarray(pixels)
    scale = min(1.0, _EDGE / max(image.size))
    width, height = (int(side * scale) // 8 * 8 for side in image.size)
    if min(width, height) < _LEAST_SIDE:
        return None
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS) if scale < 1 else image)[:height, :width]


def _filled(generated: Sequence[Sample], shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.uint8] | None:
    """A generated picture stretched no more than needed to cover `shape`."""
    for i in rng.permutation(len(generated))[:5]:
        pixels = _picture(generated[int(i)])
        if pixels is None:
            continue
        image = Image.fromarray(pixels)
        scale = max(shape[0] / image.height, shape[1] / image.width)
        size = (max(shape[1], round(image.width * scale)), max(shape[0], round(image.height * scale)))
        return np.asarray(image.resize(size, Image.Resampling.LANCZOS))[: shape[0], : shape[1]]
    return None


def _through(
    autoencoder: Autoencoder, pixels: NDArray[np.uint8], noise: float, generator: torch.Generator
) -> NDArray[np.uint8]:
    images = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255
    rebuilt = autoencoder.reconstruct(images, noise, generator)[0]
    return (rebuilt * 255 + 0.5).byte().permute(1, 2, 0).contiguous().numpy()


def _scores(chance: NDArray[np.floating[Any]], mask: Mask) -> dict[str, float]:
    """Pixel AUC and IoU of one map, laid over its image."""
    height, width = mask.shape
    laid = np.asarray(Image.fromarray(chance.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC))
    # Every second pixel along both axes: neighbours in so smooth a map tell nothing new.
    flat, truth = laid[::2, ::2].ravel(), mask[::2, ::2].ravel()
    called = flat >= 0.5
    union = (called | truth).sum()
    return {"auc": auc(truth, flat), "iou": float((called & truth).sum() / union) if union else 0.0}


def _mean(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    def of(name: str) -> float:
        known = [r[name] for r in rows if name in r]
        return round(float(np.mean(known)), 4) if known else float("nan")

    return {"images": len(rows), **{name: of(name) for name in ("auc", "iou", "saliency_auc", "seen")}}
