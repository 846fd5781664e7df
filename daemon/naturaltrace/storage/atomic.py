"""Writing a file so that a crash leaves the old one or the new one, never half of either."""

import contextlib
import os
import secrets
from pathlib import Path

from naturaltrace.storage.paths import PRIVATE_FILE


def write_private(path: Path, text: str) -> None:
    """Replace `path` by `text` (UTF-8), readable by this user only. Raises OSError; the old file then still stands."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def set_aside(path: Path) -> Path | None:
    """Move a file that can't be read out of the way, keeping it for its owner. None where even that is refused."""
    aside = path.with_name(f"{path.name}.damaged-{secrets.token_hex(4)}")
    try:
        path.replace(aside)
    except OSError:
        return None
    return aside


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files that a killed process left behind."""
    for leftover in folder.glob(".*.new"):
        with contextlib.suppress(OSError):
            leftover.unlink()


def _sync_folder(folder: Path) -> None:
    # The rename itself lives in the folder; Windows can't open folders and needs no such step.
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
