"""What every engine has in common: work comes in as batches of named jobs, outcomes go out as they are found."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from naturaltrace.detection.result import ModelInfo
from naturaltrace.pipeline import Pipeline
from naturaltrace.scan.batch import Job
from naturaltrace.scan.items import Outcome

BATCH = 8  # images that go through the detector together, and that a kill may cost

Work = list[tuple[str, Job]]  # an item's path, and where its bytes are
Done = list[tuple[str, Outcome]]


class EngineFailed(Exception):  # noqa: N818 (it reads as what it says)
    """No image can be judged at all; str(error) says why."""


@dataclass(slots=True)
class Claims:
    """Which bytes are being judged, so that nobody judges the same ones twice. Safe for several threads.

    `unknown` gives those of some hashes that the journal has no outcome for, `known` all that it has one for.
    """

    unknown: Callable[[Sequence[str]], set[str]]
    known: Callable[[], Iterator[str]]
    _owners: dict[str, object] = field(default_factory=dict[str, object])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def claim(self, sha256: str, owner: object) -> bool:
        """Whether `owner` shall judge these bytes."""
        with self._lock:
            if sha256 in self._owners or not self.unknown([sha256]):
                return False
            self._owners[sha256] = owner
            return True

    def release(self, owner: object) -> None:
        """What `owner` has found is written down."""
        with self._lock:
            for sha256 in [s for s, o in self._owners.items() if o is owner]:
                del self._owners[sha256]


class Engine(Protocol):
    def start(self) -> ModelInfo:
        """Load the detector somewhere. Raises EngineFailed."""
        ...

    def judge(self, work: Iterator[Work], claims: Claims) -> Iterator[Done]:
        """Outcomes, batch by batch, in any order. The next batch is asked for once the last is written down."""
        ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Loading:
    """How a worker comes by its pipeline; goes to other processes and machines as it is. Raises as `pipeline_with`."""

    data_dir: Path | None = None
    detector: str | None = None  # the name of an added detector

    def __call__(self, readers: int) -> Pipeline:
        """A pipeline whose files are read in `readers` processes."""
        from naturaltrace.detectors.choose import pipeline_with

        return pipeline_with(self.detector, self.data_dir, readers=readers)
