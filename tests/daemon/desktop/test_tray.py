"""The tray's menu, clicked without a screen: pystray's dummy back end builds real menus and shows nothing."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from naturaltrace.desktop.tray import NoTray, Tray, load, picture
from naturaltrace.server.steering import NotRunning


class Recorded:
    """A daemon that answers from a table and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.state: dict[str, Any] = {"paused": False, "code": None}
        self.login = False
        self.gone = False

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        if self.gone:
            raise NotRunning
        self.asked.append((method, path, body))
        if path == "/v1/control/pause":
            self.state["paused"] = method == "PUT"
        elif path == "/v1/control/code":
            self.state["code"] = "123456"
        elif path == "/v1/control/login" and method == "PUT":
            self.login = body["enabled"]
        elif path == "/v1/control/link":
            return {"url": "http://127.0.0.1:1/#key"}
        return {**self.state, "enabled": self.login}


@pytest.fixture
def daemon() -> Recorded:
    return Recorded()


@pytest.fixture
def tray(daemon: Recorded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tray]:
    monkeypatch.setenv("PYSTRAY_BACKEND", "dummy")
    saved = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "pystray"}
    pystray = importlib.import_module("pystray")
    ended: list[bool] = []
    tray = Tray(daemon, lambda: ended.append(True), pystray)
    monkeypatch.setattr(tray.icon, "update_menu", lambda: None)
    monkeypatch.setattr(tray, "stop", lambda: None)
    yield tray
    for name in [name for name in sys.modules if name.split(".")[0] == "pystray"]:
        del sys.modules[name]
    sys.modules.update(saved)


def items(menu: Any) -> dict[str, Any]:
    """What is to be seen in a menu now, by its words."""
    return {item.text: item for item in menu.items if item.visible and item.text != "- - - -"}


def click(tray: Tray, *words: str) -> None:
    menu: Any = tray.icon.menu
    for word in words[:-1]:
        menu = items(menu)[word].submenu
    items(menu)[words[-1]](tray.icon)


def test_pausing_and_resuming(tray: Tray, daemon: Recorded) -> None:
    assert "Resume" not in items(tray.icon.menu)
    click(tray, "Pause", "15 minutes")
    assert ("PUT", "/v1/control/pause", {"seconds": 900}) in daemon.asked
    assert "Pause" not in items(tray.icon.menu)
    assert "Paused" in items(tray.icon.menu)
    assert "Paused" in tray.icon.title
    click(tray, "Resume")
    assert "Running" in items(tray.icon.menu)
    click(tray, "Pause", "Until resumed")
    assert ("PUT", "/v1/control/pause", {"seconds": None}) in daemon.asked


def test_the_pairing_code_is_shown_in_the_menu(tray: Tray) -> None:
    assert not [text for text in items(tray.icon.menu) if "code" in text]
    click(tray, "Pair a browser")
    assert "Pairing code: 123456" in items(tray.icon.menu)


def test_start_at_login_is_checked_and_unchecked(tray: Tray, daemon: Recorded) -> None:
    assert items(tray.icon.menu)["Start at login"].checked is False
    click(tray, "Start at login")
    assert daemon.login is True
    assert items(tray.icon.menu)["Start at login"].checked is True


def test_the_settings_are_opened_by_their_link(tray: Tray, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    click(tray, "Open settings")
    assert opened == ["http://127.0.0.1:1/#key"]


def test_a_daemon_that_has_gone_is_borne(tray: Tray, daemon: Recorded) -> None:
    daemon.gone = True
    for word in ("Open settings", "Pair a browser", "Start at login"):
        click(tray, word)
    tray.refresh()


def test_the_icon_shows_a_pause_by_its_shape() -> None:
    running, paused = picture(paused=False).getchannel("A"), picture(paused=True).getchannel("A")
    assert running.tobytes() != paused.tobytes()


def test_without_a_screen_there_is_no_tray_and_a_reason() -> None:
    code = (
        "import os; [os.environ.pop(n, None) for n in ('DISPLAY', 'WAYLAND_DISPLAY', 'PYSTRAY_BACKEND')]\n"
        "from naturaltrace.desktop.tray import NoTray, load\n"
        "try:\n    load()\nexcept NoTray as error:\n    print('none:', error)\n"
    )
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux can be without a screen")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=90, check=True)
    assert done.stdout.startswith("none: ")


def test_a_tray_without_menus_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Icon:
        HAS_MENU = False

    class Pystray:
        pass

    Pystray.Icon = Icon  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "pystray", Pystray)  # pyright: ignore[reportArgumentType]
    with pytest.raises(NoTray, match="no menus"):
        load()
