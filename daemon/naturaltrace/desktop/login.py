"""Start at login: one small class per system, the right one chosen here."""

import sys
from pathlib import Path
from typing import Protocol


class LoginItem(Protocol):
    """The system's own entry that starts Natural Trace when this user logs in."""

    def enabled(self) -> bool: ...

    def enable(self, command: list[str]) -> None:
        """Start `command` at each login. Raises OSError."""
        ...

    def disable(self) -> None:
        """Raises OSError."""
        ...


def login_item(home: Path | None = None) -> LoginItem | None:
    """This system's entry, or None where none is known. `home` stands in for the user's folder in tests."""
    if sys.platform == "win32":
        from naturaltrace.desktop.login_windows import RunKey

        return RunKey()
    if sys.platform == "darwin":
        from naturaltrace.desktop.login_macos import LaunchAgent

        return LaunchAgent(home or Path.home())
    if sys.platform.startswith(("linux", "freebsd")):
        from naturaltrace.desktop.login_linux import AutostartEntry

        return AutostartEntry.usual(home)
    return None


def start_command() -> list[str]:
    """How this very installation is started again. The interpreter is named in full: a login has no virtual
    environment, and often another PATH."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "serve"]
    python = Path(sys.executable)
    windowless = python.with_name("pythonw.exe")
    return [str(windowless if windowless.exists() else python), "-m", "naturaltrace", "serve"]
