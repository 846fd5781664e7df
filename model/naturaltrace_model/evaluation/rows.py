"""One row per image and condition: what the shipped code path says of it."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from naturaltrace.detection import aggregate
from naturaltrace.detection.card import Card
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


def detect_all(
    detector: Detector, samples: Iterable[Sample], conditions: Iterable[str], workers: int = 1
) -> Iterator[Row]:
    """Every sample under every condition, through the companion's own decoder and detector.

    More `workers` are processes with a detector of the same card each; rows come in the samples' order all the same.
    """
    for rows in _each(_rows, detector, samples, conditions, workers):
        yield from rows


def features_of(
    detector: Detector, samples: Iterable[Sample], conditions: Iterable[str], workers: int = 1
) -> Iterator[FeatureRow]:
    """The image features that calibration is fitted to; images that the gates turn away give no row."""
    for rows in _each(_feature_rows, detector, samples, conditions, workers):
        yield from rows


def _rows(detector: Detector, sample: Sample, image: DecodedImage, conditions: Sequence[str]) -> list[Row]:
    found = detector.detect_many([under(image, condition) for condition in conditions])
    return [Row(sample, condition, detection) for condition, detection in zip(conditions, found, strict=True)]


def _feature_rows(
    detector: Detector, sample: Sample, image: DecodedImage, conditions: Sequence[str]
) -> list[FeatureRow]:
    found: list[FeatureRow] = []
    for condition in conditions:
        measured = detector.measure(under(image, condition))
        if measured is not None:
            outputs, views = measured
            found.append(FeatureRow(sample, condition, aggregate.features(outputs, views), aggregate.quality(outputs)))
    return found


_T = TypeVar("_T")
_Judge = Callable[[Detector, Sample, DecodedImage, Sequence[str]], list[_T]]


def _each(
    judge: _Judge[_T], detector: Detector, samples: Iterable[Sample], conditions: Iterable[str], workers: int
) -> Iterator[list[_T]]:
    conditions = list(conditions)
    if workers <= 1:
        for sample, image in decoded(samples):
            yield judge(detector, sample, image, conditions)
        return
    listed = list(samples)
    with multiprocessing.get_context("spawn").Pool(workers, _start, (detector.card,)) as pool:
        jobs = ((judge, sample, conditions) for sample in listed)
        unreadable = 0
        for rows in tqdm(pool.imap(_work, jobs, chunksize=4), total=len(listed), unit="image", mininterval=10):
            unreadable += rows is None
            yield rows or []
    if unreadable:
        tqdm.write(f"{unreadable} images could not be read")


_own: list[Detector] = []  # a worker's


def _start(card: Card) -> None:
    _own.append(Detector(card, threads=1))


def _work(job: tuple[_Judge[_T], Sample, Sequence[str]]) -> list[_T] | None:
    judge, sample, conditions = job
    try:
        image = decode(sample.path.read_bytes())
    except (ImagingError, OSError):
        return None
    return judge(_own[0], sample, image, conditions)


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
