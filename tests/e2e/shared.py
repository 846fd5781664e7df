"""The real companion of a team, as a process of its own, with a certificate of the tests' own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Any, Self

from tls import Tls

from naturaltrace.storage.paths import DataFolder
from naturaltrace.team.people import People, Role

_START_S = 90.0


class SharedCompanion:
    """`naturaltrace serve --headless --bind 127.0.0.1:… --certificate … --key …`; `start` and `stop` may alternate."""

    def __init__(self, folder: Path, tls: Tls) -> None:
        self._folder, self._tls = DataFolder.at(folder), tls
        self._folder.create()
        self.people = People(self._folder)
        self.people.add("Administrator", Role.ADMIN)
        self._process: subprocess.Popen[str] | None = None
        self._port = 0

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    def log(self) -> list[dict[str, Any]]:
        """What its audit log holds."""
        return [json.loads(line) for line in (self._folder.root / "audit.jsonl").read_text("utf-8").splitlines()]

    def start(self) -> Self:
        command = [sys.executable, "-m", "naturaltrace", "serve", "--headless", "--bind", f"127.0.0.1:{self._port}"]
        command += ["--certificate", str(self._tls.chain), "--key", str(self._tls.key)]
        command += ["--data-dir", str(self._folder.root)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        stdout = self._process.stdout
        assert stdout is not None
        ready: Queue[str] = Queue()
        threading.Thread(target=lambda: [ready.put(line) for line in stdout], daemon=True).start()
        try:
            said = json.loads(ready.get(timeout=_START_S))
        except Empty:
            raise AssertionError(f"the shared companion was not ready within {_START_S:g} s") from None
        assert said["event"] == "ready", said
        self._port = said["port"]
        return self

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=30)
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
