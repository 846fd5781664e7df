"""The daemon's own log in the data folder: small, private, and without a word on what anybody looked at.

What may stand in it: when the daemon began and ended, pairings, notices, and where in the program an error happened.
Never: an address, a file's name, an image's data. So errors are written as places in the code, without their messages,
and other libraries' records without the values that were put into them.
"""

import logging
import logging.handlers
import os
import re
import traceback
from pathlib import Path
from types import TracebackType

from naturaltrace.storage.paths import PRIVATE_FILE

MAX_BYTES = 256 * 1024
OLD_FILES = 2
_ADDRESS = re.compile(r"\b(?:[a-z][a-z0-9+.-]*://|data:)\S+", re.IGNORECASE)


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        ours = record.name.split(".")[0] == "naturaltrace"
        text = record.getMessage() if ours else str(record.msg).partition("\n")[0]
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {_ADDRESS.sub('[address]', text)}"
        if record.exc_info and record.exc_info[1] is not None:
            line += "\n" + "\n".join(_places(record.exc_info[1]))
        return line.replace("\0", "")[:8000]


def _places(error: BaseException) -> list[str]:
    """Where it happened, innermost last. An error's own message may quote the file or the page that caused it."""
    lines: list[str] = []
    link: BaseException | None = error
    while link is not None and len(lines) < 60:
        lines.append(f"  {type(link).__module__}.{type(link).__qualname__}")
        lines += [f"    {_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in _frames(link.__traceback__)]
        link = link.__cause__ or link.__context__
    return lines


def _frames(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    return traceback.extract_tb(trace)[-12:]


def _short(file: str) -> str:
    """The last parts of a source file's path; the rest names the user's folders."""
    return "/".join(Path(file).parts[-3:])


class _Private(logging.handlers.RotatingFileHandler):
    def _open(self):
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's own name)
        """A full disk is no reason to fill the terminal."""


def start_log(path: Path) -> logging.Handler | None:
    """Write the log to `path` from now on; None where it can't be opened. Stop with `stop_log`."""
    try:
        if path.exists() and not path.is_file():  # a pipe would wait for a reader for ever
            return None
        handler = _Private(path, maxBytes=MAX_BYTES, backupCount=OLD_FILES, delay=False)
    except OSError:
        return None
    handler.setFormatter(_Plain())
    handler.addFilter(lambda record: record.levelno >= logging.WARNING or record.name.startswith("naturaltrace"))
    logging.getLogger("naturaltrace").setLevel(logging.INFO)
    logging.getLogger().addHandler(handler)
    return handler


def stop_log(handler: logging.Handler | None) -> None:
    if handler is not None:
        logging.getLogger().removeHandler(handler)
        handler.close()


def forget_log(path: Path) -> None:
    """Empty the log and remove its older parts."""
    for number in range(1, OLD_FILES + 1):
        path.with_name(f"{path.name}.{number}").unlink(missing_ok=True)
    if path.is_file():
        os.truncate(path, 0)
