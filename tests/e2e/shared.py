"""The real companion of a team, as a process of its own, with a certificate of the tests' own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

from companion import Started
from tls import Tls

from naturaltrace.storage.paths import DataFolder
from naturaltrace.team.people import People, Role


class SharedCompanion(Started):
    """`naturaltrace serve --headless --bind 127.0.0.1:… --certificate … --key …`; `start` and `stop` may alternate."""

    def __init__(self, folder: Path, tls: Tls) -> None:
        super().__init__()
        self._folder, self._tls = DataFolder.at(folder), tls
        self._folder.create()
        self.people = People(self._folder)
        self.people.add("Administrator", Role.ADMIN)
        self._port = 0

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    def log(self) -> list[dict[str, Any]]:
        """What its audit log holds."""
        return [json.loads(line) for line in (self._folder.root / "audit.jsonl").read_text("utf-8").splitlines()]

    def start(self) -> Self:
        said = self._serve(
            "--bind", f"127.0.0.1:{self._port}", "--certificate", str(self._tls.chain), "--key", str(self._tls.key),
            "--data-dir", str(self._folder.root),
        )  # fmt: skip
        self._port = said["port"]
        return self
