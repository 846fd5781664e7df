"""The whole-image squares of many images, drawn once and kept, so that every new graph can be asked about them quickly.

`views.npy` is uint8 (N, 256, 256, 3); `index.json` says whose they are. Only the global branch looks at them.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from naturaltrace.detection.card import Card
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.result import Traits
from naturaltrace.detection.session import CropSession
from naturaltrace.detection.texture import mean_texture
from naturaltrace.imaging.crops import CROP
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.errors import ImagingError
from naturaltrace.imaging.views import square_views
from naturaltrace_model.data.image_statistics import ImageStatistics
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.evaluation.conditions import MET
from naturaltrace_model.evaluation.rows import decoded
from naturaltrace_model.networks.branches import NaturalTraceDetector


@dataclass(frozen=True, slots=True)
class Entry:
    """One image: its own views are rows `first` to `first + count` of the gallery."""

    split: str
    label: int
    generator: str  # "" for a real image
    family: str
    source: str
    category: str
    sha256: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Embedded:
    """A gallery as one graph sees it: per image `view` (N, E) unit length and `family` (N, F) logits; `texture`
    (N, 2 S) of whole images (`detection.texture`), None where their crops were not seen."""

    entries: tuple[Entry, ...]
    view: NDArray[np.float32]
    family: NDArray[np.float32]
    texture: NDArray[np.int8] | None = None

    def __len__(self) -> int:
        return len(self.entries)

    def where(self, keep: NDArray[np.bool_]) -> "Embedded":
        rows = np.flatnonzero(keep)
        texture = None if self.texture is None else self.texture[rows]
        return Embedded(tuple(self.entries[i] for i in rows), self.view[rows], self.family[rows], texture)

    @property
    def generators(self) -> NDArray[np.str_]:
        return np.array([e.generator for e in self.entries], dtype=np.str_)

    @property
    def splits(self) -> NDArray[np.str_]:
        return np.array([e.split for e in self.entries], dtype=np.str_)


def choose(samples: Sequence[Sample], per_generator: int, real: int, seed: int = 0) -> list[Sample]:
    """At most `per_generator` generated images of each generator and split, by turns over its sources, and `real` real
    ones of each split, by turns over theirs."""
    rng = np.random.default_rng(seed)
    groups: dict[tuple[str, str], dict[str, list[Sample]]] = defaultdict(lambda: defaultdict(list))
    for i in rng.permutation(len(samples)):
        sample = samples[i]
        groups[sample.split, sample.generator][sample.source].append(sample)
    taken: list[Sample] = []
    for (_, generator), sources in sorted(groups.items()):
        most = per_generator if generator else real
        queues = [list(own) for _, own in sorted(sources.items())]
        own: list[Sample] = []
        while len(own) < most and any(queues):
            own += [queue.pop() for queue in queues if queue]
        taken += own[:most]
    return taken


def make(samples: Sequence[Sample], folder: Path) -> int:
    """Draw the views of `samples` into `folder`; the number of images that could be read."""
    folder.mkdir(parents=True, exist_ok=True)
    entries: list[Entry] = []
    views: list[NDArray[np.uint8]] = []
    first = 0
    for sample in tqdm(list(samples), unit="image", mininterval=10):
        try:
            pixels = decode(sample.path.read_bytes()).pixels
        except (ImagingError, OSError):
            continue
        if min(pixels.shape[:2]) < CROP:
            continue
        own = square_views(pixels)
        views.append(own)
        entries.append(_entry(sample, first, len(own)))
        first += len(own)
    np.save(folder / "views.npy", np.concatenate(views))
    (folder / "index.json").write_text(json.dumps([asdict(e) for e in entries]), encoding="utf-8")
    return len(entries)


def embed(folder: Path, card: Card, threads: int | None = None, batch: int = 64) -> Embedded:
    """Ask the card's graph about every image of a gallery. Raises ValueError where the graph gives no embedding."""
    entries = tuple(Entry(**e) for e in json.loads((folder / "index.json").read_text(encoding="utf-8")))
    views: NDArray[np.uint8] = np.load(folder / "views.npy", mmap_mode="r")
    session = CropSession(card, threads)
    crop = np.zeros((1, CROP, CROP, 3), dtype=np.uint8)  # the graph wants one; nothing of it is used
    embeddings: list[NDArray[np.float32]] = []
    families: list[NDArray[np.float32]] = []
    for start in tqdm(range(0, len(views), batch), unit="batch", mininterval=10):
        _, seen = session.run(crop, np.ascontiguousarray(views[start : start + batch]))
        if seen.embedding is None or seen.family is None:
            raise ValueError("this graph gives no embedding of views: export it again with this version")
        embeddings.append(seen.embedding)
        families.append(seen.family)
    return Embedded(entries, _per_image(entries, np.concatenate(embeddings), unit=True),
                    _per_image(entries, np.concatenate(families), unit=False))  # fmt: skip


@torch.no_grad()
def described(folder: Path, samples: Sequence[Sample], detector: NaturalTraceDetector) -> Embedded:
    """The same of images whose statistics `release` has kept (`image_statistics`), as they came and as the web hands
    them on. The detector's encoder must be the one that described them. Raises FileNotFoundError."""
    kept = ImageStatistics.open(folder, samples)
    entries: list[Entry] = []
    embeddings: list[NDArray[np.float32]] = []
    families: list[NDArray[np.float32]] = []
    textures: list[NDArray[np.int8]] = []
    crop = first = used = 0
    for sample, condition, (crops, count) in zip(kept.samples, kept.conditions, kept.counts.tolist(), strict=True):
        if condition in MET:
            of_crops = detector.trace.standard(torch.from_numpy(kept.crops[crop : crop + crops]).float())
            seen = detector.view(torch.from_numpy(kept.views[first : first + count]).float())
            embeddings.append(seen.embedding.numpy())
            families.append(seen.family.numpy())
            textures.append(mean_texture(of_crops.numpy(), seen.features.numpy()))
            entries.append(_entry(sample, used, count))
            used += count
        crop, first = crop + crops, first + count
    return Embedded(tuple(entries), _per_image(entries, np.concatenate(embeddings), unit=True),
                    _per_image(entries, np.concatenate(families), unit=False), np.stack(textures))  # fmt: skip


def looked_at(detector: Detector, samples: Sequence[Sample]) -> Embedded | None:
    """The same of images that the companion's own detector is shown, as they came; None where it judges none of them,
    or its graph hands out no texture."""
    entries: list[Entry] = []
    found: list[Traits] = []
    for sample, image in decoded(samples):
        traits = detector.detect(image).traits
        if traits is not None and traits.texture is not None:
            entries.append(_entry(sample, len(entries), 1))
            found.append(traits)
    if not found:
        return None
    view, family = (np.stack([getattr(t, name) for t in found]) for name in ("view", "family"))
    return Embedded(tuple(entries), view, family, np.stack([t.texture for t in found if t.texture is not None]))


def _entry(sample: Sample, first: int, count: int) -> Entry:
    return Entry(
        sample.split, sample.label, sample.generator, sample.family, sample.source, sample.category, sample.sha256,
        first, count,
    )  # fmt: skip


def _per_image(entries: Sequence[Entry], rows: NDArray[np.float32], *, unit: bool) -> NDArray[np.float32]:
    mean = np.stack([rows[e.first : e.first + e.count].mean(0) for e in entries])
    if unit:
        mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-6)
    return mean.astype(np.float32)
