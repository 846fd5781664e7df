"""Linux and other freedesktop systems: an entry in the autostart folder (XDG's Desktop Application Autostart)."""

import os
import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AutostartEntry:
    path: Path

    @classmethod
    def usual(cls, home: Path | None = None) -> "AutostartEntry":
        chosen = os.environ.get("XDG_CONFIG_HOME") if home is None else None
        config = Path(chosen) if chosen else (home or Path.home()) / ".config"
        return cls(config / "autostart" / "naturaltrace.desktop")

    def enabled(self) -> bool:
        try:
            return "\nHidden=true" not in self.path.read_text(encoding="utf-8")
        except OSError:
            return False

    def enable(self, command: list[str]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(
            "[Desktop Entry]\n"
            "Type=Application\n"
            "Name=Natural Trace\n"
            "Comment=Tells whether images were made by a generative model, on this machine only\n"
            f"Exec={' '.join(map(_quoted, command))}\n"
            "Terminal=false\n"
            "NoDisplay=true\n"
            "X-GNOME-Autostart-enabled=true\n",
            encoding="utf-8",
        )

    def disable(self) -> None:
        self.path.unlink(missing_ok=True)


def _quoted(argument: str) -> str:
    """One argument of an Exec line. Its quoting is close to a shell's, but a percent sign begins a field code."""
    if shlex.quote(argument) == argument:
        return argument.replace("%", "%%")
    escaped = "".join(f"\\{c}" if c in '"`$\\' else c for c in argument)
    return f'"{escaped}"'.replace("\\", "\\\\").replace("%", "%%")
