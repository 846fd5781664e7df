"""Does this device compute what the release computed? A runtime is believed only after this.

The reference is made at release time by the CPU provider, from crops and views that this file draws, and lies beside
the card. Where it is missing or belongs to another graph, the CPU provider of this machine makes it, once. The graph in
eight bits has a reference of its own, of exact sums: there the CPU itself is in question (`strayed`).
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.runtime.base import TEXTURE, Runtime
from naturaltrace.imaging.crops import CROP
from naturaltrace.imaging.views import VIEW

# Wide enough for half-precision convolutions (about 1e-3), narrow enough that no threshold of a card moves visibly.
RELATIVE, ABSOLUTE = 0.02, 0.02

Outputs = dict[str, NDArray[np.float32]]


def inputs() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Four crops and one view: smooth shapes, noise, edges, flat. The same everywhere and for ever."""
    crops = np.stack([_smooth(CROP, 1), _smooth(CROP, 5), _noisy(CROP), _edges(CROP)])
    return crops, _smooth(VIEW, 3)[None]


def outputs_of(runtime: Runtime, names: Sequence[str] | None = None) -> Outputs:
    """All outputs where no names are given, but for single statistics: in deviations, a steady one strays further than
    anything that is made of all of them, and these are compared."""
    wanted = tuple(names or (name for name in runtime.outputs if name not in TEXTURE))
    return dict(zip(wanted, runtime.run(wanted, *inputs()), strict=True))


def differences(runtime: Runtime, reference: Outputs) -> list[str]:
    """The outputs that differ beyond tolerance, in words; empty when all is well."""
    found: list[str] = []
    for name, value in outputs_of(runtime, tuple(reference)).items():
        expected = reference[name]
        if value.shape != expected.shape or not np.isfinite(value).all():
            found.append(f"{name} has another shape or is no number")
        elif not np.allclose(value, expected, rtol=RELATIVE, atol=ABSOLUTE):
            found.append(f"{name} is off by {float(np.abs(value - expected).max()):.3g}")
    return found


def strayed(runtime: Runtime, reference: Outputs, tolerance: Mapping[str, float]) -> list[str]:
    """The outputs of a graph in eight bits that stray (root mean square) from the reference further than they may.

    Single values can't be held to anything: two machines that are both right round a few maps' values to another of
    256 steps. Sums that overflow, or another graph, move whole outputs.
    """
    found: list[str] = []
    for name, value in outputs_of(runtime, tuple(reference)).items():
        expected = reference[name]
        if value.shape != expected.shape or not np.isfinite(value).all():
            found.append(f"{name} has another shape or is no number")
        elif not (off := root_mean_square(value - expected)) <= tolerance.get(name, 0.0):  # nor is NaN
            found.append(f"{name} is off by {off:.3g}")
    return found


def root_mean_square(values: NDArray[np.floating[Any]]) -> float:
    return float(np.sqrt(np.square(values, dtype=np.float64).mean()))


def write(path: Path, graph: bytes, reference: Outputs) -> None:
    """Keep a reference for the graph with these bytes. Raises OSError."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, graph=np.array(_name(graph)), **reference)
    path.write_bytes(buffer.getvalue())


def read(path: Traversable | Path, graph: bytes) -> Outputs | None:
    """The reference that was kept for this graph; None where there is none."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
            if str(kept["graph"]) != _name(graph):
                return None
            return {name: kept[name].astype(np.float32) for name in kept.files if name != "graph"}
    except (OSError, ValueError, KeyError):
        return None
    except Exception:  # a damaged zip raises what it likes
        return None


def _name(graph: bytes) -> str:
    return hashlib.sha256(graph).hexdigest()


def _grid(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.mgrid[0:size, 0:size].astype(np.float64)
    return y, x


def _smooth(size: int, step: int) -> NDArray[np.uint8]:
    y, x = _grid(size)
    waves = [np.sin(x / (7 + step + c)) + np.cos(y / (11 + step * c)) for c in range(3)]
    return np.clip(np.stack(waves, axis=-1) * 60 + 128, 0, 255).astype(np.uint8)


def _noisy(size: int) -> NDArray[np.uint8]:
    """Noise by whole numbers: no library promises the same random ones for ever, nor the last digit of a sine."""
    y, x, c = np.meshgrid(*(np.arange(n, dtype=np.uint32) for n in (size, size, 3)), indexing="ij")
    mixed = x * np.uint32(374761393) + y * np.uint32(668265263) + c * np.uint32(2246822519)
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(1274126177)
    return ((mixed ^ (mixed >> np.uint32(16))) % np.uint32(96) + np.uint32(80)).astype(np.uint8)


def _edges(size: int) -> NDArray[np.uint8]:
    y, x = _grid(size)
    board = ((x // 9 + y // 13) % 2) * 180 + 30
    return np.stack([board, 255 - board, np.roll(board, 5, axis=1)], axis=-1).astype(np.uint8)
