"""The tray's menu, clicked without a screen: pystray's dummy back end builds real menus and shows nothing."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from string import Formatter
from typing import Any

import pytest

from naturaltrace.desktop import words
from naturaltrace.desktop.backend import NoTray, load
from naturaltrace.desktop.icon import picture
from naturaltrace.desktop.tray import Tray
from naturaltrace.server.steering import NotRunning

RATES = {
    "careful": {"promised": 0.01, "real": 0.022, "generated": 0.15},
    "balanced": {"promised": 0.03, "real": 0.056, "generated": 0.26},
    "eager": {"promised": 0.1, "real": None, "generated": None},
}


class Recorded:
    """A daemon that answers from a table and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.state: dict[str, Any] = {
            "paused": False,
            "paused_s": None,
            "code": None,
            "port": 7346,
            "problem": None,
            "sensitivity": "balanced",
            "device": "auto",
            "devices": ["auto", "cpu", "cuda"],
            "precision": "auto",
            "precisions": ["auto", "fp32", "int8"],
            "notifications": False,
            "language": "en",
            "login": {"possible": True, "enabled": False},
        }
        self.gone = False

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        if self.gone:
            raise NotRunning
        self.asked.append((method, path, body))
        if path == "/v1/control/pause":
            seconds = body["seconds"] if body else None
            self.state |= {"paused": method == "PUT", "paused_s": -1 if seconds is None else seconds}
        elif path == "/v1/control/code":
            self.state["code"] = "123456"
        elif path == "/v1/control/login" and method == "PUT":
            self.state["login"] = {"possible": True, "enabled": body["enabled"]}
        elif path == "/v1/control/settings":
            self.state |= body
        elif path == "/v1/control/model":
            return {"sensitivity": RATES}
        elif path.startswith("/v1/control/link"):
            return {"url": f"http://127.0.0.1:1/#key{path.partition('=')[2]}"}
        return dict(self.state)


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


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    return opened


