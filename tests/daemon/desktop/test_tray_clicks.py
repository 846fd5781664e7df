"""The tray as a person meets it: a real panel on a virtual screen, a real mouse, real keys.

`NATURALTRACE_IMAGES=docs/images pytest tests/daemon/desktop/test_tray_clicks.py` writes the pictures there.
"""

import json
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageGrab

from naturaltrace.server.steering import NotRunning, Refused, Steering
from naturaltrace.storage.paths import DataFolder
from tests.needs import needs_program

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="this panel is Linux's"),
    pytest.mark.timeout(400),
]
DEADLINE_S = 90.0
GI = Path("/usr/lib/python3/dist-packages/gi") / f"_gi{sysconfig.get_config_var('EXT_SUFFIX')}"
ICON = ("mousemove", "17", "16")


def eventually(look: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
    end = time.monotonic() + deadline_s
    while True:
        value = look()
        if value:
            return value
        assert time.monotonic() < end, f"not within {deadline_s:g} s: {what}; last seen: {value!r}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def screen() -> Generator[str]:
    program = needs_program("Xvfb")
    read, write = os.pipe()
    command = [program, "-displayfd", str(write), "-screen", "0", "1000x640x24", "-nolisten", "tcp", "-wr"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as number:
        name = f":{number.readline().strip()}"
    yield name
    server.terminate()
    server.wait(30)


class Desk:
    """A screen with a panel, and Natural Trace in it."""

    def __init__(self, screen: str, folder: DataFolder, opened: Path) -> None:
        self._screen = screen
        self.folder = folder
        self.opened = opened  # the links that the browser was asked to open, one a line

    def state(self) -> dict[str, Any]:
        try:
            return Steering.find(self.folder).call("GET", "/v1/control/state")
        except (NotRunning, Refused):
            return {}

    def do(self, *words: str) -> None:
        environment = {**os.environ, "DISPLAY": self._screen}
        subprocess.run(["xdotool", *words], env=environment, check=True, timeout=60)

    def look(self) -> Image.Image:
        return ImageGrab.grab(xdisplay=self._screen).convert("RGB")

    def menu(self) -> tuple[int, int, int, int]:
        """Open the menu; where it and the panel stand on the screen."""
        closed = self.look()

        def open_it() -> tuple[int, int, int, int] | None:
            # A panel that a slow machine has not drawn yet takes no clicks: then they are made again.
            self.do("key", "Escape", *ICON, "click", "3")
            try:
                return eventually(lambda: self._grown(closed), "the menu", 8)
            except AssertionError:
                return None

        return eventually(open_it, "the menu to open")

    def _grown(self, before: Image.Image) -> tuple[int, int, int, int] | None:
        box = ImageChops.difference(before, self.look()).getbbox()
        return box if box is not None and box[3] - box[1] > 150 else None

    def choose(self, *keys: str) -> None:
        """Open the menu and press these keys one by one."""
        self.menu()
        for key in keys:
            self.do("key", "--delay", "60", key)

    def until(self, name: str, value: Any, *keys: str) -> None:
        """Press keys in the menu until the daemon's state says so: a slow menu may have swallowed one."""

        def chosen() -> bool:
            if self.state().get(name) != value:
                self.choose(*keys)
            try:
                return bool(eventually(lambda: self.state().get(name) == value, name, 8))
            except AssertionError:
                return False

        eventually(chosen, f"{name} to be {value!r}")


@contextmanager
def panel(screen: str, folder: DataFolder, tmp_path: Path) -> Generator[tuple[subprocess.Popen[str], Desk]]:
    opened = tmp_path / "opened.txt"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> "{opened}"\n')
    browser.chmod(0o755)
    environment = {
        **os.environ,
        "DISPLAY": screen,
        "BROWSER": str(browser),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "NO_AT_BRIDGE": "1",
    }
    environment.pop("WAYLAND_DISPLAY", None)
    serve = f"'{sys.executable}' -m naturaltrace serve --port 0 --data-dir '{folder.root}'"
    tray = "trayer --edge top --align left --width 20 --widthtype percent --height 32 --transparent false"
    script = f"{tray} & {serve}; status=$?; kill %1; exit $status"
    with subprocess.Popen(
        ["dbus-run-session", "--", "bash", "-c", f"set -m; {script}"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    ) as process:
        desk = Desk(screen, folder, opened)
        try:
            eventually(lambda: desk.state() or process.poll() is not None, "the daemon")
            assert process.poll() is None, process.stdout.read() if process.stdout else ""
            yield process, desk
        finally:
            if process.poll() is None:
                os.killpg(process.pid, 9)
            process.wait(30)


def test_a_person_uses_the_tray(screen: str, folder: DataFolder, tmp_path: Path) -> None:
    for program in ("trayer", "xdotool", "dbus-run-session"):
        needs_program(program)
    if not GI.exists():
        pytest.skip(f"no GObject introspection for this Python ({GI})")
    with panel(screen, folder, tmp_path) as (process, desk):
        pictures = Path(os.environ.get("NATURALTRACE_IMAGES", tmp_path))
        box = desk.menu()
        desk.look().crop((0, 0, box[2] + 8, box[3] + 8)).save(pictures / "tray-menu.png")
        desk.do("key", "Escape")

        # From the top: open settings, pair, pause, sensitivity, device, sites, start at login, notifications, quit.
        desk.until("paused", True, "Down", "Down", "Down", "Right", "Return")
        assert 0 < desk.state()["paused_s"] <= 900
        box = desk.menu()
        desk.look().crop((0, 0, box[2] + 8, box[3] + 8)).save(pictures / "tray-paused.png")
        desk.do("key", "Escape")
        desk.until("paused", False, "Down", "Down", "Down", "Return")

        desk.until("sensitivity", "careful", "Down", "Down", "Down", "Down", "Right", "Return")
        assert json.loads(folder.settings.read_text())["sensitivity"] == "careful"
        before = desk.look()

        def submenu() -> tuple[int, int, int, int] | None:
            box = ImageChops.difference(before, desk.look()).getbbox()
            return box if box is not None and box[2] > 500 else None

        desk.choose("Down", "Down", "Down", "Down", "Right")
        box = eventually(submenu, "the submenu")
        desk.look().crop((0, 0, box[2] + 8, box[3] + 8)).save(pictures / "tray-sensitivity.png")
        desk.do("key", "Escape", "key", "Escape")

        desk.until("notifications", True, *["Down"] * 8, "Return")
        desk.until("notifications", False, *["Down"] * 8, "Return")

        def asked() -> bool:
            desk.choose("Down", "Return")
            try:
                return bool(eventually(desk.opened.exists, "the link", 8))
            except AssertionError:
                return False

        eventually(asked, "the settings to be opened")
        link = desk.opened.read_text().splitlines()[0]
        assert link.startswith(f"http://127.0.0.1:{desk.state()['port']}/#")

        def ended() -> bool:
            if process.poll() is None and desk.state():
                desk.choose("Up", "Return")
            try:
                return bool(eventually(lambda: process.poll() is not None, "the end", 10))
            except AssertionError:
                return False

        eventually(ended, "the program to quit")
        assert process.returncode == 0
        assert not folder.running.exists()
