"""The encoder's texture statistics of a whole shard, kept on disk: what all judging is then trained on, in minutes."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from tqdm import tqdm

from naturaltrace_model.networks.branches import NaturalTraceDetector

Array = NDArray[np.float16]


@torch.no_grad()
def statistics_of(detector: NaturalTraceDetector, pixels: NDArray[np.uint8]) -> Array:
    """Statistics (N, size) of a batch of pictures (N, S, S, 3), in half precision."""
    device = next(detector.parameters()).device
    with torch.autocast(device.type, torch.bfloat16):
        maps = detector.encoder(torch.from_numpy(pixels).to(device))
    return detector.texture(maps).half().cpu().numpy()


def describe(detector: NaturalTraceDetector, pixels: NDArray[np.uint8], out: Path, side: int | None = None) -> Array:
    """Statistics (N, size) of pictures (N, S, S, 3), written to `out` in half precision; `side` scales them first."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part.npy")
    shape = (len(pixels), detector.texture.size)
    found = np.lib.format.open_memmap(part, mode="w+", dtype=np.float16, shape=shape)
    for start in tqdm(range(0, len(pixels), 64), desc=out.stem, unit="batch", mininterval=20):
        batch = scaled(np.asarray(pixels[start : start + 64]), side)
        found[start : start + len(batch)] = statistics_of(detector, batch)
    found.flush()
    part.replace(out)
    return np.load(out, mmap_mode="r")


def standardise(standard: nn.Module, statistics: Array, most: int = 20000) -> None:
    """Set mean and deviation of a `Standard` from an even sample of these rows."""
    rows = np.linspace(0, len(statistics) - 1, num=min(most, len(statistics))).astype(np.int64)
    sample = torch.from_numpy(np.asarray(statistics[rows])).float()
    standard.get_buffer("mean").copy_(sample.mean(0))
    standard.get_buffer("deviation").copy_(sample.std(0) + 1e-3)


def drawn(folder: Path, file: str) -> NDArray[np.uint8]:
    """The pictures of a shard or of views, mapped: files are made for more than was drawn in the end."""
    with np.load(folder / "index.npz") as index:
        count = len(index["label"])
    return np.load(folder / file, mmap_mode="r")[:count]


def scaled(batch: NDArray[np.uint8], side: int | None) -> NDArray[np.uint8]:
    """Pictures (N, S, S, 3) at (N, side, side, 3); as they are where `side` is None."""
    if side is None or side == batch.shape[1]:
        return batch
    found = [Image.fromarray(p).resize((side, side), Image.Resampling.LANCZOS) for p in batch]
    return np.stack([np.asarray(p) for p in found])
