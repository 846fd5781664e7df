"""A full day of use in short, watched from outside by strace: the daemon calls nobody.

Every process and thread of it is watched, from its first instruction to its last, for whatever begins a connection or
sends a datagram. Images that name addresses to fetch from (content credentials kept elsewhere, XMP that points to a
website) are among what it judges; a listener waits at those addresses.
"""

import http.client
import io
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import c2pa  # pyright: ignore[reportMissingTypeStubs]
import pytest

from naturaltrace.storage.paths import DataFolder
from tests.daemon.images import encoded, photo
from tests.daemon.programs import COMMAND, naturaltrace
from tests.daemon.provenance.authority import Authority, created
from tests.daemon.provenance.files import jpeg_xmp, xmp
from tests.durability.user import call
from tests.needs import lacking

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="strace is Linux's")

CALLS = "connect,sendto,sendmsg,sendmmsg,bind"
# A name service's socket would be a question about a host; none may be asked.
LOOPBACK = re.compile(
    r"sin_addr=inet_addr\(\"127\.[0-9.]+\"\)|inet_pton\(AF_INET6, \"::1\"|AF_NETLINK"
    r"|sa_family=AF_UNIX, sun_path=@?\"[^\"]*(?:naturaltrace|listener)"
)


class Listener:
    """Waits at an address that an image names, and remembers who comes."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.callers = 0
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            self.callers += 1
            caller.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener() -> Generator[Listener]:
    made = Listener()
    yield made
    made.close()


def credentials_kept_elsewhere(address: str) -> bytes:
    """A JPEG whose content credentials are to be fetched from `address`."""
    manifest = {
        "claim_generator_info": [{"name": "test", "version": "1"}],
        "format": "image/jpeg",
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [created("digitalCapture")]}}],
    }
    settings = {"verify": {"remote_manifest_fetch": False}, "builder": {"thumbnail": {"enabled": False}}}
    context: Any = c2pa.Context.from_json(json.dumps(settings))
    builder: Any = c2pa.Builder(json.dumps(manifest), context=context)
    builder.set_no_embed()
    builder.set_remote_url(address)
    out = io.BytesIO()
    builder.sign(Authority().issue().open(), "image/jpeg", io.BytesIO(encoded(photo(), "JPEG")), out)
    assert address.encode() in out.getvalue()
    return out.getvalue()


def images(address: str) -> dict[str, bytes]:
    made = {name: encoded(photo(seed=index), name) for index, name in enumerate(("PNG", "JPEG", "WEBP", "AVIF", "GIF"))}
    made["remote credentials"] = credentials_kept_elsewhere(address)
    made["xmp"] = jpeg_xmp(xmp(attributes=f' xmlns:dcterms="{address}" dcterms:provenance="{address}"'))
    return made


def test_a_full_day_in_short_calls_nobody(folder: DataFolder, tmp_path: Path, listener: Listener) -> None:
    strace = shutil.which("strace") or lacking("strace is not installed")
    if subprocess.run([strace, "-o", "/dev/null", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody watch a process")
    record = tmp_path / "calls.txt"
    watch = [strace, "-f", "--seccomp-bpf", "-e", f"trace={CALLS}", "-o", str(record)]
    serve = [*COMMAND, "serve", "--headless", "--port", "0", "--data-dir", str(folder.root)]
    with subprocess.Popen([*watch, *serve], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            a_day(ready, folder, f"http://127.0.0.1:{listener.port}/manifest.c2pa")
            daemon = json.loads(folder.running.read_text())["pid"]
            subprocess.run(["kill", f"-{signal.SIGTERM.value}", str(daemon)], check=True)
            assert process.wait(120) == 0
        finally:
            process.kill()
            process.wait(30)
    lines = record.read_text(encoding="utf-8", errors="replace").splitlines()
    assert [line for line in lines if "bind(" in line and f"htons({ready['port']})" in line], "nothing was watched"
    assert listener.callers == 0
    assert [line for line in lines if leaves(line)] == []


def leaves(line: str) -> bool:
    """Whether this call is to somebody. A bound socket only listens; what has no address goes back to who called."""
    if not re.search(r"\b(connect|sendto|sendmsg|sendmmsg|bind)\(", line) or "sa_family" not in line:
        return False
    return not LOOPBACK.search(line)


def a_day(ready: dict[str, Any], folder: DataFolder, address: str) -> None:
    port: int = ready["port"]

    def ask(method: str, path: str, body: Any = None, token: str = "") -> Any:
        status, answer = call(port, method, path, body, token)
        assert status < 300, (method, path, status, answer)
        return answer

    token = ask("POST", "/v1/pair", {"code": ready["pairing_code"], "name": "Firefox"})["token"]
    verdict: Any = None
    for name, data in images(address).items():
        verdict = ask("POST", "/v1/check", data, token)
        assert verdict["level"], name
        if verdict["heatmap"]:
            status, _ = heatmap(port, verdict["heatmap"], token)
            assert status == 200
    ask("POST", "/v1/check", images(address)["PNG"], token)  # known by now
    assert call(port, "POST", "/v1/check", b"no image at all", token)[0] == 422
    assert len(ask("GET", "/v1/history", token=token)["items"]) >= 6
    ask("POST", "/v1/feedback", {"sha256": verdict["image"]["sha256"], "says": "unsure"}, token)
    ask("GET", "/v1/openapi.json")

    link = naturaltrace("settings", "--print", "--data-dir", folder.root).stdout.strip()
    session = ask("POST", "/v1/session", {"key": link.partition("#")[2]})["token"]
    for path in ("state", "about", "model", "trust", "browsers", "login"):
        ask("GET", f"/v1/control/{path}", token=session)
    ask("PATCH", "/v1/settings", {"sensitivity": "eager", "device": "cpu"}, session)
    ask("POST", "/v1/check", encoded(photo(seed=77), "PNG"), token)
    ask("PUT", "/v1/control/pause", {"seconds": 60}, session)
    ask("DELETE", "/v1/control/pause", token=session)
    assert call(port, "GET", "/v1/stats", token="wrong")[0] == 401
    ask("GET", "/v1/stats", token=token)
    assert "Firefox" in naturaltrace("pair", "--list", "--data-dir", folder.root).stdout
    assert naturaltrace("pair", "--revoke", "all", "--data-dir", folder.root).returncode == 0
    ask("POST", "/v1/control/forget", {"settings": True, "browsers": True}, session)


def heatmap(port: int, path: str, token: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ('7 connect(9, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("93.184.216.34")}, 16) = 0', True),
        (
            '7 sendto(9, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16) = 1',
            True,
        ),
        ('7 connect(9, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT', True),
        ('7 bind(9, {sa_family=AF_INET, sin_port=htons(7345), sin_addr=inet_addr("0.0.0.0")}, 16) = 0', True),
        ('7 bind(9, {sa_family=AF_INET, sin_port=htons(7345), sin_addr=inet_addr("127.0.0.1")}, 16) = 0', False),
        ('7 sendto(9, "HTTP/1.1 200 OK", 15, 0, NULL, 0) = 15', False),
    ],
)
def test_the_watch_tells_what_leaves(line: str, out: bool) -> None:
    assert leaves(line) is out
