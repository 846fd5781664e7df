"""Does the heat map show where? Splices made of held-out images, whose masks are known to the pixel.

Fills are what a decoder made of the place itself (`autoencoder`, with noise in the latent) or of another, generated
picture put there (`generated`). Each is measured in three ways, lossless and re-encoded as JPEG:

- `splice`: the fill laid in with a soft edge, the surroundings the original's. What an image editor does.
- `exchange`: every pixel outside the mask is the original's own, with a hard edge: nothing but the fill can be seen.
- `whole`: no original pixel is left, the surroundings went through the same decoder too, as naive inpainting leaves
  them (the control of INP-X run backwards: a map that sees only decoders must fail here).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from naturaltrace.detection.detector import Detector
from naturaltrace.detection.heatmap import HeatGrid, grid_of, heat_grid
from naturaltrace.detection.localiser import CELL
from naturaltrace.detection.part import Part
from naturaltrace.detection.regions import Region
from naturaltrace.evidence.adviser import standing_out
from naturaltrace.imaging.crops import choose_crops
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.page_view import PAGE_EDGE, page_view
from naturaltrace_model.data.autoencoders import Autoencoder
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.data.splice_pool import picture_of, through
from naturaltrace_model.data.splices import Mask, draw_mask, paste, reencode
from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.training import localiser as localiser_training

# What of a picture most moves how generated it is taken to be.
Saliency: TypeAlias = Callable[[DecodedImage], HeatGrid]
WAYS = ("splice", "exchange", "whole")
LOSSLESS = 0  # in the place of a JPEG quality
QUALITIES = (LOSSLESS, 90, 75)
_NOISE = 0.12  # in the latent, of its deviation
_PHOTOS = "photo"
_DRAWS = 2000  # of the bootstrap


@dataclass(frozen=True, slots=True)
class Case:
    """One spliced picture, not encoded yet: what made the fill, the way, and which pixels it is."""

    number: int
    fill: str
    autoencoder: str
    way: str
    pixels: NDArray[np.uint8]
    mask: Mask

    def encoded(self, quality: int) -> DecodedImage:
        """The picture as a reader meets it: a JPEG of this quality, or lossless."""
        if quality == LOSSLESS:
            return DecodedImage(self.pixels, "PNG", f"{self.number:064x}", self.pixels.nbytes)
        worn = reencode(self.pixels, quality)
        return DecodedImage(worn, "JPEG", f"{self.number:064x}", worn.nbytes)


def cases(
    samples: Sequence[Sample], autoencoders: Sequence[Autoencoder], count: int, seed: int = 0, edge: int = PAGE_EDGE
) -> Iterator[Case]:
    """Splices of about `count` real images with a long edge of at most `edge`, every second with a generated fill; all
    three ways of each."""
    rng = np.random.default_rng(seed)
    noise = torch.Generator().manual_seed(seed)
    real = [s for s in samples if s.label == 0 and s.category.startswith(_PHOTOS)]
    generated = [s for s in samples if s.label == 1]
    order = rng.permutation(len(real))
    made = 0
    for i in order:
        if made >= count:
            return
        picture = picture_of(real[i], edge)
        if picture is None:
            continue
        autoencoder = autoencoders[made % len(autoencoders)]
        mask = draw_mask(rng, picture.shape[0], picture.shape[1], 0.06, 0.35)
        fill = "autoencoder"
        content = picture
        if made % 2:
            other = _filled(generated, picture.shape[:2], rng, edge)
            if other is not None:
                fill, content = "generated", paste(picture, other, mask)
        decoded = through(autoencoder, content, _NOISE if fill == "autoencoder" else 0.0, noise)
        around = decoded if fill == "generated" else through(autoencoder, picture, 0.0, noise)
        for way, pixels in (
            ("splice", paste(picture, decoded, mask, 3.0)),
            ("exchange", paste(picture, decoded, mask)),
            ("whole", paste(around, decoded, mask)),
        ):
            yield Case(made, fill, autoencoder.name, way, pixels, mask)
        made += 1


def measure(
    detector: Detector,
    found: Iterable[Case],
    qualities: Sequence[int] = QUALITIES,
    saliency: Saliency | None = None,
    part: Part | None = None,
) -> list[dict[str, Any]]:
    """Per picture and quality: pixel AUC and the IoU where the map says at least 0.5, the AUC of a map made of the
    detector's crops alone, that of a gradient saliency, and that of a map which is hottest in the middle always; and
    whether a part stands out by `part` whose middle was generated (`told`), or was not (`mistold`)."""
    rows: list[dict[str, Any]] = []
    for case in tqdm(found, unit="image", mininterval=10):
        for quality in qualities:
            image = case.encoded(quality)
            evidence = detector.explain(image)
            if evidence is None or evidence.detection.heat is None:
                continue
            row = {"way": case.way, "quality": quality, "fill": case.fill, "autoencoder": case.autoencoder}
            row |= _scores(evidence.detection.heat.chance, case.mask)
            of_crops = heat_grid(choose_crops(image.pixels), evidence.crops, evidence.views, case.mask.shape)
            region = standing_out(part, evidence.detection, max(case.mask.shape))
            row["told"] = region is not None and _inside(region, case.mask)
            row["mistold"] = region is not None and not row["told"]
            row["middle_auc"] = _scores(_middle(case.mask.shape), case.mask)["auc"]
            row["crops_auc"] = _scores(of_crops.chance, case.mask)["auc"]
            if saliency is not None:
                row["saliency_auc"] = _scores(saliency(image).chance, case.mask)["auc"]
            rows.append(row)
    return rows


def summarise(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means by way and quality, of all and by fill and autoencoder, with 95 % intervals by resampling pictures."""
    found: list[dict[str, Any]] = []
    for way in WAYS:
        for quality in sorted({r["quality"] for r in rows}, key=lambda q: -(q or 101)):
            own = [r for r in rows if r["way"] == way and r["quality"] == quality]
            groups = {"all": own}
            for key in ("fill", "autoencoder"):
                groups |= {f"{key}: {n}": [r for r in own if r[key] == n] for n in sorted({r[key] for r in own})}
            found += [{"way": way, "quality": quality, "of": of, **_mean(group)} for of, group in groups.items()]
    return found


