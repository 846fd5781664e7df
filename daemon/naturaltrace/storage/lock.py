"""One daemon per data folder. The lock is the system's own, so it falls with the process, however that ends."""

import os
import sys
import time
from pathlib import Path

from naturaltrace.storage.paths import PRIVATE_FILE

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class AlreadyRunning(Exception):  # noqa: N818 (it reads as what it says)
    """Another daemon holds this data folder."""


class InstanceLock:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self, *, patience_s: float = 0.0) -> None:
        """Take the lock. Raises AlreadyRunning, or OSError where the file can't be opened.

        `patience_s` outlasts those who only look whether it is held: they hold it for a moment themselves.
        """
        deadline = time.monotonic() + patience_s
        while True:
            try:
                return self._try()
            except AlreadyRunning:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.05)

    def _try(self) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            _lock(descriptor)
        except OSError:
            os.close(descriptor)
            raise AlreadyRunning(str(self._path)) from None
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def held_by_someone(self) -> bool:
        """Whether a daemon is running on this folder right now."""
        if self._descriptor is not None:
            return True
        if not self._path.exists():
            return False
        try:
            self._try()
        except AlreadyRunning:
            return True
        except OSError:
            return False
        self.release()
        return False


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
