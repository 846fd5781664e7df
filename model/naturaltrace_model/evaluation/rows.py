"""One row per image and condition: what the shipped code path says of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from naturaltrace.detection import aggregate
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.result import Detection
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.errors import ImagingError
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.evaluation.conditions import under
from naturaltrace_model.evaluation.sets import samples_of as samples_of


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


def detect_all(detector: Detector, samples: Iterable[Sample], conditions: Iterable[str]) -> Iterator[Row]:
    """Every sample under every condition, through the companion's own decoder and detector."""
    conditions = list(conditions)
    for sample, image in decoded(samples):
        worn = [under(image, condition) for condition in conditions]
        for condition, detection in zip(conditions, detector.detect_many(worn), strict=True):
            yield Row(sample, condition, detection)


def features_of(detector: Detector, samples: Iterable[Sample], conditions: Iterable[str]) -> Iterator[FeatureRow]:
    """The image features that calibration is fitted to; images that the gates turn away give no row."""
    conditions = list(conditions)
    for sample, image in decoded(samples):
        for condition in conditions:
            measured = detector.measure(under(image, condition))
            if measured is not None:
                outputs, views = measured
                yield FeatureRow(sample, condition, aggregate.features(outputs, views), aggregate.quality(outputs))


def decoded(samples: Iterable[Sample]) -> Iterator[tuple[Sample, DecodedImage]]:
    unreadable = 0
    for sample in tqdm(list(samples), unit="image", mininterval=10):
        try:
            yield sample, decode(sample.path.read_bytes())
        except (ImagingError, OSError) as error:
            unreadable += 1
            tqdm.write(f"left out {sample.path.name}: {error}")
    if unreadable:
        tqdm.write(f"{unreadable} images could not be read")
