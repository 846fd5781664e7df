"""Small worn squares of whole images: what the detector sees of the whole.

`views.npy` is uint8 (N, S, S, 3); `index.npz` holds `label`, `family`, `source` and `category` per view, the last two
into the lists in `meta.json`.
"""

import json
import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from tqdm import tqdm

from naturaltrace.imaging.views import VIEW, shrink
from naturaltrace_model.data import degrade
from naturaltrace_model.data.manifest import FAMILIES, Sample
from naturaltrace_model.data.shards import plan_regions


def build(
    samples: list[Sample],
    folder: Path,
    *,
    budget: int,
    seed: int,
    workers: int,
    size: int = VIEW,
) -> int:
    """Draw about `budget` views per class, squares of `size` pixels, into `folder`; the number of views."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = plan_regions(samples, budget, most=4)
    order = np.random.default_rng(seed).permutation(len(samples))
    jobs = [(samples[i], counts[i], seed, size) for i in order]
    shape = (sum(counts), size, size, 3)
    views = np.lib.format.open_memmap(folder / "views.npy", mode="w+", dtype=np.uint8, shape=shape)
    sources: dict[str, int] = {}
    categories: dict[str, int] = {}
    rows: list[tuple[int, int, int, int]] = []
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        bar = tqdm(pool.imap(_draw, jobs, chunksize=8), total=len(jobs), desc="views", unit="image", mininterval=10)
        for (sample, *_), drawn in zip(jobs, bar, strict=True):
            for view in drawn:
                views[len(rows)] = view
                source = sources.setdefault(sample.source, len(sources))
                category = categories.setdefault(sample.category, len(categories))
                rows.append((sample.label, FAMILIES.index(sample.family), source, category))
    columns: list[Any] = [np.array(c) for c in zip(*rows, strict=True)]
    np.savez(folder / "index.npz", **dict(zip(("label", "family", "source", "category"), columns, strict=True)))
    meta = {"sources": list(sources), "categories": list(categories), "seed": seed}
    (folder / "meta.json").write_text(json.dumps(meta, indent=1), encoding="utf-8")
    return len(rows)


def _draw(job: tuple[Sample, int, int, int]) -> list[NDArray[np.uint8]]:
    sample, count, seed, size = job
    rng = np.random.default_rng([seed, int(sample.sha256[:12], 16)])
    try:
        with Image.open(sample.path) as opened:
            # JPEG's own scaled decoding: at this size it differs from the full one by less than any wear does.
            opened.draft("RGB", (700, 700))
            image = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return []
    short = min(image.size)
    if short < degrade.SMALLEST:
        return []
    views: list[NDArray[np.uint8]] = []
    for _ in range(count):
        side = int(short * rng.uniform(0.7, 1.0))
        corner = (int(rng.integers(image.width - side + 1)), int(rng.integers(image.height - side + 1)))
        piece = image.crop((*corner, corner[0] + side, corner[1] + side))
        # The chain is meant for pixels as they are; it works at a size between the view's and the image's.
        work = int(np.clip(np.exp(rng.uniform(np.log(200), np.log(640))), degrade.SMALLEST, side))
        piece = degrade.apply(degrade.draw_chain(rng), piece.resize((work, work), degrade.draw_kernel(rng)))
        views.append(shrink(piece, (0, 0), min(piece.size), size))
    return views
