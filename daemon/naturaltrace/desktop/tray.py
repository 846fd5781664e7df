"""The tray icon: a thin client of the running daemon, over the same control routes as the command line.

pystray is imported only in `load`: on a machine without a screen or a tray it raises whatever its back end raises.
"""

import importlib
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from PIL import Image, ImageDraw

PAUSES: tuple[tuple[str, int | None], ...] = (("15 minutes", 900), ("1 hour", 3600), ("Until resumed", None))
_LOOK_EVERY_S = 5.0


class Daemon(Protocol):
    """What the tray asks of the daemon; `Steering` is one."""

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]: ...


class NoTray(Exception):  # noqa: N818 (it reads as what it says)
    """This desktop shows no tray icon with a menu; str(error) says why."""


def load() -> Any:
    """pystray, if it can show a menu here. Raises NoTray."""
    try:
        pystray: Any = importlib.import_module("pystray")
    except Exception as error:  # not only ImportError: Xlib and gi raise errors of their own
        raise NoTray(f"{type(error).__name__}: {error}") from error
    if not pystray.Icon.HAS_MENU:
        raise NoTray("this desktop's tray has no menus")
    return pystray


def picture(*, paused: bool, size: int = 64) -> Image.Image:
    """The icon: three nested traces; grey and crossed while paused, so that it is not told by colour alone."""
    colour = (120, 128, 130, 255) if paused else (13, 100, 93, 255)
    image = Image.new("RGBA", (size * 4, size * 4), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    for inset in (0.06, 0.24, 0.42):
        edge = size * 4 * inset
        draw.ellipse((edge, edge, size * 4 - edge, size * 4 - edge), outline=colour, width=size // 3)
    if paused:
        draw.line((size // 2, size * 7 // 2, size * 7 // 2, size // 2), fill=colour, width=size // 3)
    return image.resize((size, size), Image.Resampling.LANCZOS)


class Tray:
    """The menu and what its items do. `quit_daemon` ends the program."""

    def __init__(self, daemon: Daemon, quit_daemon: Callable[[], None], pystray: Any) -> None:
        self._daemon = daemon
        self._quit = quit_daemon
        self._pystray = pystray
        self._stopped = threading.Event()
        self._paused = False
        self._code: str | None = None
        self.icon: Any = pystray.Icon("naturaltrace", picture(paused=False), "Natural Trace", self.menu())

    def menu(self) -> Any:
        item, menu = self._pystray.MenuItem, self._pystray.Menu
        pauses = [item(text, self._pausing(seconds)) for text, seconds in PAUSES]
        return menu(
            item(_live(self._status), None, enabled=False),
            menu.SEPARATOR,
            item("Open settings", self._open_settings, default=True),
            item("Pair a browser", self._pair),
            item(_live(self._code_text), None, enabled=False, visible=_live(self._has_code)),
            item("Pause", menu(*pauses), visible=_live(self._is_running)),
            item("Resume", self._resume, visible=_live(self._is_paused)),
            item("Start at login", self._toggle_login, checked=_live(self._starts_at_login)),
            menu.SEPARATOR,
            item("Quit", self._end),
        )

    def run(self) -> None:
        """Show the icon until it is told to quit. Must run in the main thread (macOS asks for it)."""
        threading.Thread(target=self._watch, name="tray", daemon=True).start()
        try:
            self.icon.run()
        except Exception as error:  # GLib raises when there is no notification service at the end
            if not self._stopped.is_set():
                raise NoTray(f"{type(error).__name__}: {error}") from error

    def stop(self) -> None:
        self._stopped.set()
        self.icon.stop()

    def _watch(self) -> None:
        while not self._stopped.wait(_LOOK_EVERY_S):
            self.refresh()

    def refresh(self) -> None:
        """Ask the daemon how it is and show that."""
        state = self._ask("GET", "/v1/control/state")
        paused = bool(state.get("paused"))
        if state.get("code") != self._code or paused != self._paused:
            code: str | None = state.get("code")
            self._code, self._paused = code, paused
            self.icon.icon = picture(paused=paused)
            self.icon.title = f"Natural Trace: {self._status()}"
            self.icon.update_menu()

    def _status(self) -> str:
        return "Paused" if self._paused else "Running"

    def _code_text(self) -> str:
        return f"Pairing code: {self._code}"

    def _has_code(self) -> bool:
        return self._code is not None

    def _is_paused(self) -> bool:
        return self._paused

    def _is_running(self) -> bool:
        return not self._paused

    def _starts_at_login(self) -> bool:
        return bool(self._ask("GET", "/v1/control/login").get("enabled"))

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        from naturaltrace.server.steering import NotRunning, Refused

        try:
            return self._daemon.call(method, path, body)
        except (NotRunning, Refused):
            return {}

    def _open_settings(self) -> None:
        url = self._ask("POST", "/v1/control/link").get("url")
        if url:
            webbrowser.open(url)

    def _pair(self) -> None:
        self._ask("POST", "/v1/control/code")
        self.refresh()
        if self._code and self.icon.HAS_NOTIFICATION:
            # The menu shows the code too, and desktops without a notification service raise errors of their own.
            with suppress(Exception):
                self.icon.notify(f"Type this code into the browser: {self._code}", "Natural Trace")

    def _pausing(self, seconds: int | None) -> Callable[[], None]:
        def pause() -> None:
            self._ask("PUT", "/v1/control/pause", {"seconds": seconds})
            self.refresh()

        return pause

    def _resume(self) -> None:
        self._ask("DELETE", "/v1/control/pause")
        self.refresh()

    def _toggle_login(self) -> None:
        self._ask("PUT", "/v1/control/login", {"enabled": not self._starts_at_login()})

    def _end(self) -> None:
        self._quit()
        self.stop()


def _live(ask: Callable[[], Any]) -> Callable[[Any], Any]:
    """pystray asks for a text or a state anew each time, handing its item over."""
    return lambda _item: ask()
