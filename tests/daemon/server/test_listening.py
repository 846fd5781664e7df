"""Sockets and connections: where the daemon can be reached, and how many and how slow callers it bears."""

import asyncio
import socket
from contextlib import suppress

import pytest

from naturaltrace.server.listening import DEFAULT_PORT, NoPort, open_sockets
from naturaltrace.storage.paths import DataFolder
from tests.daemon.images import encoded, photo
from tests.daemon.serving import Served, serving


def close(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def test_only_loopback_is_bound() -> None:
    port, sockets = open_sockets(0)
    assert port > 0
    assert {sock.getsockname()[0] for sock in sockets} <= {"127.0.0.1", "::1"}
    assert {sock.getsockname()[1] for sock in sockets} == {port}
    close(sockets)


def test_a_port_that_was_asked_for_is_the_only_one_tried() -> None:
    port, sockets = open_sockets(0)
    with pytest.raises(NoPort, match=str(port)):
        open_sockets(port)
    close(sockets)


def test_the_next_free_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, sockets = open_sockets(0)
    monkeypatch.setattr("naturaltrace.server.listening.DEFAULT_PORT", taken)
    port, more = open_sockets(None)
    assert taken < port < taken + 10
    close(sockets + more)


def test_a_port_of_which_someone_else_has_half_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with socket.socket(socket.AF_INET6) as other:
        try:
            other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            other.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 here")
        other.listen()
        with pytest.raises(NoPort):
            open_sockets(other.getsockname()[1])


def test_the_default_port_is_the_documented_one() -> None:
    assert DEFAULT_PORT == 7345


@pytest.fixture
async def impatient(folder: DataFolder):
    folder.create()
    async with serving(folder, idle_s=0.5, max_connections=5) as it:
        yield it


async def closed_by_daemon(reader: asyncio.StreamReader) -> bool:
    async with asyncio.timeout(30):
        with suppress(ConnectionError):
            while await reader.read(4096):
                pass
    return True


async def test_a_connection_that_says_nothing_is_closed(impatient: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", impatient.port)
    assert await closed_by_daemon(reader)
    writer.close()


async def test_headers_that_drip_are_not_waited_for(impatient: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", impatient.port)
    writer.write(b"POST /v1/check HTTP/1.1\r\nHost: 127.0.0.1\r\n")

    async def drip() -> None:
        while True:
            writer.write(b"X-A: b\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    assert await closed_by_daemon(reader)
    dripping.cancel()
    await asyncio.gather(dripping, return_exceptions=True)
    writer.close()


async def test_too_many_connections_are_turned_away_and_room_comes_back(impatient: Served) -> None:
    held = [await asyncio.open_connection("127.0.0.1", impatient.port) for _ in range(5)]
    reader, writer = await asyncio.open_connection("127.0.0.1", impatient.port)
    writer.write(f"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1:{impatient.port}\r\n\r\n".encode())
    async with asyncio.timeout(30):
        with suppress(ConnectionError):
            assert await reader.read(1) == b""
    for reader, held_writer in held:
        assert await closed_by_daemon(reader)
        held_writer.close()
    writer.close()
    async with impatient.http.get(f"{impatient.url}/v1/health") as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    "flood",
    [
        b"X-Flood: " + b"a" * 20_000 + b"\r\n",
        b"".join(b"X-%d: a\r\n" % n for n in range(200)),
        b"Cookie: " + b"a=b; " * 3000 + b"\r\n",
    ],
    ids=["one long", "many", "cookies"],
)
async def test_floods_of_headers_are_refused(served: Served, flood: bytes) -> None:
    host = f"Host: 127.0.0.1:{served.port}\r\n".encode()
    answer = await served.raw(b"GET /v1/health HTTP/1.1\r\n" + host + flood + b"\r\n")
    assert answer.split()[1] in (b"400", b"431")


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"GET",
        b"GET / HTTP/9.9",
        b"GET /\0 HTTP/1.1",
        b"G\xe9T / HTTP/1.1",
    ],
    ids=["long address", "TLS", "cut", "version", "zero byte", "not ASCII"],
)
async def test_malformed_requests_leave_the_daemon_answering(served: Served, request_line: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request_line + b"\r\n\r\n")
    await writer.drain()
    writer.close()
    async with served.http.get(f"{served.url}/v1/health") as answer:
        assert answer.status == 200


async def test_two_lengths_are_refused(served: Served) -> None:
    head = f"POST /v1/check HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nAuthorization: Bearer {served.token}\r\n"
    smuggled = head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert (await served.raw(smuggled.encode())).split()[1] == b"400"
    assert (await served.raw((head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello").encode())).split()[
        1
    ] == b"400"


async def test_many_clients_at_once_are_all_answered(served: Served) -> None:
    data = encoded(photo(64, 64), "PNG")

    async def check() -> int:
        async with served.http.post(f"{served.url}/v1/check", data=data, headers=served.bearer) as answer:
            return answer.status

    statuses = await asyncio.gather(*(check() for _ in range(200)))
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= 64
