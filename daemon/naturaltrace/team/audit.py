"""Who did what, when: one JSON object a line, readable by the companion's user only. No image, no address of a page."""

import contextlib
import json
import os
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from naturaltrace.storage.paths import PRIVATE_FILE

MOST_BYTES = 10 * 2**20
KEPT = 5  # older files, `audit.jsonl.1` the newest of them


class Audit:
    """Appends to a file, and begins a new one when it has grown large. A full disk costs lines, never an answer."""

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._path, self._most_bytes = path, most_bytes
        self.lost = 0  # lines that could not be written

    def note(self, action: str, *, user: str | None = None, address: str | None = None, **more: Any) -> None:
        entry = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "action": action, "user": user}
        line = json.dumps({**entry, "address": address, **more}, ensure_ascii=True) + "\n"
        try:
            self._turn_over()
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)
        except OSError:
            self.lost += 1

    def last(self, count: int) -> list[dict[str, Any]]:
        """The newest entries of the current file, newest first."""
        entries: list[dict[str, Any]] = []
        with contextlib.suppress(OSError), self._path.open(encoding="utf-8") as file:
            for line in deque(file, maxlen=count):
                with contextlib.suppress(ValueError):
                    entries.append(json.loads(line))
        return entries[::-1]

    def _turn_over(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self._path.stat().st_size < self._most_bytes:
                return
            for number in range(KEPT - 1, 0, -1):
                with contextlib.suppress(FileNotFoundError):
                    self._old(number).replace(self._old(number + 1))
            self._path.replace(self._old(1))

    def _old(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
