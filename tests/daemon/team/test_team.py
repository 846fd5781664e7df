"""The shared companion: TLS only, a token each, limits, a log, and administrators who are not users by accident."""

import asyncio
import datetime
import ipaddress
import json
import os
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from naturaltrace.server.health import proof
from naturaltrace.storage.clients import token_hash
from naturaltrace.storage.paths import DataFolder
from naturaltrace.team import serve
from naturaltrace.team.audit import Audit
from naturaltrace.team.limits import RateLimit
from naturaltrace.team.people import People, Role, mark
from tests.daemon.images import encoded, photo
from tests.daemon.programs import COMMAND, naturaltrace
from tests.daemon.stand_in import stand_in


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Natural Trace test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert, private


@dataclass(slots=True)
class Shared:
    port: int
    http: aiohttp.ClientSession
    folder: DataFolder
    people: People

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def ask(self, method: str, path: str, token: str | None = None, **more: Any) -> tuple[int, dict[str, Any]]:
        headers = {**more.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        async with self.http.request(method, self.url + path, headers=headers, **more) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith("{") else {"text": text}


@pytest.fixture
async def shared(tmp_path: Path, folder: DataFolder) -> AsyncIterator[Shared]:
    folder.create()
    cert, key = certificate(tmp_path)
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    options = serve.Options(
        folder, "127.0.0.1", 0, cert, key, per_minute=12.0, load=lambda _device: stand_in(), on_ready=ready.set_result
    )
    running = asyncio.create_task(serve.run(options))
    async with asyncio.timeout(60):
        port = await ready
    trust = ssl.create_default_context(cafile=str(cert))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as http:
        yield Shared(port, http, folder, People(folder))
    options.stop.set()
    await running


def _log(shared: Shared) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (shared.folder.root / "audit.jsonl").read_text().splitlines()]


async def test_a_user_has_an_image_checked_and_the_log_says_so(shared: Shared) -> None:
    client, token = shared.people.add("Ana", Role.USER)
    status, verdict = await shared.ask("POST", "/v1/check", token, data=encoded(photo(), "PNG"))
    assert (status, verdict["level"] in ("likely_ai", "no_sign")) == (200, True)
    entry = _log(shared)[-1]
    assert (entry["action"], entry["user"], entry["address"]) == ("check", "Ana", "127.0.0.1")
    assert token not in (shared.folder.root / "audit.jsonl").read_text()
    assert shared.people.revoke(client.id)
    assert (await shared.ask("POST", "/v1/check", token, data=b"x"))[0] == 401


async def test_a_private_window_leaves_no_mark_of_the_image(shared: Shared) -> None:
    _, token = shared.people.add("Ana", Role.USER)
    headers = {"NaturalTrace-Private": "?1"}
    assert (await shared.ask("POST", "/v1/check", token, data=encoded(photo(), "PNG"), headers=headers))[0] == 200
    assert "image" not in _log(shared)[-1]


async def test_nobody_gets_in_without_a_token_and_guessing_is_stopped(shared: Shared) -> None:
    assert (await shared.ask("POST", "/v1/check", data=b"x"))[1]["type"].endswith("no-token")
    found = [(await shared.ask("GET", "/v1/team/people", f"nt1_guess{n}"))[0] for n in range(12)]
    assert found == [401] * 10 + [429] * 2
    _, token = shared.people.add("Ana", Role.USER)
    assert (await shared.ask("POST", "/v1/check", token, data=b"x"))[0] == 429  # the address waits as a whole


async def test_one_user_can_ask_only_so_much_and_others_go_on(shared: Shared) -> None:
    (_, ana), (_, bo) = shared.people.add("Ana", Role.USER), shared.people.add("Bo", Role.USER)
    picture = encoded(photo(40, 40), "PNG")
    found = [(await shared.ask("POST", "/v1/check", ana, data=picture))[0] for _ in range(7)]
    assert found == [200] * 6 + [429]
    assert (await shared.ask("POST", "/v1/check", bo, data=picture))[0] == 200


async def test_only_administrators_see_and_change_people(shared: Shared) -> None:
    (ana, user), (_, admin) = shared.people.add("Ana", Role.USER), shared.people.add("Root", Role.ADMIN)
    for method, path in (("GET", "/v1/team/people"), ("GET", "/v1/team/audit"), ("POST", "/v1/team/code"),
                         ("POST", "/v1/team/people"), ("DELETE", f"/v1/team/people/{ana.id}")):  # fmt: skip
        assert (await shared.ask(method, path, user))[0] == 403
    _, listed = await shared.ask("GET", "/v1/team/people", admin)
    assert {(p["name"], p["role"]) for p in listed["people"]} == {("Ana", "user"), ("Root", "admin")}
    assert "token_sha256" not in json.dumps(listed)
    status, added = await shared.ask("POST", "/v1/team/people", admin, json={"name": "Cleo"})
    assert (status, (await shared.ask("GET", "/v1/health", added["token"]))[1]["paired"]) == (200, True)
    assert (await shared.ask("DELETE", f"/v1/team/people/{added['id']}", admin))[0] == 204
    assert (await shared.ask("GET", "/v1/health", added["token"]))[1]["paired"] is False
    actions = [e["action"] for e in (await shared.ask("GET", "/v1/team/audit", admin))[1]["entries"]]
    assert actions[:2] == ["removed", "added"]


