"""Reading our own small files, whatever has become of them meanwhile."""

import json
import os
import stat
from pathlib import Path
from typing import Any

_MOST_BYTES = 4 << 20  # thousands of paired browsers; whatever is larger was not written by us


class Damaged(ValueError):  # noqa: N818 (it reads as what it says)
    """The file is there and is not what we wrote; str(error) says in a few words what is wrong."""


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in `path`. Raises FileNotFoundError, another OSError where it can't be read, or Damaged."""
    text = _read_text(path)
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Damaged("not valid JSON") from error
    if not isinstance(document, dict):
        raise Damaged("not a JSON object")
    return document  # pyright: ignore[reportUnknownVariableType]


def _read_text(path: Path) -> str:
    # Without O_NONBLOCK, opening a named pipe in our file's place would wait for ever.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Damaged("not a regular file")
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise Damaged("far too large")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Damaged("not text") from error
