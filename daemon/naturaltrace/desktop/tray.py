"""The tray icon: a thin client of the running daemon, over the same control routes as the command line."""

import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from naturaltrace.desktop import words
from naturaltrace.desktop.backend import NoTray, load
from naturaltrace.desktop.icon import State, picture
from naturaltrace.storage.settings import SENSITIVITIES

__all__ = ["NoTray", "Tray", "load"]

PAUSES: tuple[tuple[str, int | None], ...] = (("pause_900", 900), ("pause_3600", 3600), ("pause_open", None))
_LOOK_EVERY_S = 5.0
# What people call the devices of naturaltrace.detection.runtime.devices.
DEVICES = {
    "cpu": "CPU",
    "cuda": "NVIDIA (CUDA)",
    "directml": "DirectML",
    "coreml": "Core ML",
    "openvino": "OpenVINO",
    "torch": "PyTorch",
}
# What the menu is made of; a change of anything else is no reason to draw it anew under the user's pointer.
_SHOWN = (
    "paused",
    "paused_s",
    "code",
    "problem",
    "sensitivity",
    "device",
    "devices",
    "precision",
    "precisions",
    "notifications",
    "login",
    "language",
)


class Daemon(Protocol):
    """What the tray asks of the daemon; `Steering` is one."""

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]: ...


