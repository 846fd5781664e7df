"""One row per image and condition: what the shipped code path says of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from naturaltrace.detection import aggregate
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.result import Detection
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.errors import ImagingError
from naturaltrace_model.data import manifest
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.evaluation.conditions import under

_IMAGE_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif"}


@dataclass(frozen=True, slots=True)
class Row:
    sample: Sample
    condition: str
    detection: Detection


@dataclass(frozen=True, slots=True)
class FeatureRow:
    sample: Sample
    condition: str
    features: NDArray[np.float64]  # aggregate.FEATURES
    quality: float  # estimated, 0..1


def samples_of(root: Path, split: str) -> list[Sample]:
    """The samples of the pack, of the full set, or of a folder with `real/` and `generated/` in it.

    Raises FileNotFoundError when `root` is none of these.
    """
    if not ((root / "real").is_dir() and (root / "generated").is_dir()):
        return manifest.load(root, (split,))
    return [
        Sample(path, split, label, name, "" if label == 0 else "unknown", path.parent.name, "", 0, 0, "")
        for label, name in enumerate(("real", "generated"))
        for path in sorted((root / name).rglob("*"))
        if path.suffix.lower() in _IMAGE_ENDINGS
    ]


def detect_all(detector: Detector, samples: Iterable[Sample], conditions: Iterable[str]) -> Iterator[Row]:
    """Every sample under every condition, through the companion's own decoder and detector."""
    conditions = list(conditions)
    for sample, image in _decoded(samples):
        worn = [under(image, condition) for condition in conditions]
        for condition, detection in zip(conditions, detector.detect_many(worn), strict=True):
            yield Row(sample, condition, detection)


def features_of(detector: Detector, samples: Iterable[Sample], conditions: Iterable[str]) -> Iterator[FeatureRow]:
    """The image features that calibration is fitted to; images that the gates turn away give no row."""
    conditions = list(conditions)
    for sample, image in _decoded(samples):
        for condition in conditions:
            measured = detector.measure(under(image, condition))
            if measured is not None:
                outputs, views = measured
                yield FeatureRow(sample, condition, aggregate.features(outputs, views), aggregate.quality(outputs))


def _decoded(samples: Iterable[Sample]) -> Iterator[tuple[Sample, DecodedImage]]:
    unreadable = 0
    for sample in tqdm(list(samples), unit="image", mininterval=10):
        try:
            yield sample, decode(sample.path.read_bytes())
        except (ImagingError, OSError) as error:
            unreadable += 1
            tqdm.write(f"left out {sample.path.name}: {error}")
    if unreadable:
        tqdm.write(f"{unreadable} images could not be read")
