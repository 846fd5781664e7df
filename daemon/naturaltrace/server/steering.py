"""How this user's own programs talk to the running daemon: the counterpart of control.py."""

import http.client
import json
from typing import Any

from naturaltrace.server.running import Running
from naturaltrace.storage.lock import InstanceLock
from naturaltrace.storage.paths import DataFolder


class NotRunning(Exception):  # noqa: N818 (it reads as what it says)
    """No daemon serves this data folder."""


class Refused(Exception):  # noqa: N818
    """The daemon answered, but not as asked; str(error) gives its words."""


class Steering:
    def __init__(self, running: Running) -> None:
        self._running = running

    @classmethod
    def find(cls, folder: DataFolder) -> "Steering":
        """The daemon that holds `folder`. Raises NotRunning.

        The lock is asked first: after a kill -9 the file still names a port, on which by now anyone may listen.
        """
        running = Running.read(folder.running)
        if running is None or not InstanceLock(folder.lock).held_by_someone():
            raise NotRunning(str(folder.root))
        return cls(running)

    @property
    def port(self) -> int:
        return self._running.port

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Call one control route; {} where the answer has no body. Raises NotRunning or Refused."""
        connection = http.client.HTTPConnection("127.0.0.1", self._running.port, timeout=10)
        try:
            headers = {"Authorization": f"Bearer {self._running.control_key}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            document: dict[str, Any] = json.loads(text) if text else {}
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotRunning(str(error)) from error
        finally:
            connection.close()
        if answer.status >= 400:
            raise Refused(str(document.get("detail", answer.reason)))
        return document
