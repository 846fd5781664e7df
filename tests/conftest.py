"""Fixtures that several rooms share: few, and named for what they are."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from naturaltrace.storage.paths import DataFolder
from tests.daemon.serving import Served, serving


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A data folder of the test's own, not made yet."""
    return DataFolder(tmp_path / "data")


@pytest.fixture
async def served(folder: DataFolder) -> AsyncIterator[Served]:
    """The application on a real loopback port, with a small stand-in for the detector and one paired browser."""
    folder.create()
    async with serving(folder) as it:
        yield it