async def test_a_browser_is_paired_by_a_code_that_works_once(shared: Shared) -> None:
    _, admin = shared.people.add("Root", Role.ADMIN)
    body = {"code": "000000", "name": "Firefox"}
    assert (await shared.ask("POST", "/v1/pair", json=body))[0] == 403
    code = (await shared.ask("POST", "/v1/team/code", admin))[1]["code"]
    status, paired = await shared.ask("POST", "/v1/pair", json={**body, "code": code})
    assert status == 200
    assert (await shared.ask("POST", "/v1/pair", json={**body, "code": code}))[0] == 403
    challenge = "ab" * 32
    headers = {"NaturalTrace-Client": paired["id"], "NaturalTrace-Challenge": challenge}
    _, health = await shared.ask("GET", "/v1/health", headers=headers)
    assert health["proof"] == proof(token_hash(paired["token"]), challenge, shared.port)


async def test_who_was_handed_a_token_has_the_companion_prove_itself_before_sending_it(shared: Shared) -> None:
    (client, token), (_, admin) = shared.people.add("Ana", Role.USER), shared.people.add("Root", Role.ADMIN)
    challenge = "cd" * 32

    async def proved(named: str) -> str | None:
        headers = {"NaturalTrace-Client": named, "NaturalTrace-Challenge": challenge}
        return (await shared.ask("GET", "/v1/health", headers=headers))[1].get("proof")

    assert await proved(mark(token_hash(token))) == proof(token_hash(token), challenge, shared.port)
    assert await proved(mark(token_hash(admin))) is None  # it administers; it pairs no browser
    assert await proved(mark(token_hash("nt1_guess"))) is None
    assert token_hash(token)[:8] not in mark(token_hash(token))
    assert shared.people.revoke(client.id)
    assert await proved(mark(token_hash(token))) is None


async def test_web_pages_may_not_call(shared: Shared) -> None:
    _, token = shared.people.add("Ana", Role.USER)
    for origin, status in (("https://evil.example", 403), ("null", 403), (shared.url, 422),
                           ("chrome-extension://" + "a" * 32, 422)):  # fmt: skip
        assert (await shared.ask("POST", "/v1/check", token, data=b"x", headers={"Origin": origin}))[0] == status


async def test_plain_http_is_not_answered(shared: Shared) -> None:
    with pytest.raises(aiohttp.ClientError):
        await shared.http.get(f"http://127.0.0.1:{shared.port}/v1/health")


async def test_the_admin_page_loads_only_from_here(shared: Shared) -> None:
    async with shared.http.get(shared.url + "/admin") as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "<h1 " in await answer.text()
    for name in ("/admin.js", "/admin.css"):
        assert (await shared.ask("GET", name))[0] == 200


def test_a_bucket_refills_evenly() -> None:
    now = 0.0
    limit = RateLimit(60, 2, clock=lambda: now)
    assert [limit.take("a"), limit.take("a")] == [0.0, 0.0]
    assert limit.take("a") == pytest.approx(1.0)
    now = 1.0
    assert [limit.take("a"), limit.take("b")] == [0.0, 0.0]


def test_the_log_is_private_and_turns_over(tmp_path: Path) -> None:
    log = Audit(tmp_path / "audit.jsonl", most_bytes=200)
    for number in range(40):
        log.note("check", user="Ana\nforged", number=number)
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["audit.jsonl", *(f"audit.jsonl.{n}" for n in range(1, 6))]
    assert log.last(1)[0]["number"] == 39
    if os.name == "posix":
        assert (tmp_path / "audit.jsonl").stat().st_mode & 0o077 == 0
    assert log.lost == 0


def test_a_wrong_certificate_is_said(tmp_path: Path, folder: DataFolder) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    folder.create()
    People(folder).add("Root", Role.ADMIN)
    command = [*COMMAND, "team", "serve", "--bind", "127.0.0.1:0", "--data-dir", str(folder.root)]
    done = subprocess.run(
        [*command, "--tls-cert", str(tmp_path / "no.pem"), "--tls-key", str(tmp_path / "no.pem")],
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "can't be used" in done.stderr


def test_people_by_command(folder: DataFolder) -> None:
    at = ("--data-dir", folder.root)
    assert "nt1_" in naturaltrace("team", "add", "Ana", "--admin", *at).stdout
    (ana,) = json.loads(naturaltrace("team", "list", "--json", *at).stdout)
    assert (ana["name"], ana["role"]) == ("Ana", "admin")
    assert naturaltrace("team", "remove", ana["id"], *at).returncode == 0
    assert naturaltrace("team", "remove", ana["id"], *at).returncode == 1
