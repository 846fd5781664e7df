"""A small client of WebDriver BiDi, the protocol that Firefox speaks over a WebSocket."""

import json
from contextlib import ExitStack
from itertools import count
from typing import Any

from websockets.sync.client import ClientConnection, connect


class BidiError(Exception):
    """The browser refused a command; the message is its own."""


class Bidi:
    """One session. Commands are answered in turn; events are not subscribed to."""

    def __init__(self, address: str, *, timeout_s: float = 150.0, any_certificate: bool = True) -> None:
        self._timeout = timeout_s
        self._ids = count(1)
        # The client is a context manager; this object lives longer than one block.
        self._open = ExitStack()
        self._socket: ClientConnection = self._open.enter_context(
            connect(f"{address}/session", max_size=None, ping_interval=None)
        )
        # Only servers of the tests' own are reached; their certificates are nobody's.
        self.command("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": any_certificate}})

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result. Raises BidiError, TimeoutError."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer: dict[str, Any] = json.loads(self._socket.recv(timeout=self._timeout))
            if answer.get("id") != number:
                continue
            if answer["type"] == "error":
                raise BidiError(f"{method}: {answer['error']}: {answer.get('message', '')}")
            return answer["result"]

    def evaluate(self, context: str, expression: str, *, user_gesture: bool = False) -> Any:
        """The value of a JavaScript expression (a promise is awaited), as Python's own types. Raises BidiError."""
        text = f"(async () => JSON.stringify(await ({expression})))()"
        result = self.command(
            "script.evaluate",
            expression=text,
            target={"context": context},
            awaitPromise=True,
            userActivation=user_gesture,
        )
        if result["type"] == "exception":
            raise BidiError(result["exceptionDetails"]["text"])
        value = result["result"]
        return json.loads(value["value"]) if value["type"] == "string" else None

    def close(self) -> None:
        self._open.close()
