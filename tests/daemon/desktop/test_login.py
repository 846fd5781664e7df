"""Start at login: each system's entry says what it must, and goes without a trace."""

import configparser
import os
import plistlib
import subprocess
import sys
from pathlib import Path

import pytest

from naturaltrace.desktop.login import start_command
from naturaltrace.desktop.login_linux import AutostartEntry
from naturaltrace.desktop.login_macos import LaunchAgent

COMMANDS = [
    ["/usr/bin/python3", "-m", "naturaltrace", "serve"],
    ["/home/a b/ünï/python", "-m", "naturaltrace"],
    ['/odd/$HOME/`x`/100%/quote"/python', "serve"],
]


@pytest.mark.skipif(os.name != "posix", reason="asks a POSIX shell")
@pytest.mark.parametrize("command", COMMANDS, ids=["plain", "spaces", "odd"])
def test_the_autostart_entry(tmp_path: Path, command: list[str]) -> None:
    entry = AutostartEntry.usual(tmp_path)
    assert not entry.enabled()
    entry.enable(command)
    assert entry.enabled()
    assert entry.path == tmp_path / ".config/autostart/naturaltrace.desktop"
    parsed = configparser.RawConfigParser()
    parsed.read(entry.path, encoding="utf-8")
    line = parsed["Desktop Entry"]["Exec"]
    # The value's own escaping first, then a shell's quoting, then the field codes: the specification's order.
    script = "printf '%s\\n' " + line.replace("\\\\", "\\")
    words = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
    assert [word.replace("%%", "%") for word in words] == command
    entry.disable()
    entry.disable()
    assert not entry.path.exists()


def test_an_entry_that_the_desktop_has_hidden_is_off(tmp_path: Path) -> None:
    entry = AutostartEntry.usual(tmp_path)
    entry.enable(COMMANDS[0])
    entry.path.write_text(entry.path.read_text() + "Hidden=true\n")
    assert not entry.enabled()


def test_the_configured_folder_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert AutostartEntry.usual().path == tmp_path / "config/autostart/naturaltrace.desktop"


@pytest.mark.parametrize("command", COMMANDS, ids=["plain", "spaces", "odd"])
def test_the_launch_agent(tmp_path: Path, command: list[str]) -> None:
    agent = LaunchAgent(tmp_path)
    agent.enable(command)
    assert agent.enabled()
    assert plistlib.loads(agent.path.read_bytes())["ProgramArguments"] == command
    agent.disable()
    assert not agent.enabled()


def test_this_very_installation_is_started() -> None:
    command = start_command()
    assert Path(command[0]).is_absolute()
    assert command[-1] == "serve"
    assert Path(command[0]).parent == Path(sys.executable).parent
