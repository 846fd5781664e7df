"""Small sets of images on disk, and rows as a detector would give them, for the tests of measuring."""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from naturaltrace.detection.result import Detection, ModelInfo, PixelLevel
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.evaluation.rows import Row
from tests.daemon.images import photo

MODEL = ModelInfo("natural-trace", "0.0.0")


def saved(
    folder: Path, name: str, image: Image.Image, *, split: str = "train", label: int = 0, source: str = "o/r"
) -> Sample:
    """Writes the image (its ending chooses the format) and describes it."""
    path = folder / name
    image.save(path)
    data = path.read_bytes()
    with Image.open(io.BytesIO(data)) as opened:
        kind = opened.format or ""
    generator = "sdxl" if label else ""
    category = "generated" if label else "photo"
    digest = hashlib.sha256(data).hexdigest()
    return Sample(path, split, label, category, generator, source, digest, *image.size, kind)


def picture(seed: int, size: tuple[int, int] = (200, 160)) -> Image.Image:
    return photo(*size, seed=seed)


def row(
    number: int,
    label: int,
    chance: float | None,
    *,
    condition: str = "clean",
    level: PixelLevel = PixelLevel.UNCLEAR,
    generator: str = "sdxl",
    category: str = "photo",
) -> Row:
    """What a detector said of a made-up image."""
    sample = Sample(
        Path(f"{number}.png"), "test", label, category if not label else "generated", generator if label else "",
        f"owner/{number % 4}", f"{number:064x}", 300, 200, "PNG",
    )  # fmt: skip
    return Row(sample, condition, Detection(level, chance, MODEL))


def rows(count: int = 40, conditions: Sequence[str] = ("clean",)) -> list[Row]:
    """Half real, half generated; the probability is mostly right."""
    made: list[Row] = []
    for condition in conditions:
        for i in range(count):
            label = i % 2
            chance = (0.8 if label else 0.2) + (i % 7 - 3) * 0.06 * (1 if i % 3 else 2)
            level = PixelLevel.LIKELY_AI if chance > 0.7 else PixelLevel.NO_SIGN if chance < 0.2 else PixelLevel.UNCLEAR
            generator = ("dalle2", "sdxl", "flux1")[i // 2 % 3]
            category = ("photo", "photo-face", "art", "<b>odd</b>")[i // 2 % 4]
            made.append(row(i, label, chance, condition=condition, level=level, generator=generator, category=category))
    return made
