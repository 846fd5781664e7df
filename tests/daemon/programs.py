"""`naturaltrace` as other programs start it."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

COMMAND = [sys.executable, "-m", "naturaltrace"]


def naturaltrace(*arguments: object, timeout_s: float = 90.0) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=timeout_s, check=False
    )


@contextmanager
def running(*arguments: object, env: dict[str, str] | None = None) -> Generator[tuple[subprocess.Popen[str], Any]]:
    """`naturaltrace serve --headless --port 0 …` and the JSON line that it printed."""
    command = [*COMMAND, "serve", "--headless", "--port", "0", *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})}
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()
            process.wait(30)