@pytest.fixture
def notes(tray: Tray, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the desktop was asked to show."""
    shown: list[str] = []
    kind: Any = tray.icon.__class__

    def notify(text: str, _title: str) -> None:
        shown.append(text)

    monkeypatch.setattr(kind, "HAS_NOTIFICATION", True)
    monkeypatch.setattr(tray.icon, "notify", notify)
    return shown


def test_pausing_and_resuming(tray: Tray, daemon: Recorded) -> None:
    assert "Resume" not in items(tray.icon.menu)
    click(tray, "Pause", "For 15 minutes")
    assert ("PUT", "/v1/control/pause", {"seconds": 900}) in daemon.asked
    assert "Pause" not in items(tray.icon.menu)
    assert "Paused for 15 more min" in items(tray.icon.menu)
    assert "Paused" in tray.icon.title
    click(tray, "Resume")
    assert "Running" in items(tray.icon.menu)
    click(tray, "Pause", "Until resumed")
    assert ("PUT", "/v1/control/pause", {"seconds": None}) in daemon.asked
    assert "Paused until resumed" in items(tray.icon.menu)


def test_the_pairing_code_is_shown_with_its_port(tray: Tray, opened: list[str], notes: list[str]) -> None:
    assert not [text for text in items(tray.icon.menu) if "code" in text]
    click(tray, "Pair a browser")
    assert "Pairing code 123 456, port 7346" in items(tray.icon.menu)
    assert opened == ["http://127.0.0.1:1/#keybrowsers"]
    assert notes == []  # nobody asked for notifications


def test_sensitivity_is_chosen_by_its_measured_rates(tray: Tray, daemon: Recorded) -> None:
    tray.refresh()
    careful = "Careful: marks 2 of 100 real images, finds 15 of 100 generated"
    choices = items(items(tray.icon.menu)["Sensitivity"].submenu)
    assert [item.checked for item in choices.values()] == [False, True, False]
    assert list(choices) == [
        careful,
        "Balanced: marks 6 of 100 real images, finds 26 of 100 generated",
        "Eager",  # a release without figures for it makes none up
    ]
    click(tray, "Sensitivity", careful)
    assert ("PUT", "/v1/control/settings", {"sensitivity": "careful"}) in daemon.asked
    choices = items(items(tray.icon.menu)["Sensitivity"].submenu)
    assert [item.checked for item in choices.values()] == [True, False, False]


def test_the_device_is_chosen_among_those_there_are(tray: Tray, daemon: Recorded) -> None:
    assert list(items(items(tray.icon.menu)["Device"].submenu))[:3] == ["Automatic", "CPU", "NVIDIA (CUDA)"]
    click(tray, "Device", "NVIDIA (CUDA)")
    assert ("PUT", "/v1/control/settings", {"device": "cuda"}) in daemon.asked
    assert items(items(tray.icon.menu)["Device"].submenu)["NVIDIA (CUDA)"].checked is True


def test_whether_eight_bits_may_do_is_chosen_below_the_device(tray: Tray, daemon: Recorded) -> None:
    choices = items(items(tray.icon.menu)["Device"].submenu)
    offered = ["Arithmetic: automatic", "In 32 bits", "In 8 bits, where it is right"]
    assert [choices[name].checked for name in offered] == [True, False, False]
    click(tray, "Device", "In 32 bits")
    assert ("PUT", "/v1/control/settings", {"precision": "fp32"}) in daemon.asked
    assert items(items(tray.icon.menu)["Device"].submenu)["In 32 bits"].checked is True


def test_nothing_is_chosen_between_one_graph(tray: Tray, daemon: Recorded) -> None:
    daemon.state["precisions"] = []
    tray.refresh()
    assert list(items(items(tray.icon.menu)["Device"].submenu)) == ["Automatic", "CPU", "NVIDIA (CUDA)"]


def test_start_at_login_is_checked_and_unchecked(tray: Tray, daemon: Recorded) -> None:
    assert items(tray.icon.menu)["Start at login"].checked is False
    click(tray, "Start at login")
    assert ("PUT", "/v1/control/login", {"enabled": True}) in daemon.asked
    assert items(tray.icon.menu)["Start at login"].checked is True


def test_notifications_come_only_when_asked_for(tray: Tray, daemon: Recorded, opened: list[str], notes: list[str]):
    tray.paired("Firefox")
    daemon.state["problem"] = "The detector can't be loaded."
    tray.refresh()
    assert notes == []
    daemon.state["problem"] = None
    click(tray, "Notifications")
    assert ("PUT", "/v1/control/settings", {"notifications": True}) in daemon.asked
    tray.paired("Firefox")
    daemon.state["problem"] = "The detector can't be loaded."
    tray.refresh()
    tray.refresh()
    click(tray, "Pair a browser")
    assert ["Firefox" in notes[0], "no verdicts" in notes[1], "123 456" in notes[2]] == [True] * 3
    assert len(notes) == 3
    assert opened == []


def test_the_settings_and_the_sites_are_opened_by_a_link(tray: Tray, opened: list[str]) -> None:
    click(tray, "Open settings")
    click(tray, "Sites…")
    assert opened == ["http://127.0.0.1:1/#key", "http://127.0.0.1:1/#keysites"]


def test_a_daemon_that_has_gone_is_borne(tray: Tray, daemon: Recorded) -> None:
    daemon.gone = True
    for word in ("Open settings", "Pair a browser", "Notifications"):
        click(tray, word)
    tray.refresh()


def test_the_icon_shows_each_state_by_its_shape(tray: Tray, daemon: Recorded) -> None:
    shapes = {picture(state).convert("L").tobytes() for state in ("running", "paused", "problem")}
    assert len(shapes) == 3
    before = tray.icon.icon.tobytes()
    daemon.state["problem"] = "The detector can't be loaded."
    tray.refresh()
    assert tray.icon.icon.tobytes() != before
    assert "No verdicts now: see settings" in items(tray.icon.menu)


def test_the_menu_speaks_the_chosen_language(tray: Tray, daemon: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon.state["language"] = "de"
    tray.refresh()
    assert words.load("de")["quit"] in items(tray.icon.menu)
    daemon.state["language"] = "auto"
    for name in ("LC_ALL", "LC_MESSAGES", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    tray.refresh()
    assert words.load("ja")["quit"] in items(tray.icon.menu)


def test_all_languages_say_the_same_things() -> None:
    english = words.load("en")
    for language in words.LANGUAGES:
        other = words.load(language)
        assert other.keys() == english.keys(), language
        for key, text in other.items():
            assert _braces(text) == _braces(english[key]), (language, key)
            assert text.strip()


def _braces(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize(
    ("tag", "language"),
    [("pt-BR", "pt_BR"), ("pt_PT.UTF-8", "pt_BR"), ("zh-Hans", "zh_CN"), ("fr_CA", "fr"), ("C", "en"), ("", "en")],
)
def test_the_nearest_language_is_chosen(tag: str, language: str) -> None:
    assert words.choose(tag) == language


def test_without_a_screen_there_is_no_tray_and_a_reason() -> None:
    code = (
        "import os; [os.environ.pop(n, None) for n in ('DISPLAY', 'WAYLAND_DISPLAY', 'PYSTRAY_BACKEND')]\n"
        "from naturaltrace.desktop.backend import NoTray, load\n"
        "try:\n    load()\nexcept NoTray as error:\n    print('none:', error)\n"
    )
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux can be without a screen")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=90, check=True)
    assert done.stdout.strip() == "none: there is no screen"


def test_a_tray_without_menus_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Icon:
        HAS_MENU = False

    class Pystray:
        pass

    Pystray.Icon = Icon  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "pystray", Pystray)  # pyright: ignore[reportArgumentType]
    with pytest.raises(NoTray, match="no menus"):
        load()
