"""The localiser: its own small graph, which sees the whole image at page size and says where it differs from itself.

It has a card of its own and is released by itself. It is an extra: without it the heat map is made of the detector's
own maps, and a localiser that is damaged or computes something else here is not used.
"""

import json
import logging
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.card import RELEASED_PACKAGE, CardError, graph_bytes
from naturaltrace.detection.part import Part
from naturaltrace.detection.runtime.base import RuntimeUnavailable
from naturaltrace.detection.runtime.onnx_runtime import cpu_session, default_threads

SCHEMA = 1
FOLDER = "map"  # beside the detector's card
CARD = "card.json"
CELL = 16  # pixels of the page view that one value stands for
_TOLERANCE = 0.02  # log-odds, of the self-test
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LocaliserCard:
    """One release. `slope` and `shift` make the graph's logits honest log-odds; `answers` (4, 4) is what the graph
    makes of the self-test's picture; `raw` is the whole JSON."""

    name: str
    version: str
    graph: Traversable
    sha256: str
    slope: float
    shift: float
    part: Part
    answers: tuple[tuple[float, ...], ...]
    raw: dict[str, Any]


class Localiser:
    """Runs one card's graph on the processor. Raises CardError where the graph is missing, another one, or computes
    something else here than it did at release. Not for two threads at once."""

    def __init__(self, card: LocaliserCard, threads: int | None = None) -> None:
        self.card = card
        try:
            self._session: Any = cpu_session(graph_bytes(card.graph, card.sha256), threads or default_threads())
        except RuntimeUnavailable as error:
            raise CardError(f"the localiser's graph can't be run: {error}") from error
        answers = np.array(card.answers, dtype=np.float32)
        found = self._run(known_picture())
        if found.shape != answers.shape or not np.allclose(found, answers, atol=_TOLERANCE, rtol=_TOLERANCE):
            raise CardError("the localiser computes something else here than at its release")

    def log_odds(self, page: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The page view uint8 (H, W, 3) to the log-odds that each of its cells of 16 pixels was generated,
        (ceil(H / 16), ceil(W / 16))."""
        return self._run(page) * np.float32(self.card.slope) + np.float32(self.card.shift)

    def _run(self, page: NDArray[np.uint8]) -> NDArray[np.float32]:
        height, width = page.shape[:2]
        padding = ((0, -height % CELL), (0, -width % CELL), (0, 0))
        whole = np.pad(page, padding, mode="edge") if any(after for _, after in padding) else page
        (found,) = self._session.run(["map"], {"picture": np.ascontiguousarray(whole)[None]})
        return cast("NDArray[np.float32]", found[0])


def released_card() -> LocaliserCard | None:
    """The bundled localiser's card; None where none is installed. Raises CardError where it can't be read."""
    place = files(RELEASED_PACKAGE) / FOLDER / CARD
    return read(place) if place.is_file() else None


def released(threads: int | None = None) -> Localiser | None:
    """The bundled localiser; None where none is installed, or where it can't be believed (which is logged)."""
    try:
        card = released_card()
        return None if card is None else Localiser(card, threads)
    except CardError as error:
        _log.warning("Heat maps are made without the localiser: %s", error)
        return None


def read(path: Traversable | Path) -> LocaliserCard:
    """A card from its JSON file; its graph lies beside it. Raises CardError with a sentence on what is wrong."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if raw.get("schema") != SCHEMA:
            raise CardError(f"the localiser's card has schema {raw.get('schema')!r}, this program reads {SCHEMA}")
        file = str(raw["graph"]["file"])
        if "/" in file or "\\" in file:
            raise CardError("the localiser's graph must lie beside its card")
        return LocaliserCard(
            name=raw["name"],
            version=raw["version"],
            graph=cast(Traversable, path.parent / file) if isinstance(path, Path) else _bundled(file),
            sha256=raw["graph"]["sha256"],
            slope=float(raw["log_odds"]["slope"]),
            shift=float(raw["log_odds"]["shift"]),
            part=_part(raw["part"]),
            answers=tuple(tuple(map(float, row)) for row in raw["self_test"]),
            raw=raw,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CardError(f"cannot read the localiser's card: {error}") from error


def _part(raw: dict[str, Any]) -> Part:
    bounds = tuple((float(each["below"]), float(each["contrast"])) for each in raw.get("by_quality", ()))
    return Part(float(raw["contrast"]), float(raw["chance"]), float(raw["rate"]), bounds)


def _bundled(file: str) -> Traversable:
    return files(RELEASED_PACKAGE) / FOLDER / file


def known_picture() -> NDArray[np.uint8]:
    """64 × 64 pixels of waves and noise by whole numbers: the same everywhere and for ever."""
    y, x, c = np.meshgrid(*(np.arange(n, dtype=np.uint32) for n in (64, 64, 3)), indexing="ij")
    mixed = x * np.uint32(374761393) + y * np.uint32(668265263) + c * np.uint32(2246822519)
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(1274126177)
    noise = (mixed ^ (mixed >> np.uint32(16))) % np.uint32(40)
    board = ((x // np.uint32(9) + y // np.uint32(13)) % np.uint32(2)) * np.uint32(90)
    return (board + x + noise).astype(np.uint8)
