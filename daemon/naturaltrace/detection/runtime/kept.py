"""What was measured about this machine, in one small file of the data folder. Losing it costs a second of measuring."""

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any, cast

from naturaltrace.storage.atomic import write_private

FILE = "machine.json"


class Kept:
    """Figures under a key that names graph, runtime and machine: any of them new, and they are measured anew.

    `folder` None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / FILE

    def get(self, key: str) -> Any:
        return self._all().get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep `value`; None forgets it. Where the folder can't be written, nothing happens."""
        if self._path is None or not self._path.parent.is_dir():
            return
        everything = {**self._all(), key: value}
        kept = {name: each for name, each in everything.items() if each is not None}
        with contextlib.suppress(OSError):
            write_private(self._path, json.dumps(dict(list(kept.items())[-64:]), indent=1))

    def _all(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        try:
            document: Any = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return cast(dict[str, Any], document) if isinstance(document, dict) else {}


def graph_key(graph: bytes, *more: object) -> str:
    return " ".join([hashlib.sha256(graph).hexdigest()[:16], *map(str, more)])
