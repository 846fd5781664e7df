"""A browser's process, and the address of its remote protocol, which it writes to stderr."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import Empty, Queue

from .page import BrowserMissing


class BrowserProcess:
    """Runs on a temporary profile folder, which goes with it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._folder = tempfile.TemporaryDirectory(prefix=f"naturaltrace-{name}-", ignore_cleanup_errors=True)
        self._process: subprocess.Popen[str] | None = None

    @property
    def profile(self) -> Path:
        return Path(self._folder.name)

    def start(self, command: Sequence[str], announcement: str, env: Mapping[str, str]) -> str:
        """Start it and return the first group of `announcement` as found in what it writes to stderr."""
        # A process group of its own: a browser has many children, and none may outlive a test.
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=dict(env), process_group=0
        )
        found: Queue[str] = Queue()
        stderr = self._process.stderr
        assert stderr is not None

        def read() -> None:
            # To the end: a full pipe would stop the browser.
            for line in stderr:
                if match := re.search(announcement, line):
                    found.put(match[1])

        threading.Thread(target=read, daemon=True).start()
        try:
            return found.get(timeout=90)
        except Empty:
            raise BrowserMissing(f"{self._name} did not start its remote protocol within 90 s") from None

    def wait(self) -> None:
        """Until the user has closed the browser."""
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        if self._process is not None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=15)
            self._signal(signal.SIGKILL)
            self._process.wait(timeout=15)
        self._folder.cleanup()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
