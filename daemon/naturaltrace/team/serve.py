"""The shared companion from start to end: certificate, socket, application, until a signal."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from naturaltrace.detection.runtime.wanted import Wanted
from naturaltrace.pipeline import Pipeline
from naturaltrace.server.engine import Engine
from naturaltrace.server.listening import make_runner
from naturaltrace.storage.paths import DataFolder
from naturaltrace.team.app import Team, make_app
from naturaltrace.team.audit import Audit
from naturaltrace.team.limits import RateLimit
from naturaltrace.team.people import People


class BadCertificate(Exception):  # noqa: N818 (it reads as what it says)
    """The certificate or its key can't be used; str(error) says why."""


@dataclass(slots=True)
class Options:
    folder: DataFolder
    host: str
    port: int
    certificate: Path
    key: Path
    per_minute: float = 120.0
    load: Callable[[Wanted], Pipeline] | None = None  # given what to run on
    on_ready: Callable[[int], None] = lambda _port: None
    stop: asyncio.Event = field(default_factory=asyncio.Event)


async def run(options: Options) -> None:
    """Serve until a signal or `options.stop`. Raises BadCertificate and OSError."""
    context = tls(options.certificate, options.key)
    folder = options.folder
    folder.create()
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((options.host, options.port))
        port = int(sock.getsockname()[1])

        def usual(wanted: Wanted) -> Pipeline:
            return Pipeline.released(folder.root, device=wanted.device, precision=wanted.precision, serve=True)

        load = options.load or usual
        team = Team(People(folder), Audit(folder.root / "audit.jsonl"), Engine(load), port)
        team.checks = RateLimit(options.per_minute, max(1, int(options.per_minute / 2)))
        runner = make_runner(make_app(team))
        await runner.setup()
    except BaseException:
        sock.close()
        raise
    try:
        await web.SockSite(runner, sock, ssl_context=context).start()
        team.audit.note("started", port=port)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, options.stop.set)
        options.on_ready(port)
        await options.stop.wait()
    finally:
        await runner.cleanup()


def tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer with this certificate chain. Raises BadCertificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ssl.SSLError, ValueError) as error:
        raise BadCertificate(f"The certificate {certificate} and its key {key} can't be used: {error}.") from error
    return context
