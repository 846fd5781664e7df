"""The verdicts as a table in the terminal."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.demo.companion import program
from tests.demo.failed import DemoFailed

CHECK_S = 180.0


@dataclass(frozen=True, slots=True)
class Row:
    """One picture: its file's name, the badge's words, and what is known beside them."""

    picture: str
    badge: str
    note: str = ""
    judged: bool = True


def check_files(files: Sequence[Path], data_dir: Path) -> list[Row]:
    """The same pictures judged by `naturaltrace check`, for machines without a browser. Raises DemoFailed."""
    command = [*program(), "check", "--json", "--data-dir", str(data_dir), *map(str, files)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CHECK_S, check=False)
    except subprocess.TimeoutExpired:
        raise DemoFailed(f"`naturaltrace check` took longer than {CHECK_S:.0f} s.") from None
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    if len(lines) != len(files):
        raise DemoFailed(f"`naturaltrace check` failed:\n{done.stderr.strip()[-1000:]}")
    return [_row(json.loads(line)) for line in lines]


def _row(verdict: dict[str, Any]) -> Row:
    picture = Path(verdict["path"]).name
    if "error" in verdict:
        return Row(picture, "Not checked", verdict["error"]["detail"], judged=False)
    chance = verdict["probability"]
    said = "" if chance is None else f"{chance:.0%} by the pixels; "
    return Row(picture, verdict["label"], f"{said}basis: {verdict['basis']}")


def show(rows: Sequence[Row]) -> str:
    """The table as text. File names say what each picture is: `photo-…` or `generated-…`."""
    cells = [("Picture", "Badge", ""), *((row.picture, row.badge, row.note) for row in rows)]
    first, second = (max(len(row[i]) for row in cells) for i in (0, 1))
    lines = [f"  {a:<{first}}  {b:<{second}}  {c}".rstrip() for a, b, c in cells]
    lines.insert(1, "  " + "─" * first + "  " + "─" * second)
    return "\n".join(lines)
