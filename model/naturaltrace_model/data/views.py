"""Small worn squares of whole images for the global branch, with a teacher's features beside them.

`views.npy` is uint8 (N, S, S, 3); `index.npz` holds `label`, `family` and `source` per view; `teacher.npy`, where
a teacher was given, uint8 (N, 1280): its pooled features, of which nothing but training is made.
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

TEACHER_FEATURES = 1280
_TEACHER_TENSOR = "MobilenetV2/Logits/AvgPool"


def build(
    samples: list[Sample],
    folder: Path,
    *,
    budget: int,
    seed: int,
    workers: int,
    size: int = VIEW,
    teacher: Path | None = None,
) -> int:
    """Draw about `budget` views per class, squares of `size` pixels, into `folder`; the number of views."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = plan_regions(samples, budget, most=4)
    order = np.random.default_rng(seed).permutation(len(samples))
    jobs = [(samples[i], counts[i], seed, size) for i in order]
    shape = (sum(counts), size, size, 3)
    views = np.lib.format.open_memmap(folder / "views.npy", mode="w+", dtype=np.uint8, shape=shape)
    watched = np.lib.format.open_memmap(
        folder / "teacher.npy", mode="w+", dtype=np.uint8, shape=(shape[0] if teacher else 0, TEACHER_FEATURES)
    )
    ask = _Teacher(teacher) if teacher else None
    sources: dict[str, int] = {}
    rows: list[tuple[int, int, int]] = []
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        bar = tqdm(pool.imap(_draw, jobs, chunksize=8), total=len(jobs), desc="views", unit="image", mininterval=10)
        for (sample, *_), drawn in zip(jobs, bar, strict=True):
            for view in drawn:
                views[len(rows)] = view
                if ask is not None:
                    watched[len(rows)] = ask(view)
                source = sources.setdefault(sample.source, len(sources))
                rows.append((sample.label, FAMILIES.index(sample.family), source))
    columns: list[Any] = [np.array(c) for c in zip(*rows, strict=True)]
    np.savez(folder / "index.npz", **dict(zip(("label", "family", "source"), columns, strict=True)))
    (folder / "meta.json").write_text(json.dumps({"sources": list(sources), "seed": seed}, indent=1), encoding="utf-8")
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


class _Teacher:
    """MobileNetV2's pooled features of one view, uint8 (1280,)."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter  # pyright: ignore

        self._net: Any = Interpreter(str(path), num_threads=1, experimental_preserve_all_tensors=True)
        self._net.allocate_tensors()
        self._input = int(self._net.get_input_details()[0]["index"])
        named = {t["name"]: int(t["index"]) for t in self._net.get_tensor_details()}
        self._features = named[_TEACHER_TENSOR]

    def __call__(self, view: NDArray[np.uint8]) -> NDArray[np.uint8]:
        large = Image.fromarray(view).resize((224, 224), Image.Resampling.BICUBIC)
        self._net.set_tensor(self._input, np.asarray(large)[None])
        self._net.invoke()
        return self._net.get_tensor(self._features).reshape(-1)
