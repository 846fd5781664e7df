"""Aligned fakes: real regions passed through autoencoders, worn by the very chain of their real twin."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from naturaltrace_model.data.autoencoders import Autoencoder
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.data.shards import CROPS_PER_REGION, Region, ShardWriter, wear


def add_twins(
    shard: Path, folder: Path, autoencoders: list[Autoencoder], *, seed: int, most: int, batch: int = 8
) -> int:
    """Reconstruct up to `most` of the regions that `shard` kept, each through one autoencoder; the number of crops
    written to `folder`.

    Three in ten get noise in the latent, up to 0.15 of its deviation, which is nearer to what a sampler hands to its
    decoder than a plain round trip is.
    """
    from tqdm import tqdm

    kept = np.load(shard / "regions.npy", mmap_mode="r")[:most]
    with np.load(shard / "regions.npz") as facts:
        numbers, seeds, rescales = facts["number"], facts["seed"], facts["rescale"]
    rng = np.random.default_rng(seed)
    noise = torch.Generator().manual_seed(seed)
    writer = ShardWriter(folder, len(kept) * CROPS_PER_REGION)
    choice = rng.integers(len(autoencoders), size=len(kept))
    for which, autoencoder in enumerate(autoencoders):
        sample = Sample(Path(), "train", 1, "reconstruction", autoencoder.name, autoencoder.name, "", 0, 0, "")
        own = np.flatnonzero(choice == which)
        for start in tqdm(range(0, len(own), batch), desc=autoencoder.name, unit="batch", mininterval=5):
            rows = own[start : start + batch]
            strength = float(rng.uniform(0.02, 0.15)) if rng.random() < 0.3 else 0.0
            rebuilt = _reconstruct(autoencoder, kept[rows], strength, noise)
            for row, pixels in zip(rows, rebuilt, strict=True):
                region = Region(kept[row], int(seeds[row]), float(rescales[row]))
                worn = wear(region, pixels)
                twin = int(numbers[row])
                writer.add(worn, sample, "autoencoder", region=twin, twin=twin, rescale=region.rescale)
    return writer.close(seed=seed, twins_of=shard.name)


def _reconstruct(
    autoencoder: Autoencoder, regions: NDArray[np.uint8], noise: float, generator: torch.Generator
) -> NDArray[np.uint8]:
    images = torch.from_numpy(np.ascontiguousarray(regions)).permute(0, 3, 1, 2).float() / 255
    rebuilt = autoencoder.reconstruct(images, noise, generator)
    return (rebuilt * 255 + 0.5).byte().permute(0, 2, 3, 1).contiguous().numpy()