def _inside(region: Region, mask: Mask) -> bool:
    """Whether the middle of a region's box was generated."""
    height, width = mask.shape
    y, x = (region.y + region.height / 2) * height, (region.x + region.width / 2) * width
    return bool(mask[min(height - 1, int(y)), min(width - 1, int(x))])


def _middle(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A map that knows nothing but where the middle is: what any map has to beat."""
    y, x = np.mgrid[-1 : 1 : shape[0] // 16 * 1j, -1 : 1 : shape[1] // 16 * 1j]
    return (1 - (y * y + x * x) / 2).astype(np.float32)


def saliency_of(checkpoint_file: Path) -> Saliency:
    """Gradient times input of what a checkpoint's map adds up to, on the localiser's own grid."""
    network = localiser_training.load(checkpoint_file)

    def grid(image: DecodedImage) -> HeatGrid:
        page = page_view(image.pixels)
        height, width = (side // CELL * CELL for side in page.shape[:2])
        pixels = torch.from_numpy(np.array(page[:height, :width]))[None].float().requires_grad_(True)
        (gradient,) = torch.autograd.grad(network(pixels).sum(), pixels)
        strength = (gradient * (pixels - 128)).abs().sum(-1)
        pooled = torch.nn.functional.avg_pool2d(strength[:, None], CELL)[0, 0].detach().numpy()
        logs = np.log(pooled + 1e-9)
        return grid_of(((logs - logs.mean()) / (logs.std() + 1e-9)).astype(np.float32))

    return grid


def table(figures: Sequence[dict[str, Any]]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| way | saved | of | pictures | pixel AUC (95 %) | IoU at 0.5 | the crops' maps | saliency | the middle "
        "| part told | told elsewhere |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for f in figures:
        if f["pictures"]:
            saved = "lossless" if f["quality"] == LOSSLESS else f"JPEG {f['quality']}"
            lines.append(
                f"| {f['way']} | {saved} | {f['of']} | {f['pictures']} | {f['auc']:.3f} ({f['low']:.3f} to "
                f"{f['high']:.3f}) | {f['iou']:.2f} | {f['crops_auc']:.3f} | {f['saliency_auc']:.3f} "
                f"| {f['middle_auc']:.3f} | {f['told']:.0%} | {f['mistold']:.0%} |"
            )
    return "\n".join(lines)


def _filled(
    generated: Sequence[Sample], shape: tuple[int, ...], rng: np.random.Generator, edge: int
) -> NDArray[np.uint8] | None:
    """A generated picture stretched no more than needed to cover `shape`."""
    for i in rng.permutation(len(generated))[:5]:
        pixels = picture_of(generated[int(i)], edge)
        if pixels is None:
            continue
        image = Image.fromarray(pixels)
        scale = max(shape[0] / image.height, shape[1] / image.width)
        size = (max(shape[1], round(image.width * scale)), max(shape[0], round(image.height * scale)))
        return np.asarray(image.resize(size, Image.Resampling.LANCZOS))[: shape[0], : shape[1]]
    return None


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

    found: dict[str, Any] = {"pictures": len(rows)}
    found |= {name: of(name) for name in ("auc", "iou", "crops_auc", "saliency_auc", "middle_auc", "told", "mistold")}
    if rows:
        values = np.array([r["auc"] for r in rows])
        drawn = np.random.default_rng(0).integers(len(values), size=(_DRAWS, len(values)))
        low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
        found |= {"low": round(float(low), 4), "high": round(float(high), 4)}
    return found
