"""`naturaltrace check · serve · pair · doctor`, as scripts and people call them."""

import http.client
import io
import json
import os
import signal
import socket
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from naturaltrace.cli import main
from naturaltrace.pipeline import Pipeline
from naturaltrace.storage.paths import DataFolder
from tests.daemon.images import encoded, photo, png_bomb
from tests.daemon.programs import naturaltrace, running
from tests.daemon.stand_in import stand_in

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in this process with the stand-in's detector: status, standard output, standard error."""

    def released(_data_dir: Path | None = None, *, precision: str | None = None) -> Pipeline:
        return stand_in()

    monkeypatch.setattr(Pipeline, "released", released)

    def call(*arguments: object) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            status = main([str(argument) for argument in arguments])
        return status, out.getvalue(), err.getvalue()

    return call


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(photo(), "PNG"))
    return path


# --- check -----------------------------------------------------------------------------------------------------------


def test_check_prints_one_object_a_line_in_the_order_given(run: Run, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("c.png", "a.jpg", "b.webp")]
    for path, name in zip(paths, ("PNG", "JPEG", "WEBP"), strict=True):
        path.write_bytes(encoded(photo(), name))
    status, out, err = run("check", "--json", *paths)
    lines = [json.loads(line) for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert [line["path"] for line in lines] == [str(path) for path in paths]
    assert [line["image"]["format"] for line in lines] == ["PNG", "JPEG", "WEBP"]
    wanted = {"level", "label", "probability", "basis", "evidence", "generator", "heatmap", "model", "timing_ms"}
    assert all(wanted <= set(line) for line in lines)


def test_check_goes_on_after_files_that_cannot_be_judged(run: Run, tmp_path: Path, picture: Path) -> None:
    broken = {
        "missing.png": None,
        "empty.png": b"",
        "text.png": b"hello",
        "cut.png": encoded(photo(), "PNG")[:900],
        "bomb.png": png_bomb(50_000, 50_000),
    }
    paths = [tmp_path / name for name in broken]
    for path, data in zip(paths, broken.values(), strict=True):
        if data is not None:
            path.write_bytes(data)
    status, out, _ = run("check", "--json", *paths, tmp_path, picture)
    lines = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    slugs = ["not-found", "empty", "unsupported-format", "damaged-image", "too-many-pixels", "not-a-file"]
    assert [line.get("error", {}).get("type") for line in lines] == [*slugs, None]
    assert all(line["error"]["detail"] for line in lines[:-1])
    assert lines[-1]["level"]


def test_pixels_only_leaves_the_metadata_out(run: Run, picture: Path) -> None:
    assert "with metadata" in run("check", "--json", picture)[1]
    assert "pixels only" in run("check", "--json", "--pixels-only", picture)[1]


def test_check_in_words(run: Run, picture: Path, tmp_path: Path) -> None:
    status, out, err = run("check", picture, tmp_path / "missing.png")
    assert status == 1
    assert out.startswith(f"{picture}: ")
    assert len(out.splitlines()) == 1
    assert "no such file" in err


@pytest.mark.skipif(os.name != "posix", reason="file names may be any bytes only there")
def test_check_bears_odd_names(run: Run, tmp_path: Path) -> None:
    odd = [tmp_path / "a\nb.png", tmp_path / "ünï 火.png", tmp_path / "--json.png"]
    for path in odd:
        path.write_bytes(encoded(photo(), "PNG"))
    status, out, _ = run("check", "--json", *odd)
    assert status == 0
    assert [json.loads(line)["path"] for line in out.splitlines()] == [str(path) for path in odd]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_check_does_not_wait_for_a_pipe(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    status, out, _ = run("check", "--json", tmp_path / "pipe.jpg")
    assert status == 1
    assert json.loads(out)["error"]["type"] == "not-a-file"


def test_a_folder_of_other_files_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "somebody-elses.txt").write_text("x")
    tmp_path.chmod(0o755)
    DataFolder(tmp_path).create()
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_check_without_a_detector_says_why(run: Run, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_data_dir: Path, *, precision: str | None) -> Pipeline:
        raise FileNotFoundError("card.json is missing")

    monkeypatch.setattr(Pipeline, "released", broken)
    status, out, err = run("check", "--json", picture)
    assert (status, out) == (1, "")
    assert "card.json is missing" in err


def test_wrong_use_is_status_two() -> None:
    for arguments in ([], ["check"], ["serve", "--port", "99999"], ["serve", "--port", "x"], ["nonsense"]):
        with pytest.raises(SystemExit) as caught, redirect_stderr(io.StringIO()):
            main(arguments)
        assert caught.value.code == 2


# --- serve and pair, as programs of their own ------------------------------------------------------------------------


def call(port: int, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    data = json.dumps(body) if body is not None else None
    connection.request(method, path, data, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text else None


def test_serve_prints_one_line_pairs_and_stops(folder: DataFolder) -> None:
    with running("--data-dir", folder.root) as (process, ready):
        assert ready["event"] == "ready"
        port = ready["port"]
        assert call(port, "GET", "/v1/health") == (200, {"name": "naturaltrace", "api": 1, "paired": False})
        status, paired = call(port, "POST", "/v1/pair", {"code": ready["pairing_code"], "name": "A test"})
        assert status == 200

        listed = naturaltrace("pair", "--list", "--json", "--data-dir", folder.root)
        assert [browser["name"] for browser in json.loads(listed.stdout)] == ["A test"]
        fresh = naturaltrace("pair", "--json", "--data-dir", folder.root)
        code = json.loads(fresh.stdout)
        assert code["port"] == port
        assert call(port, "POST", "/v1/pair", {"code": code["pairing_code"], "name": "Another"})[0] == 200
        assert naturaltrace("pair", "--revoke", paired["id"], "--data-dir", folder.root).returncode == 0
        bearer = {"Authorization": f"Bearer {paired['token']}"}
        assert call(port, "POST", "/v1/check", {}, **bearer)[0] == 401

        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""
    assert not folder.running.exists()
    listed = naturaltrace("pair", "--list", "--data-dir", folder.root)
    assert "Another" in listed.stdout


def test_a_second_daemon_on_the_same_folder_gives_way(folder: DataFolder) -> None:
    with running("--data-dir", folder.root) as (_, ready):
        second = naturaltrace("serve", "--headless", "--port", "0", "--data-dir", folder.root)
        assert second.returncode == 1
        told = json.loads(second.stdout)
        assert told["type"] == "already-running"
        assert f"127.0.0.1:{ready['port']}" in told["detail"]
        assert f"settings --data-dir {folder.root}" in told["detail"]
        assert call(ready["port"], "GET", "/v1/health")[0] == 200


def test_serve_on_a_taken_port_says_so(folder: DataFolder) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = naturaltrace("serve", "--headless", "--port", port, "--data-dir", folder.root)
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["type"] == "no-port"


def test_after_a_kill_the_next_start_is_clean(folder: DataFolder) -> None:
    with running("--data-dir", folder.root) as (process, ready):
        _, paired = call(ready["port"], "POST", "/v1/pair", {"code": ready["pairing_code"], "name": "A test"})
        process.kill()
        process.wait(30)
    assert folder.running.exists()
    asked = naturaltrace("pair", "--data-dir", folder.root)
    assert asked.returncode == 1
    assert "not running" in asked.stderr
    with running("--data-dir", folder.root) as (_, ready):
        bearer = {"Authorization": f"Bearer {paired['token']}"}
        assert call(ready["port"], "GET", "/v1/health", **bearer)[1]["paired"] is True


def test_pair_without_a_daemon(folder: DataFolder) -> None:
    folder.create()
    asked = naturaltrace("pair", "--data-dir", folder.root)
    assert asked.returncode == 1
    assert "naturaltrace serve" in asked.stderr
    assert "No browser is paired" in naturaltrace("pair", "--list", "--data-dir", folder.root).stdout
    assert naturaltrace("pair", "--revoke", "nobody", "--data-dir", folder.root).returncode == 1
    assert naturaltrace("pair", "--revoke", "all", "--data-dir", folder.root).returncode == 0


def test_doctor_names_every_path(folder: DataFolder) -> None:
    folder.create()
    report = json.loads(naturaltrace("doctor", "--json", "--data-dir", folder.root).stdout)
    for name, path in folder.all():
        assert str(path) in report[f"path: {name}"]["text"]
    assert report["daemon"]["text"] == "not running"
    assert report["in eight bits"]["well"]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_doctor_sees_what_others_can_read(folder: DataFolder) -> None:
    folder.create()
    folder.clients.write_text("{}")
    folder.clients.chmod(0o644)
    asked = naturaltrace("doctor", "--json", "--data-dir", folder.root)
    assert asked.returncode == 1
    assert json.loads(asked.stdout)["path: clients"]["well"] is False
