"""What every runtime offers."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

TEXTURE = ("crop_texture", "view_texture")  # outputs that a graph may have: of the crops, of the views


class RuntimeUnavailable(Exception):  # noqa: N818 (it reads as what it says)
    """This machine can't run the graph that way; str(error) says why."""


class Runtime(Protocol):
    """A loaded graph. `device` is one of `devices.available()`; `outputs` are the graph's names. Not for two threads at
    once."""

    device: str
    outputs: tuple[str, ...]

    def run(
        self, names: Sequence[str], crops: NDArray[np.uint8], views: NDArray[np.uint8]
    ) -> list[NDArray[np.float32]]:
        """`crops` (N, 128, 128, 3), `views` (M, 256, 256, 3); the named outputs, in that order."""
        ...
