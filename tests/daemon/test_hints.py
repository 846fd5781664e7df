"""What commands say beside their results: how to go on from here, typed as this installation needs it; and the log."""

import argparse
import http.client
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from naturaltrace.commands.steered import command
from naturaltrace.storage.log import MAX_BYTES, start_log, stop_log
from naturaltrace.storage.paths import DataFolder
from tests.daemon.images import encoded, photo
from tests.daemon.programs import naturaltrace, running

SCRIPT = Path(sys.executable).with_name("naturaltrace")


# --- hints ------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="paths are POSIX's")
@pytest.mark.parametrize("where", ["on PATH", "beside", "elsewhere"])
def test_a_hint_can_be_typed_as_it_stands(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a b"
    monkeypatch.chdir(SCRIPT.parent.parent if where == "beside" else tmp_path)
    monkeypatch.setenv("PATH", f"{SCRIPT.parent}:/usr/bin" if where == "on PATH" else "/usr/bin")
    hint = command("pair --list", folder)
    if SCRIPT.exists():
        program = {"on PATH": "naturaltrace", "beside": os.path.relpath(SCRIPT), "elsewhere": str(SCRIPT)}[where]
        assert hint.split(" pair")[0] in (program, f"./{program}")
    done = subprocess.run(["sh", "-c", hint], capture_output=True, text=True, timeout=90, check=False)
    assert (done.returncode, done.stdout) == (0, "No browser is paired.\n"), done.stderr


def test_another_naturaltrace_on_path_is_not_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "naturaltrace"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("naturaltrace") == str(other)
    assert not command("serve", None).startswith("naturaltrace ")


@pytest.mark.parametrize("words", [("pair",), ("settings", "--print")])
def test_without_a_daemon_the_way_to_start_it_is_said(folder: DataFolder, words: tuple[str, ...]) -> None:
    folder.create()
    asked = naturaltrace(*words, "--data-dir", folder.root)
    assert asked.returncode == 1
    assert f"serve --data-dir {folder.root}" in asked.stderr


def test_a_damaged_list_is_said_when_it_is_listed(folder: DataFolder) -> None:
    folder.create()
    folder.clients.write_text("{")
    listed = naturaltrace("pair", "--list", "--json", "--data-dir", folder.root)
    assert json.loads(listed.stdout) == []
    assert "was damaged" in listed.stderr
    assert list(folder.root.glob("browsers.json.damaged-*"))


def test_without_a_tray_the_first_line_is_friendly(folder: DataFolder) -> None:
    code = (
        "import sys; sys.modules['pystray'] = None\n"
        "from naturaltrace.desktop.backend import NoTray, load\n"
        "try:\n    load()\nexcept NoTray as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=90, check=True)
    assert done.stdout.strip() == "it is optional, and its package pystray is not installed"


def test_the_terminal_hears_port_and_way_to_the_settings(folder: DataFolder) -> None:
    environment = {**os.environ}
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        environment.pop(name, None)
    serve = [sys.executable, "-m", "naturaltrace", "serve", "--port", "0", "--data-dir", str(folder.root)]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline() for _ in range(3)]
        finally:
            process.kill()
            process.wait(30)
    assert lines[0].startswith("There is no tray icon: ")
    assert f"settings --data-dir {folder.root}" in lines[0]
    assert "Error" not in lines[0]
    assert lines[1].startswith("Natural Trace is running on 127.0.0.1:")
    assert f"pair --data-dir {folder.root}" in lines[2]


# --- doctor -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("settings", "{"),
        ("settings", '{"history": 5}'),
        ("clients", '{"browsers": [{"id": 1}]}'),
        ("history", "this is no database at all, and long enough to be read as one"),
        ("running", "[]"),
    ],
)
def test_doctor_parses_what_it_lists_and_changes_nothing(folder: DataFolder, name: str, text: str) -> None:
    from naturaltrace.commands.doctor import examine

    folder.create()
    path: Path = getattr(folder, name)
    path.write_text(text)
    path.chmod(0o600)
    finding = examine(folder).to_json()[f"path: {name}"]
    assert finding["well"] is False
    assert str(path) in finding["text"]
    assert path.read_text() == text
    assert not list(folder.root.glob("*.damaged-*"))


def test_doctor_counts_what_is_sound_and_names_the_log(folder: DataFolder) -> None:
    from naturaltrace.commands.doctor import examine

    with running("--data-dir", folder.root) as (_, ready):
        pair(ready)
        report = examine(folder).to_json()
    assert "(1 paired)" in report["path: clients"]["text"]
    assert "(0 verdicts)" in report["path: history"]["text"]
    assert str(folder.log) in report["path: log"]["text"]
    assert report["daemon"]["text"] == f"running on 127.0.0.1:{ready['port']}"


# --- the log ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def log(folder: DataFolder) -> Generator[Path]:
    folder.create()
    handler = start_log(folder.log)
    assert handler is not None
    yield folder.log
    stop_log(handler)


def test_the_log_is_private_and_stays_small(log: Path) -> None:
    logger = logging.getLogger("naturaltrace.test")
    for _ in range(4 * MAX_BYTES // 200):
        logger.info("x" * 200)
    files = list(log.parent.glob("naturaltrace.log*"))
    assert len(files) == 3
    assert sum(file.stat().st_size for file in files) <= 3 * MAX_BYTES + 1000
    if os.name == "posix":
        assert {file.stat().st_mode & 0o077 for file in files} == {0}


def test_no_address_and_no_content_gets_into_the_log(log: Path) -> None:
    own, foreign = logging.getLogger("naturaltrace.test"), logging.getLogger("somebody.else")
    own.warning("a page at https://example.org/private?q=1 and data:image/png;base64,AAAA said no")
    foreign.error("could not read %s", "https://example.org/private.jpg")
    try:
        raise ValueError("broken: https://example.org/private.jpg b'\\xff\\xd8private bytes'")
    except ValueError:
        own.exception("a request failed: %s %s", "POST", "/v1/check")
    text = log.read_text()
    assert "private" not in text
    assert "example.org" not in text
    assert "could not read %s" in text
    assert "ValueError" in text
    assert "test_hints.py" in text  # where it happened


def pair(ready: dict[str, str]) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", int(ready["port"]), timeout=60)
    body = json.dumps({"code": ready["pairing_code"], "name": "A test"})
    connection.request("POST", "/v1/pair", body, {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())["token"]


def test_the_daemons_own_log_tells_when_and_nothing_else(folder: DataFolder) -> None:
    with running("--data-dir", folder.root) as (process, ready):
        connection = http.client.HTTPConnection("127.0.0.1", ready["port"], timeout=120)
        headers = {"Authorization": f"Bearer {pair(ready)}", "NaturalTrace-Page": "https://example.org/a-private-page"}
        connection.request("POST", "/v1/check", encoded(photo(), "PNG"), headers)
        assert connection.getresponse().status == 200
        process.terminate()
        assert process.wait(60) == 0
    text = folder.log.read_text()
    assert "begins" in text
    assert f"port {ready['port']}" in text
    assert "a browser was paired" in text
    assert text.rstrip().endswith("Natural Trace ends")
    assert "example.org" not in text
    assert str(ready["pairing_code"]) not in text


def test_a_log_that_cannot_be_written_is_no_reason_not_to_serve(folder: DataFolder) -> None:
    folder.create()
    folder.log.mkdir()
    assert start_log(folder.log) is None


def test_options_without_a_folder_mean_the_usual_one() -> None:
    assert "--data-dir" not in command("serve", argparse.Namespace(data_dir=None).data_dir)
