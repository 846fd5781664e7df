"""Made-up shards: weak noise for real crops, strong for generated ones."""

from pathlib import Path

import numpy as np

from naturaltrace_model.baselines.interface import Material
from naturaltrace_model.data.manifest import FAMILIES, Sample
from naturaltrace_model.data.shards import ShardWriter, Worn
from naturaltrace_model.training.batches import Shard

_GENERATORS = {"gan": "stylegan2", "flux": "flux1"}  # released before 2024, and after


def noise_shard(folder: Path, *, regions: int = 144, seed: int = 0, owner: str = "s") -> Shard:
    """Two crops per region; eight sources (`owner`0 …) of one label each, two families, two real categories."""
    rng = np.random.default_rng(seed)
    writer = ShardWriter(folder, 2 * regions)
    for region in range(regions):
        label, kind = region % 2, region // 2 % 2
        noise = rng.normal(0, 25 if label else 4, (2, 128, 128, 3))
        crops = np.clip(128 + noise, 0, 255).astype(np.uint8)
        generator = list(_GENERATORS.values())[kind] if label else ""
        category = "generated" if label else ("photo", "anime-comic")[kind]
        sample = Sample(Path(), "train", label, category, generator, f"{owner}{region % 8}", "", 1, 1, "")
        writer.add(Worn(crops, 0.8), sample, sample.family, region, -1, 0.0)
    writer.close()
    return Shard.open(folder)


def material(folder: Path) -> Material:
    """A shard, and reconstructions of half of its real regions by two autoencoders."""
    train = noise_shard(folder / "train")
    rng = np.random.default_rng(1)
    real = np.unique(train.region[train.label == 0])[::2]
    writer = ShardWriter(folder / "twins", 2 * len(real))
    for number, region in enumerate(real):
        name = ("taesd", "taef1")[number % 2]
        crops = np.clip(128 + rng.normal(0, 25, (2, 128, 128, 3)), 0, 255).astype(np.uint8)
        sample = Sample(Path(), "train", 1, "reconstruction", name, name, "", 0, 0, "")
        writer.add(Worn(crops, 0.8), sample, "autoencoder", int(region), int(region), 0.0)
    writer.close()
    return Material(train, Shard.open(folder / "twins"))


def samples_of_shard(shard: Shard) -> list[Sample]:
    """One sample per generated source, with a generator of its family."""
    found: dict[str, Sample] = {}
    for label, family, source in zip(shard.label, shard.family, shard.source, strict=True):
        if label:
            name = shard.sources[int(source)]
            generator = _GENERATORS[FAMILIES[int(family)]]
            found[name] = Sample(Path(), "train", 1, "generated", generator, name, "", 1, 1, "")
    return list(found.values())
