"""The real companion as a process of its own, on a data folder and a port of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Any, Self

_START_S = 90.0


class Started:
    """A program that tells on its first line that it is ready; `start` and `stop` may alternate."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._log: deque[str] = deque(maxlen=40)

    def start(self) -> Self:
        raise NotImplementedError

    def _serve(self, *arguments: str) -> dict[str, Any]:
        """Run `naturaltrace serve --headless` and wait until it answers; its ready event."""
        command = [sys.executable, "-m", "naturaltrace", "serve", "--headless", *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ready: Queue[str] = Queue()
        stdout, stderr = self._process.stdout, self._process.stderr
        assert stdout is not None
        assert stderr is not None
        threading.Thread(target=lambda: [ready.put(line) for line in stdout], daemon=True).start()
        threading.Thread(target=lambda: self._log.extend(stderr), daemon=True).start()
        try:
            event: dict[str, Any] = json.loads(ready.get(timeout=_START_S))
        except Empty:
            raise AssertionError(f"the companion was not ready within {_START_S:g} s: {''.join(self._log)}") from None
        assert event["event"] == "ready", event
        return event

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


class Companion(Started):
    """`naturaltrace serve --headless`, from ready to stopped; `start` and `stop` may alternate."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.port = 0
        self.code = ""
        self._used = False

    def start(self) -> Self:
        """Start it and wait until it answers. A later start takes the same port again."""
        event = self._serve("--port", str(self.port), "--data-dir", str(self._folder))
        self.port, self.code = event["port"], event["pairing_code"]
        self._used = False
        return self

    def a_code(self) -> str:
        """The one that it showed at its start, the first time; then new ones."""
        first, self._used = not self._used, True
        return self.code if first and self.code else self.new_code()

    def new_code(self) -> str:
        """What `naturaltrace pair` shows."""
        command = [sys.executable, "-m", "naturaltrace", "pair", "--json", "--data-dir", str(self._folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)["pairing_code"]

    def settings_link(self) -> str:
        """What `naturaltrace settings` opens."""
        command = [sys.executable, "-m", "naturaltrace", "settings", "--print", "--data-dir", str(self._folder)]
        return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout.strip()

    def revoke_all(self) -> None:
        """What `naturaltrace pair --revoke all` does."""
        command = [sys.executable, "-m", "naturaltrace", "pair", "--revoke", "all", "--data-dir", str(self._folder)]
        subprocess.run(command, capture_output=True, timeout=60, check=True)
