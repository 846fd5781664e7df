"""Every path that Natural Trace owns, in one place; `naturaltrace doctor` prints them."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


@dataclass(frozen=True, slots=True)
class DataFolder:
    """One profile's files. Two profiles (a person's own, a test's, the demo's) never share anything."""

    root: Path

    @classmethod
    def at(cls, chosen: Path | None = None) -> "DataFolder":
        """The folder `chosen`, or the system's usual place for this user's data."""
        if chosen is not None:
            return cls(chosen.expanduser().absolute())
        return cls(Path(platformdirs.user_data_dir("naturaltrace", appauthor=False)))

    @property
    def clients(self) -> Path:
        return self.root / "browsers.json"

    @property
    def settings(self) -> Path:
        return self.root / "settings.json"

    @property
    def history(self) -> Path:
        return self.root / "history.sqlite3"

    @property
    def lock(self) -> Path:
        return self.root / "running.lock"

    @property
    def running(self) -> Path:
        """Where the running daemon leaves its port and the key that lets this user's own programs steer it."""
        return self.root / "running.json"

    @property
    def log(self) -> Path:
        return self.root / "naturaltrace.log"

    def create(self) -> None:
        """Make the folder, closed to other users. Raises OSError where it can't be made.

        A folder that holds something else's files keeps its mode; ours are closed one by one in any case.
        """
        self.root.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        ours = self.lock.exists() or not any(self.root.iterdir())
        if os.name == "posix" and ours and self.root.stat().st_mode & 0o077:
            with contextlib.suppress(PermissionError):
                self.root.chmod(PRIVATE_FOLDER)

    def all(self) -> Iterator[tuple[str, Path]]:
        """Name and path of everything that may be written."""
        yield "folder", self.root
        for name in ("settings", "clients", "history", "lock", "running", "log"):
            yield name, getattr(self, name)
