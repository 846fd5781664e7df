"""Which browser shows the demo, and whether in a window."""

import os
import sys
from collections.abc import Sequence

from tests.demo.failed import DemoFailed
from tests.e2e.browsers import Browser, open_browser


def has_screen() -> bool:
    """Whether a window can be shown; on Linux a display server says so."""
    return sys.platform in ("win32", "darwin") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def open_window(names: Sequence[str], *, headless: bool) -> tuple[Browser, bool]:
    """The first of these browsers that starts, with the extension loaded, and whether it shows a window.

    Raises DemoFailed with each browser's reason where none does.
    """
    reasons: list[str] = []
    for window in (False,) if headless else (True, False):
        for name in names:
            try:
                return open_browser(name, headless=not window), window
            except Exception as error:  # whatever keeps one browser from starting, there may be another way
                reasons.append(
                    f"{name}: {str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}"
                )
    raise DemoFailed("; ".join(dict.fromkeys(reasons)))
