"""The application on a real loopback port inside the test's own event loop."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from naturaltrace.pipeline import Pipeline
from naturaltrace.server.app import Parts, make_app
from naturaltrace.server.body import BodyLimits
from naturaltrace.server.engine import Engine
from naturaltrace.server.guard import Gate
from naturaltrace.server.listening import IDLE_S, MAX_CONNECTIONS, LoopbackSite, make_runner, open_sockets
from naturaltrace.server.memory import Archive
from naturaltrace.server.pairing import Pairing
from naturaltrace.server.preferences import Preferences
from naturaltrace.storage.clients import Clients
from naturaltrace.storage.history import History
from naturaltrace.storage.paths import DataFolder
from naturaltrace.storage.settings import SettingsFile
from tests.daemon.stand_in import StandInDetector, stand_in

CONTROL_KEY = "the-control-key-of-this-test"


@dataclass(slots=True)
class Served:
    port: int
    app: web.Application
    gate: Gate
    pairing: Pairing
    engine: Engine
    detector: StandInDetector
    http: aiohttp.ClientSession
    token: str
    client_id: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def control(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {CONTROL_KEY}"}

    async def raw(self, request: bytes, *, wait_s: float = 30.0) -> bytes:
        """Send bytes as they are and read until the daemon closes or nothing more comes with a full answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            await writer.drain()
            async with asyncio.timeout(wait_s):
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
                return head + await reader.readexactly(int(length[1]) if length else 0)
        finally:
            writer.close()


@asynccontextmanager
async def serving(
    folder: DataFolder,
    *,
    load: Callable[[StandInDetector], Pipeline] = stand_in,
    bodies: BodyLimits | None = None,
    queue_limit: int = 64,
    idle_s: float = IDLE_S,
    max_connections: int = MAX_CONNECTIONS,
) -> AsyncGenerator[Served]:
    port, sockets = open_sockets(0)
    detector = StandInDetector()
    gate = Gate(Clients.load(folder.clients), CONTROL_KEY, port)
    client, token = gate.clients.add("Test browser")
    parts = Parts(
        archive=Archive(History.open(folder.history)),
        preferences=Preferences(SettingsFile.load(folder.settings)),
        folder=folder,
        gate=gate,
        engine=Engine(lambda _device: load(detector), queue_limit=queue_limit),
        pairing=Pairing(),
        bodies=bodies or BodyLimits(),
    )
    app = make_app(parts)
    runner = make_runner(app, idle_s=idle_s)
    await runner.setup()
    for sock in sockets:
        await LoopbackSite(runner, sock, max_connections=max_connections).start()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
        try:
            yield Served(port, app, gate, parts.pairing, parts.engine, detector, http, token, client.id)
        finally:
            detector.hold.set()
            await runner.cleanup()


async def until(condition: Callable[[], bool], *, within_s: float = 30.0) -> None:
    """Wait for `condition`, looking often; fails after `within_s`."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 (the daemon tells no test of its inner state)
            await asyncio.sleep(0.005)
