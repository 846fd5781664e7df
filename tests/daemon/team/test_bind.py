"""`naturaltrace serve --bind`: the team's companion, and what it refuses to be."""

import argparse
import http.client
import json
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from naturaltrace.cli import main
from naturaltrace.commands.bound import Address, address
from naturaltrace.storage.paths import DataFolder
from naturaltrace.team.people import People, Role
from tests.daemon.programs import COMMAND
from tests.daemon.team.test_team import certificate


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("0.0.0.0:8443", "0.0.0.0", 8443),
        ("192.0.2.7", "192.0.2.7", 7345),
        ("images.example.org", "images.example.org", 7345),
        ("[::]:0", "::", 0),
        ("[2001:db8::1]", "2001:db8::1", 7345),
        ("2001:db8::1", "2001:db8::1", 7345),
    ],
)
def test_an_address_has_a_port_or_the_usual_one(text: str, host: str, port: int) -> None:
    assert address(text) == Address(host, port)


@pytest.mark.parametrize(
    "text", ["", ":7345", "a:b:c", "host:port", "host:65536", "host:-1", "[::1", "https://host", "h:"]
)
def test_what_is_no_address_is_said(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        address(text)


@pytest.mark.parametrize("given", [[], ["--certificate", "c.pem"], ["--key", "k.pem"]])
def test_a_network_is_not_served_without_tls(
    given: list[str], folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--bind", "127.0.0.1:0", *given, "--data-dir", str(folder.root)]) == 2
    said = capsys.readouterr().err
    assert "TLS only" in said
    assert ("--key FILE" in said, "--certificate FILE" in said) == ("--key" not in given, "--certificate" not in given)


@pytest.mark.parametrize("words", [["serve"], ["team", "serve"]])
def test_a_network_is_not_served_before_somebody_has_a_token(
    words: list[str], tmp_path: Path, folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    cert, key = certificate(tmp_path)
    command = [*words, "--bind", "127.0.0.1:0", "--certificate", str(cert), "--key", str(key)]
    assert main([*command, "--data-dir", str(folder.root)]) == 2
    assert "team add --admin" in capsys.readouterr().err


def test_a_teams_options_mean_nothing_to_ones_own_companion(
    folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--key", "k.pem", "--per-minute", "5", "--data-dir", str(folder.root)]) == 2
    assert "--key, --per-minute: only together with --bind" in capsys.readouterr().err
    assert main(["serve", "--bind", "127.0.0.1", "--port", "9", "--data-dir", str(folder.root)]) == 2
    assert "without --port" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
@pytest.mark.timeout(300)
def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, folder: DataFolder) -> None:
    folder.create()
    _, token = People(folder).add("Ana", Role.USER)
    cert, key = certificate(tmp_path)
    command = [*COMMAND, "serve", "--headless", "--bind", "127.0.0.1:0", "--certificate", str(cert), "--key", str(key)]
    with subprocess.Popen(
        [*command, "--data-dir", str(folder.root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            assert (said["event"], said["host"]) == ("ready", "127.0.0.1")
            trust = ssl.create_default_context(cafile=str(cert))
            asked = http.client.HTTPSConnection("127.0.0.1", said["port"], context=trust, timeout=120)
            asked.request("GET", "/v1/health", headers={"Authorization": f"Bearer {token}"})
            answer = json.loads(asked.getresponse().read())
            assert (answer["team"], answer["paired"]) == (True, True)
            asked.close()
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0
        finally:
            process.kill()
