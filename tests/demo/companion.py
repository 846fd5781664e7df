"""The companion as a process of its own, with a data folder of its own."""

import json
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from tests.demo.failed import DemoFailed

START_S = 60.0


@dataclass(frozen=True, slots=True)
class Ready:
    port: int
    code: str


class Companion:
    """`with Companion(folder) as companion:` runs `naturaltrace serve` until the block ends."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._log = (self._data_dir / "companion.log").open("w", encoding="utf-8")
        command = [*program(), "serve", "--headless", "--port", "0", "--data-dir", str(self._data_dir)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(timeout=10)
        self._log.close()

    def wait_ready(self, timeout: float = START_S) -> Ready:
        """The port and the pairing code, from the one JSON line that `serve` prints. Raises DemoFailed."""
        assert self._process is not None
        assert self._process.stdout is not None
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_read, args=(self._process.stdout, lines), daemon=True).start()
        try:
            event = cast(dict[str, Any], json.loads(lines.get(timeout=timeout)))
            if event.get("event") == "error":
                raise DemoFailed(str(event["detail"]))
            return Ready(int(event["port"]), str(event["pairing_code"]))
        except queue.Empty:
            raise DemoFailed(f"The companion did not answer within {timeout:.0f} s.{self._last_words()}") from None
        except (ValueError, KeyError, TypeError):
            raise DemoFailed(f"The companion could not start.{self._last_words()}") from None

    def _last_words(self) -> str:
        self._log.flush()
        words = Path(self._log.name).read_text(encoding="utf-8").strip()[-1000:]
        return f"\nIt said:\n{words}" if words else f" Its log is {self._log.name}."


def program() -> list[str]:
    """The command that runs this environment's `naturaltrace`."""
    return [sys.executable, "-m", "naturaltrace"]


def _read(stream: IO[str], lines: "queue.Queue[str]") -> None:
    lines.put(stream.readline())
    for _ in stream:
        pass  # keeps the pipe empty, so that the companion never waits for us
