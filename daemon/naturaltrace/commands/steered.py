"""What commands that talk to the running daemon have in common: finding it, and saying so where there is none."""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from naturaltrace.storage.paths import DataFolder

if TYPE_CHECKING:
    from naturaltrace.server.steering import Steering


def steer(options: argparse.Namespace, work: Callable[["Steering"], int]) -> int:
    """Run `work` with the daemon that serves the chosen data folder; returns its exit status, or 1 with the reason on
    standard error."""
    from naturaltrace.server.steering import NotRunning, Refused, Steering

    try:
        return work(Steering.find(DataFolder.at(options.data_dir)))
    except NotRunning:
        print(f"Natural Trace is not running. Start it with: {command('serve', options.data_dir)}", file=sys.stderr)
    except Refused as error:
        print(error, file=sys.stderr)
    return 1


def command(words: str, data_dir: Path | None) -> str:
    """How `naturaltrace WORDS` is typed in this terminal: with the program's path where PATH doesn't lead to this very
    installation, and with the same data folder."""
    parts = [*_program(), *words.split()]
    if data_dir is not None:
        parts += ["--data-dir", str(data_dir)]
    return subprocess.list2cmdline(parts) if sys.platform == "win32" else shlex.join(parts)


def _program() -> list[str]:
    script = Path(sys.executable).with_name("naturaltrace.exe" if sys.platform == "win32" else "naturaltrace")
    if getattr(sys, "frozen", False):
        script = Path(sys.executable)
    if not script.is_file():
        return [_short(Path(sys.executable)), "-m", "naturaltrace"]
    found = shutil.which("naturaltrace")
    if found is not None and Path(found).resolve() == script.resolve():
        return ["naturaltrace"]
    return [_short(script)]


def _short(path: Path) -> str:
    """Relative where it lies below the working folder, as people type it."""
    try:
        return os.path.join("." if path.parent == Path.cwd() else "", path.relative_to(Path.cwd()))  # noqa: PTH118
    except ValueError:
        return str(path)
