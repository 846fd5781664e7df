"""The detectors that the user has added, each a folder with its card and graph in the data folder."""

import json
import re
import secrets
import shutil
from pathlib import Path
from typing import Any

from naturaltrace.detection.card import CardError
from naturaltrace.detectors.card import ForeignCard, parse, read
from naturaltrace.detectors.foreign import ForeignDetector
from naturaltrace.detectors.selftest import Tested, self_test
from naturaltrace.storage.atomic import write_private
from naturaltrace.storage.paths import PRIVATE_FOLDER, DataFolder

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
BUNDLED = "natural-trace"


class UnknownDetector(Exception):  # noqa: N818 (it reads as what it says)
    """No detector of this name was added; str(error) names those that were."""


class Registry:
    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._root = folder.root / "detectors"

    def list(self) -> list[ForeignCard | CardError]:
        """Every added detector's card, by name; an error in the place of one that can't be read."""
        found: list[ForeignCard | CardError] = []
        folders = sorted(p for p in self._root.iterdir() if _NAME.fullmatch(p.name)) if self._root.is_dir() else []
        for folder in folders:
            try:
                found.append(read(folder / "card.json"))
            except CardError as error:
                found.append(CardError(f"{folder.name}: {error}"))
        return found

    def open(self, name: str, threads: int | None = None) -> ForeignDetector:
        """Load one. Raises UnknownDetector, or CardError where it was damaged."""
        folder = self._place(name)
        return ForeignDetector(folder, read(folder / "card.json"), threads)

    def add(self, graph: Path, document: dict[str, Any], *, replace: bool = False) -> Tested:
        """Check graph and card, run the self-test, keep both. Nothing is kept where a check fails.

        Raises CardError, and OSError where the data folder can't be written.
        """
        document = {**document, "graph": {**document.get("graph", {}), "file": "graph.onnx"}}
        card = parse(document)
        if card.name == BUNDLED:
            raise CardError(f"“{BUNDLED}” is the bundled detector's name")
        place = self._root / card.name
        if place.exists() and not replace:
            raise CardError(f"a detector “{card.name}” was added before; remove it first, or use --replace")
        self._folder.create()
        self._root.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        aside = self._root / f".new-{secrets.token_hex(4)}"
        aside.mkdir(mode=PRIVATE_FOLDER)
        try:
            shutil.copyfile(graph, aside / card.graph)
            write_private(aside / "card.json", json.dumps(document, indent=1, ensure_ascii=False))
            tested = self_test(ForeignDetector(aside, card))
            if place.exists():
                shutil.rmtree(place)
            aside.rename(place)
        except OSError as error:
            raise CardError(f"the detector can't be kept: {error.strerror or error}") from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return tested

    def remove(self, name: str) -> None:
        """Forget one. Raises UnknownDetector."""
        shutil.rmtree(self._place(name))

    def _place(self, name: str) -> Path:
        place = self._root / name
        if not _NAME.fullmatch(name) or not place.is_dir():
            added = [c.name for c in self.list() if isinstance(c, ForeignCard)]
            others = f"There are: {', '.join(added)}." if added else "None was added yet."
            raise UnknownDetector(f"No detector “{name[:64]}” was added. {others}")
        return place
