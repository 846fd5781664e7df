"""The images there are, as one list of samples, whatever set they come from.

Two layouts are read: the pack (`pack.csv` beside its images) and the full set that `collect.py` writes
(`images.csv` beside its images). Splits are by source repository and are taken as they stand, but for what
`naturaltrace-model dedupe` found in two of them (`duplicates.csv`, where it lies beside the table).
"""

import csv
from dataclasses import dataclass
from pathlib import Path

# Generators that share an architecture or a maker tend to share their traces; contrast happens inside a family.
# The order is part of trained checkpoints: append, never reorder.
FAMILIES: tuple[str, ...] = (
    "real",
    "openai",
    "google",
    "midjourney",
    "stable-diffusion",
    "flux",
    "diffusion-transformer",
    "early-diffusion",
    "gan",
    "xai",
    "unknown",
    "autoencoder",
)
_FAMILY_OF = {
    "openai": ("dalle2", "dalle3", "gpt-4o", "gpt-image-1", "gpt-image-2"),
    "google": ("nano-banana", "nano-banana-2", "nano-banana-pro", "gemini-image-unknown", "imagen"),
    "midjourney": ("midjourney",),
    "stable-diffusion": ("sd14", "sd15", "sd2", "sdxl", "sd3", "sd-unknown", "stable-cascade"),
    "flux": ("flux1", "flux2", "chroma"),
    "early-diffusion": (
        "dalle-mini", "latent-diffusion", "glid3-xl", "glide", "disco-diffusion", "majesty-diffusion", "simulacra",
        "vqgan-clip",
    ),
    "gan": ("stylegan2", "stylegan3", "cartoongan", "gan-unknown", "stargan2"),
    "xai": ("grok",),
    "unknown": ("unknown", "other-t2i"),
}  # fmt: skip
_FAMILY_BY_GENERATOR = {g: family for family, generators in _FAMILY_OF.items() for g in generators}


@dataclass(frozen=True, slots=True)
class Sample:
    """One image file. `label` 1 = generated, 0 = real; width and height are the original's."""

    path: Path
    split: str
    label: int
    category: str
    generator: str
    source: str
    sha256: str
    width: int
    height: int
    format: str

    @property
    def family(self) -> str:
        """One of `FAMILIES`."""
        return family_of(self.generator) if self.label else "real"


def family_of(generator: str) -> str:
    """The family of a generator's label; one that has no row is taken for a recent diffusion transformer."""
    return _FAMILY_BY_GENERATOR.get(generator, "diffusion-transformer")


def generators_of(family: str) -> tuple[str, ...]:
    """The generators whose labels are known to be of a family."""
    return _FAMILY_OF[family]


def load(root: Path, splits: tuple[str, ...] = ("train", "val", "test"), *, with_copies: bool = False) -> list[Sample]:
    """The samples of the pack or of the full set under `root`, in the file's order; those that `duplicates.csv` names
    are left out unless `with_copies`.

    Raises FileNotFoundError when `root` holds neither `pack.csv` nor `images.csv`.
    """
    for name, sha, width, height, kind in (
        ("pack.csv", "sha256_of_original", "original_width", "original_height", "original_format"),
        ("images.csv", "sha256", "width", "height", "format"),
    ):
        table = root / name
        if not table.exists():
            continue
        left_out = set[tuple[str, str]]() if with_copies else _given_way(root)
        with table.open(newline="", encoding="utf-8") as rows:
            return [
                Sample(
                    path=root / row["file"],
                    split=row["split"],
                    label=int(row["label"]),
                    category=row["category"],
                    generator=row["generator"],
                    source=row["repo"],
                    sha256=row[sha],
                    width=int(row[width]),
                    height=int(row[height]),
                    format=row[kind],
                )
                for row in csv.DictReader(rows)
                if row["split"] in splits and (row[sha], row["split"]) not in left_out
            ]
    raise FileNotFoundError(f"neither pack.csv nor images.csv in {root}")


def _given_way(root: Path) -> set[tuple[str, str]]:
    """Hash and split of images whose near copy is in a split that matters more."""
    path = root / "duplicates.csv"
    if not path.exists():
        return set()
    with path.open(newline="", encoding="utf-8") as rows:
        return {(row["dropped"], row["dropped_split"]) for row in csv.DictReader(rows)}