class Tray:
    """The menu and what its items do. `quit_daemon` ends the program."""

    def __init__(self, daemon: Daemon, quit_daemon: Callable[[], None], pystray: Any) -> None:
        self._daemon = daemon
        self._quit = quit_daemon
        self._pystray = pystray
        self._stopped = threading.Event()
        self._state = self._ask("GET", "/v1/control/state")
        self._rates: dict[str, Any] = {}
        self.icon: Any = pystray.Icon("naturaltrace", picture(self._look()), self._title(), self._menu())

    def run(self) -> None:
        """Show the icon until it is told to quit. Must run in the main thread (macOS asks for it)."""
        threading.Thread(target=self._watch, name="tray", daemon=True).start()
        try:
            self.icon.run()
        except Exception as error:  # GLib raises when there is no notification service at the end
            if not self._stopped.is_set():
                raise NoTray(f"this desktop offers none ({type(error).__name__})") from error

    def stop(self) -> None:
        self._stopped.set()
        self.icon.stop()

    def paired(self, name: str) -> None:
        """A browser has been paired; called from the daemon's thread."""
        self._notify("note_paired", name=name)

    def refresh(self) -> None:
        """Ask the daemon how it is and show that."""
        before, self._state = self._state, self._ask("GET", "/v1/control/state")
        if not self._rates:
            self._rates = self._ask("GET", "/v1/control/model").get("sensitivity", {})
            before = {}
        self.icon.title = self._title()
        if any(before.get(name) != self._state.get(name) for name in _SHOWN):
            self.icon.icon = picture(self._look())
            self.icon.update_menu()
        if self._state.get("problem") and not before.get("problem") and before:
            self._notify("note_problem")

    # --- what is shown ------------------------------------------------------------------------------------------------

    def _menu(self) -> Any:
        item, menu = self._pystray.MenuItem, self._pystray.Menu
        return menu(
            item(_live(self._status), None, enabled=False),
            item(_live(self._code), None, enabled=False, visible=_live(lambda: bool(self._state.get("code")))),
            menu.SEPARATOR,
            item(self._text("settings"), self._open(""), default=True),
            item(self._text("pair"), self._pair),
            item(
                self._text("pause"),
                menu(*(item(self._text(key), self._pausing(seconds)) for key, seconds in PAUSES)),
                visible=_live(lambda: not self._state.get("paused")),
            ),
            item(self._text("resume"), self._resume, visible=_live(lambda: bool(self._state.get("paused")))),
            menu.SEPARATOR,
            item(
                self._text("sensitivity"),
                menu(*(self._choice("sensitivity", name, self._with_rates(name)) for name in SENSITIVITIES)),
            ),
            item(self._text("device"), menu(self._devices)),
            item(self._text("sites"), self._open("sites")),
            item(
                self._text("login"),
                self._toggle_login,
                checked=_live(lambda: bool(self._state.get("login", {}).get("enabled"))),
                enabled=_live(lambda: bool(self._state.get("login", {}).get("possible"))),
            ),
            item(
                self._text("notifications"),
                self._toggle_notifications,
                checked=_live(lambda: bool(self._state.get("notifications"))),
            ),
            menu.SEPARATOR,
            item(self._text("quit"), self._end),
        )

    def _devices(self) -> list[Any]:
        names: list[str] = self._state.get("devices") or ["auto"]
        devices = [
            self._choice("device", name, self._text("auto") if name == "auto" else DEVICES.get(name, name))
            for name in names
        ]
        precisions: list[str] = self._state.get("precisions") or []
        if not precisions:
            return devices
        chosen = [self._choice("precision", name, self._text(f"precision_{name}")) for name in precisions]
        return [*devices, self._pystray.Menu.SEPARATOR, *chosen]

    def _choice(self, setting: str, value: str, text: Any) -> Any:
        def chosen() -> bool:
            return self._state.get(setting) == value

        def choose() -> None:
            self._change({setting: value})

        return self._pystray.MenuItem(text, choose, checked=_live(chosen), radio=True)

    def _say(self, key: str, **values: object) -> str:
        chosen = str(self._state.get("language", "auto"))
        language = words.of_the_system() if chosen == "auto" else words.choose(chosen)
        return words.load(language)[key].format_map(values)

    def _text(self, key: str) -> Callable[[Any], str]:
        return _live(lambda: self._say(key))

    def _with_rates(self, name: str) -> Callable[[Any], str]:
        def text() -> str:
            rates = self._rates.get(name, {})
            if rates.get("real") is None or rates.get("generated") is None:
                return self._say(name)
            real, generated = (max(1, round(rates[part] * 100)) for part in ("real", "generated"))
            return self._say("rates", name=self._say(name), real=real, generated=generated)

        return _live(text)

    def _look(self) -> State:
        if self._state.get("problem"):
            return "problem"
        return "paused" if self._state.get("paused") else "running"

    def _status(self) -> str:
        left = self._state.get("paused_s")
        if self._state.get("problem"):
            return self._say("problem")
        if not self._state.get("paused"):
            return self._say("running")
        return self._say("paused") if left in (None, -1) else self._say("paused_for", minutes=-(-left // 60))

    def _title(self) -> str:
        return self._say("title", status=self._status())

    def _code(self) -> str:
        code = str(self._state.get("code") or "")
        return self._say("code", code=f"{code[:3]} {code[3:]}", port=self._state.get("port", "?"))

    # --- what is done -------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        self.refresh()
        while not self._stopped.wait(_LOOK_EVERY_S):
            self.refresh()

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        from naturaltrace.server.steering import NotRunning, Refused

        try:
            return self._daemon.call(method, path, body)
        except (NotRunning, Refused):
            return {}

    def _notify(self, key: str, **values: object) -> None:
        """Only where the user has asked for notifications. Desktops without their service raise errors of their own."""
        if self._state.get("notifications") and self.icon.HAS_NOTIFICATION:
            with suppress(Exception):
                self.icon.notify(self._say(key, **values), "Natural Trace")

    def _open(self, section: str) -> Callable[[], None]:
        def show() -> None:
            url = self._ask("POST", "/v1/control/link" + (f"?section={section}" if section else "")).get("url")
            if url:
                webbrowser.open(url)

        return show

    def _pair(self) -> None:
        self._ask("POST", "/v1/control/code")
        self.refresh()
        code = str(self._state.get("code") or "")
        if self._state.get("notifications"):
            self._notify("note_code", code=f"{code[:3]} {code[3:]}", port=self._state.get("port", "?"))
        else:
            # The menu shows the code too, but it has just closed: the settings page shows it at once.
            self._open("browsers")()

    def _pausing(self, seconds: int | None) -> Callable[[], None]:
        def pause() -> None:
            self._ask("PUT", "/v1/control/pause", {"seconds": seconds})
            self.refresh()

        return pause

    def _resume(self) -> None:
        self._ask("DELETE", "/v1/control/pause")
        self.refresh()

    def _change(self, settings: dict[str, Any]) -> None:
        self._ask("PUT", "/v1/control/settings", settings)
        self.refresh()

    def _toggle_login(self) -> None:
        enabled = bool(self._state.get("login", {}).get("enabled"))
        self._ask("PUT", "/v1/control/login", {"enabled": not enabled})
        self.refresh()

    def _toggle_notifications(self) -> None:
        self._change({"notifications": not self._state.get("notifications")})

    def _end(self) -> None:
        self._quit()
        self.stop()


def _live(ask: Callable[[], Any]) -> Callable[[Any], Any]:
    """pystray asks for a text or a state anew each time, handing its item over."""
    return lambda _item: ask()
