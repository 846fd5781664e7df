"""macOS: a LaunchAgent of this user, read by launchd at the next login."""

import plistlib
from dataclasses import dataclass
from pathlib import Path

LABEL = "org.naturaltrace.companion"


@dataclass(frozen=True, slots=True)
class LaunchAgent:
    home: Path

    @property
    def path(self) -> Path:
        return self.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    def enabled(self) -> bool:
        return self.path.exists()

    def enable(self, command: list[str]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        document = {"Label": LABEL, "ProgramArguments": command, "RunAtLoad": True, "ProcessType": "Interactive"}
        self.path.write_bytes(plistlib.dumps(document))

    def disable(self) -> None:
        self.path.unlink(missing_ok=True)
