"""The pipeline around the bundled detector, or around one that the user has added."""

from dataclasses import replace
from pathlib import Path

from naturaltrace.pipeline import Pipeline
from naturaltrace.sandbox.pool import ReaderPool
from naturaltrace.storage.paths import DataFolder


def pipeline_with(name: str | None, data_dir: Path | None, *, readers: int = 1) -> Pipeline:
    """`name` None means the bundled one; files are read by `readers` at a time.

    Raises CardError, or UnknownDetector where no such detector was added.
    """
    released = Pipeline.released(data_dir)
    if name is None:
        return replace(released, reader=ReaderPool(data_dir, size=readers))
    from naturaltrace.detectors.reader import WholeReader
    from naturaltrace.detectors.registry import Registry

    detector = Registry(DataFolder.at(data_dir)).open(name)
    reader = WholeReader(detector.card.input, data_dir)
    # The adviser speaks of what the bundled detector sees.
    return replace(released, detector=detector, reader=reader, enrich=None)
