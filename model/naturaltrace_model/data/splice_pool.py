"""Pictures and what autoencoders made of them, kept side by side: what splices for the localiser are drawn from.

Reconstructing is the slow part and is done once; masks, edges and wear are drawn anew each time.
"""

import csv
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.errors import ImagingError
from naturaltrace.imaging.page_view import PAGE_EDGE
from naturaltrace_model.data.autoencoders import Autoencoder
from naturaltrace_model.data.manifest import Sample

LEAST_SIDE = 256
_HELD = 8  # every eighth source of the train split is left to calibration: it has kinds of pictures that val lacks
_WINDOW = 288  # pixels of page size that are kept of a picture, at most
_LARGEST = 1024  # long edge that some splices are made at before they are brought to page size
_PHOTOS = 0.65  # of the real pictures; the rest are drawings, screens, memes: what must raise no false alarm


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture: where its pixels begin in the file, its size, what made its twin, and `scale`, which brings it to
    page size. `label` 1 for generated pictures; `number` in the order that the pool is made in."""

    number: int
    offset: int
    height: int
    width: int
    label: int
    scale: float
    autoencoder: str
    source: str
    category: str


@dataclass(frozen=True, slots=True)
class SplicePool:
    """`stores` are flat arrays: each entry's picture, then its twin. `entries` beside the number of their store."""

    entries: tuple[tuple[int, Entry], ...]
    stores: tuple[NDArray[np.uint8], ...]

    @staticmethod
    def open(*folders: Path) -> "SplicePool":
        """What `make` has written so far."""
        entries: list[tuple[int, Entry]] = []
        for number, folder in enumerate(folders):
            with (folder / "entries.csv").open(newline="", encoding="utf-8") as rows:
                entries += [(number, _entry(row)) for row in csv.DictReader(rows)]
        return SplicePool(tuple(entries), tuple(np.memmap(f / "pixels.bin", dtype=np.uint8, mode="r") for f in folders))

    def pair(self, place: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The picture and the twin, each (H, W, 3), of the entry at this place."""
        store, entry = self.entries[place]
        size = entry.height * entry.width * 3
        both = self.stores[store][entry.offset : entry.offset + 2 * size].reshape(2, entry.height, entry.width, 3)
        return both[0], both[1]

    def places(self, label: int) -> list[int]:
        """Where the entries of real (0) or of generated (1) pictures are."""
        return [place for place, (_, entry) in enumerate(self.entries) if entry.label == label]

    def without(self, autoencoder: str) -> "SplicePool":
        """Only what other autoencoders made."""
        return SplicePool(tuple(e for e in self.entries if e[1].autoencoder != autoencoder), self.stores)


def is_held(source: str) -> bool:
    """Whether a source is kept out of the localiser's training: by its name, so that it is the same everywhere."""
    return zlib.crc32(source.encode()) % _HELD == 0


def make(
    samples: Sequence[Sample], autoencoders: Sequence[Autoencoder], folder: Path, real: int, generated: int, seed: int
) -> int:
    """Reconstruct so many real and generated pictures into `folder`, sources by turns; how many it holds. What an
    earlier run of the same arguments left there is continued."""
    from tqdm import tqdm

    folder.mkdir(parents=True, exist_ok=True)
    table, store = folder / "entries.csv", folder / "pixels.bin"
    done = [e for _, e in SplicePool.open(folder).entries] if table.exists() and store.exists() else []
    end = done[-1].offset + 6 * done[-1].height * done[-1].width if done else 0
    names = [f.name for f in fields(Entry)]
    with table.open("a", newline="", encoding="utf-8") as rows, store.open("ab") as pixels:
        pixels.truncate(end)
        writer = csv.DictWriter(rows, names)
        if not done:
            writer.writeheader()
        for number, sample in enumerate(tqdm(_order(samples, real, generated, seed), unit="image", mininterval=10)):
            if done and number <= done[-1].number:
                continue
            rng = np.random.default_rng([seed, number])
            pair = _pair(sample, autoencoders[number % len(autoencoders)], rng)
            if pair is None:
                continue
            picture, twin, scale = pair
            pixels.write(picture.tobytes() + twin.tobytes())
            name = autoencoders[number % len(autoencoders)].name
            height, width = picture.shape[:2]
            entry = Entry(number, end, height, width, sample.label, scale, name, sample.source, sample.category)
            writer.writerow(asdict(entry))
            end += 2 * picture.nbytes
            pixels.flush()
            rows.flush()
    return len(SplicePool.open(folder).entries)


def picture_of(sample: Sample, edge: int = PAGE_EDGE) -> NDArray[np.uint8] | None:
    """The image with a long edge of at most `edge`, sides multiples of 8; None where it can't be read or is small."""
    try:
        pixels = decode(sample.path.read_bytes()).pixels
    except (ImagingError, OSError):
        return None
    image = Image.fromarray(pixels)
    scale = min(1.0, edge / max(image.size))
    width, height = (int(side * scale) // 8 * 8 for side in image.size)
    if min(width, height) < LEAST_SIDE:
        return None
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS) if scale < 1 else image)[:height, :width]


