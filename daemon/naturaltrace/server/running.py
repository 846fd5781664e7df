"""The file by which this user's own programs find the running daemon."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from naturaltrace.storage.atomic import write_private
from naturaltrace.storage.reading import Damaged, read_json


@dataclass(frozen=True, slots=True)
class Running:
    port: int
    control_key: str
    pid: int

    @classmethod
    def here(cls, port: int, control_key: str) -> "Running":
        return cls(port, control_key, os.getpid())

    def write(self, path: Path) -> None:
        """Raises OSError."""
        write_private(path, json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> "Running | None":
        """None where there is no such file or it can't be understood."""
        try:
            found = cls(**read_json(path))
        except (OSError, Damaged, TypeError):
            return None
        sound = type(found.port) is int and 0 < found.port < 65536 and type(found.control_key) is str
        return found if sound else None
