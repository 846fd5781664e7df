"""Sockets on loopback, and limits on the connections that come in through them."""

import asyncio
import errno
import logging
import socket
import sys
from contextlib import suppress

from aiohttp import web

DEFAULT_PORT = 7345
PORTS_TRIED = 10
MAX_CONNECTIONS = 512
# Also how long a client may take over its request's headers: aiohttp closes what has not become a request by then.
IDLE_S = 20.0


class NoPort(Exception):  # noqa: N818 (it reads as what it says)
    """None of the ports could be taken; str(error) says which were tried."""


def open_sockets(port: int | None) -> tuple[int, list[socket.socket]]:
    """Bind one port on 127.0.0.1 and, where the machine has it, on [::1].

    `port` None tries 7345 to 7354; 0 lets the system choose. Raises NoPort.
    """
    if port is None:
        candidates = list(range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED))
    else:
        candidates = [port] if port else [0] * PORTS_TRIED
    for candidate in candidates:
        sockets = _bind_both(candidate)
        if sockets:
            return sockets[0].getsockname()[1], sockets
    tried = f"{candidates[0]} to {candidates[-1]}" if len(candidates) > 1 else str(candidates[0])
    raise NoPort(f"No free port: tried {tried}.")


def _bind_both(port: int) -> list[socket.socket]:
    v4 = _bind(socket.AF_INET, "127.0.0.1", port)
    if v4 is None:
        return []
    if not socket.has_ipv6:
        return [v4]
    try:
        v6 = _bind(socket.AF_INET6, "::1", v4.getsockname()[1])
    except OSError:
        return [v4]  # no IPv6 on this machine
    if v6 is None:
        v4.close()  # someone else would answer for half of this port
        return []
    return [v4, v6]


def _bind(family: socket.AddressFamily, address: str, port: int) -> socket.socket | None:
    """None where the port is taken; other errors are raised."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # Without it another process may bind the same port over ours.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        sock.listen(128)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return None
        raise
    return sock


# aiohttp reports each malformed request as an error with a traceback: anyone could fill the log with those.
_silent = logging.getLogger("naturaltrace.http")
_silent.setLevel(logging.CRITICAL)


def make_runner(app: web.Application, *, idle_s: float = IDLE_S) -> web.AppRunner:
    """A runner whose connections are idle no longer than `idle_s`, unpack nothing and end with their client."""
    return web.AppRunner(
        app,
        handle_signals=False,
        logger=_silent,
        access_log=None,  # it would write down who looked at what, and when
        handler_cancellation=True,
        keepalive_timeout=idle_s,
        lingering_time=1.0,
        auto_decompress=False,
        max_headers=64,
        shutdown_timeout=5.0,
    )


class LoopbackSite(web.SockSite):
    """A listening socket that turns new connections away while `max_connections` are open."""

    def __init__(self, runner: web.AppRunner, sock: socket.socket, *, max_connections: int = MAX_CONNECTIONS) -> None:
        super().__init__(runner, sock)
        self._max_connections = max_connections

    async def start(self) -> None:
        await web.BaseSite.start(self)
        server = self._runner.server
        assert server is not None
        accept = server

        def connect() -> asyncio.Protocol:
            if len(accept.connections) >= self._max_connections:
                return _TurnedAway()
            return accept()

        self._server = await asyncio.get_running_loop().create_server(connect, sock=self._sock, backlog=128)


class _TurnedAway(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        with suppress(Exception):
            transport.close()
