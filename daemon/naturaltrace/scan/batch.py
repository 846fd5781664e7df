"""From references to outcomes: the code that every engine runs, on this machine or on a cluster.

Reading and decoding go on for many images at once; the detector is shown a batch.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from naturaltrace.imaging.errors import ImagingError
from naturaltrace.pipeline import Pipeline
from naturaltrace.sandbox.reading import Reading
from naturaltrace.scan.items import Outcome, Ref, Unjudged
from naturaltrace.scan.reading import Reader


@dataclass(frozen=True, slots=True)
class Job:
    """One item as an engine hands it on; `data` where the bytes had to be read beforehand."""

    ref: Ref
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    pixels_only: bool = False
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Taken:
    """A job halfway: read and prepared (`reading`), or ended (`error`), or left to another (neither)."""

    sha256: str | None
    reading: Reading | None = None
    error: Unjudged | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of one job."""

    sha256: str
    data: bytes


def fetch(reader: Reader, job: Job) -> Fetched | Unjudged:
    """The job's bytes, or why there are none. Each thread needs a `reader` of its own."""
    data = reader.read(job.ref) if job.data is None else job.data
    if isinstance(data, Unjudged):
        return data
    return Fetched(hashlib.sha256(data).hexdigest(), data)


def take(pipeline: Pipeline, fetched: Fetched | Unjudged, settings: Settings, *, ours: bool) -> Taken:
    """Decode one file and prepare it for the detector, unless its bytes are not `ours`. Never raises for a file.

    Several threads may do this at the same time.
    """
    if isinstance(fetched, Unjudged):
        return Taken(None, error=fetched)
    if not ours:
        return Taken(fetched.sha256)
    try:
        return Taken(fetched.sha256, pipeline.read(fetched.data, pixels_only=settings.pixels_only))
    except ImagingError as error:
        return Taken(fetched.sha256, error=Unjudged(error.type, str(error)))
    except Exception as error:  # one file that defeats us must not cost the others their verdicts
        return Taken(fetched.sha256, error=_internal(error))


def conclude(pipeline: Pipeline, taken: Sequence[Taken], settings: Settings) -> list[Outcome]:
    """One outcome each, in order; all images go through the detector together."""
    readings = [t.reading for t in taken if t.reading is not None]
    verdicts = iter(_verdicts(pipeline, readings, settings))
    outcomes: list[Outcome] = []
    for each in taken:
        found = next(verdicts) if each.reading is not None else each.error
        if isinstance(found, Unjudged):
            outcomes.append(Outcome(each.sha256, error=found))
        else:
            outcomes.append(Outcome(each.sha256, verdict=found))
    return outcomes


def _verdicts(pipeline: Pipeline, readings: Sequence[Reading], settings: Settings) -> list[dict[str, Any] | Unjudged]:
    if not readings:
        return []
    try:
        found = pipeline.detect(readings)
        return [lasting(pipeline.tell(each, language=settings.language).to_json()) for each in found]
    except Exception as error:
        if len(readings) == 1:
            return [_internal(error)]
        # One of them defeats the detector: the others are judged without it.
        return [verdict for reading in readings for verdict in _verdicts(pipeline, [reading], settings)]


def lasting(verdict: dict[str, Any]) -> dict[str, Any]:
    """What of a verdict is the same whenever and wherever it is found: no timings, no links."""
    return {name: value for name, value in verdict.items() if name not in ("timing_ms", "cached", "heatmap")}


def _internal(error: Exception) -> Unjudged:
    return Unjudged("internal", f"Natural Trace failed on this file ({type(error).__name__}: {error}).")