def through(
    autoencoder: Autoencoder, pixels: NDArray[np.uint8], noise: float = 0.0, generator: torch.Generator | None = None
) -> NDArray[np.uint8]:
    """A picture, sides multiples of 8, encoded and decoded; `noise` in the latent, a share of its deviation."""
    images = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255
    rebuilt = autoencoder.reconstruct(images, noise, generator)[0]
    return (rebuilt * 255 + 0.5).byte().permute(1, 2, 0).contiguous().numpy()


def _pair(
    sample: Sample, autoencoder: Autoencoder, rng: Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], float] | None:
    """A window of the picture, its twin, and the scale to page size."""
    edge = PAGE_EDGE if rng.random() < 0.75 else int(rng.integers(PAGE_EDGE, _LARGEST + 1))
    picture = picture_of(sample, edge)
    if picture is None:
        return None
    scale = min(1.0, PAGE_EDGE / max(picture.shape))
    most = int(_WINDOW / scale) // 8 * 8
    height, width = (min(most, side) for side in picture.shape[:2])
    top, left = (int(rng.integers((picture.shape[i] - own) // 8 + 1)) * 8 for i, own in enumerate((height, width)))
    picture = np.ascontiguousarray(picture[top : top + height, left : left + width])
    noise = float(rng.uniform(0.03, 0.2)) if rng.random() < 0.5 else 0.0
    strength = float(rng.uniform(0.9, 1.1)) if rng.random() < 0.2 else 1.0
    return picture, _twin(autoencoder, picture, noise, strength, rng), scale


@torch.no_grad()
def _twin(
    autoencoder: Autoencoder, pixels: NDArray[np.uint8], noise: float, strength: float, rng: Generator
) -> NDArray[np.uint8]:
    """Decoded from a latent with noise, and larger or smaller than the picture's own by `strength`."""
    weight = next(autoencoder.encoder.parameters())
    images = (torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255).to(weight)
    latent = cast(Tensor, autoencoder.encoder(images.contiguous(memory_format=torch.channels_last)))
    spread = float(latent.float().std())
    drawn = torch.from_numpy(rng.standard_normal(latent.shape, dtype=np.float32)).to(latent)
    rebuilt = autoencoder.decoder(latent * strength + drawn * (spread * noise)).float().clamp(0.0, 1.0)[0]
    return (rebuilt * 255 + 0.5).byte().permute(1, 2, 0).contiguous().numpy()


def _order(samples: Sequence[Sample], real: int, generated: int, seed: int) -> list[Sample]:
    """Photographs, other real pictures and generated ones, each by sources (or generators) in turn, mixed."""
    rng = np.random.default_rng(seed)
    photos = round(real * _PHOTOS)
    chosen: list[Sample] = []
    for most, own in (
        (photos, [s for s in samples if s.label == 0 and s.category.startswith("photo")]),
        (real - photos, [s for s in samples if s.label == 0 and not s.category.startswith("photo")]),
        (generated, [s for s in samples if s.label == 1]),
    ):
        groups: dict[str, list[Sample]] = {}
        for i in rng.permutation(len(own)).tolist():
            groups.setdefault(own[i].generator if own[i].label else own[i].source, []).append(own[i])
        longest = max(map(len, groups.values()), default=0)
        chosen += [group[n] for n in range(longest) for group in groups.values() if n < len(group)][:most]
    return [chosen[i] for i in rng.permutation(len(chosen)).tolist()]


def _entry(row: dict[str, str]) -> Entry:
    return Entry(
        int(row["number"]), int(row["offset"]), int(row["height"]), int(row["width"]), int(row["label"]),
        float(row["scale"]), row["autoencoder"], row["source"], row["category"],
    )  # fmt: skip
