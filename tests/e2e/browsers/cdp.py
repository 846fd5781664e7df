"""A small client of the DevTools protocol, which Chromium speaks over a WebSocket."""

import json
from contextlib import ExitStack
from itertools import count
from typing import Any

from websockets.sync.client import ClientConnection, connect


class CdpError(Exception):
    """The browser refused a command, or a script threw; the message is its own."""


class Cdp:
    """One connection. Every page, worker and frame is reached through a session of its own; no call waits for ever."""

    def __init__(self, address: str, *, timeout_s: float = 150.0) -> None:
        self._timeout = timeout_s
        self._ids = count(1)
        # The client is a context manager; this object lives longer than one block.
        self._open = ExitStack()
        self._socket: ClientConnection = self._open.enter_context(connect(address, max_size=None, ping_interval=None))

    def command(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result. Raises CdpError, TimeoutError."""
        number = self.post(method, session, **parameters)
        while True:
            answer: dict[str, Any] = json.loads(self._socket.recv(timeout=self._timeout))
            if answer.get("id") != number:
                continue
            if "error" in answer:
                raise CdpError(f"{method}: {answer['error'].get('message')}")
            return answer["result"]

    def post(self, method: str, session: str | None = None, **parameters: Any) -> int:
        """Send one command and don't wait for its result; returns its number."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        self._socket.send(json.dumps(message))
        return number

    def gather(self, method: str, session: str, *, event: str, until: str) -> list[dict[str, Any]]:
        """Send one command whose result comes as events; the parameters of each `event` until the one named `until`."""
        self.post(method, session)
        found: list[dict[str, Any]] = []
        while True:
            message: dict[str, Any] = json.loads(self._socket.recv(timeout=self._timeout))
            if message.get("method") == event:
                found.append(message["params"])
            elif message.get("method") == until:
                return found

    def targets(self) -> list[dict[str, Any]]:
        """Pages, frames of other processes and workers: `targetId`, `type`, `url`, …"""
        return self.command("Target.getTargets", filter=[{}])["targetInfos"]

    def attach(self, target: str) -> str:
        """A session on a target."""
        return self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def evaluate(self, session: str, expression: str) -> Any:
        """The value of a JavaScript expression (a promise is awaited), as Python's own types. Raises CdpError."""
        result = self.command(
            "Runtime.evaluate",
            session,
            expression=f"(async () => ({expression}))()",
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise CdpError(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    def close(self) -> None:
        self._open.close()
