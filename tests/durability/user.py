"""Somebody who uses the daemon busily, and remembers what it has confirmed."""

import http.client
import json
import random
import threading
from dataclasses import dataclass, field
from typing import Any

from tests.daemon.images import encoded, photo


class Gone(Exception):  # noqa: N818 (it was killed, which is the point)
    """The daemon did not answer."""


def call(port: int, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
    """Status and JSON. Raises Gone."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        if isinstance(body, dict):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Gone from error
    finally:
        connection.close()
    return answer.status, json.loads(text) if text else None


@dataclass
class Memory:
    """What was confirmed, and what was under way when the daemon died: that may have happened or not."""

    limit: int = 5000
    limits_asked: set[int] = field(default_factory=set[int])
    browsers: dict[str, tuple[str, bool]] = field(default_factory=dict[str, tuple[str, bool]])  # token: (id, in doubt)
    revoked: set[str] = field(default_factory=set[str])
    verdicts: list[str] = field(default_factory=list[str])  # sha256, oldest first
    said: dict[str, str] = field(default_factory=dict[str, str])
    in_doubt: str | None = None  # an image whose feedback was under way
    writes: int = 0


class User(threading.Thread):
    """Writes until the daemon is gone; `memory` then says what must be there at the next start."""

    def __init__(self, port: int, control: str, token: str, memory: Memory, seed: int) -> None:
        super().__init__(name="user")
        self._port, self._control, self._token = port, control, token
        self._random = random.Random(seed)
        self.memory = memory
        self.trouble: BaseException | None = None

    def run(self) -> None:
        works = (self._check, self._check, self._check, self._set, self._pair, self._revoke, self._say)
        try:
            while True:
                self._random.choice(works)()
                self.memory.writes += 1
        except Gone:
            return
        except BaseException as error:
            self.trouble = error

    def _ask(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        status, answer = call(self._port, method, path, body, token or self._token)
        if status >= 400:
            raise AssertionError(f"{method} {path}: {status} {answer}")
        return answer

    def _check(self) -> None:
        image = encoded(photo(48, 36, self._random.getrandbits(32)), "PNG")
        self.memory.verdicts.append(self._ask("POST", "/v1/check", image)["image"]["sha256"])

    def _set(self) -> None:
        limit = self._random.randrange(2000, 9000)
        self.memory.limits_asked.add(limit)
        self._ask("PATCH", "/v1/settings", {"history_limit": limit})
        self.memory.limit = limit
        self.memory.limits_asked.clear()

    def _pair(self) -> None:
        code = self._ask("POST", "/v1/control/code", token=self._control)["code"]
        status, answer = call(self._port, "POST", "/v1/pair", {"code": code, "name": "one more"})
        if status == 429:
            return  # the guard's own limit
        assert status == 200, answer
        self.memory.browsers[answer["token"]] = (answer["id"], False)

    def _revoke(self) -> None:
        if not self.memory.browsers:
            return
        token = self._random.choice(sorted(self.memory.browsers))
        client_id, _ = self.memory.browsers[token]
        self.memory.browsers[token] = (client_id, True)
        self._ask("DELETE", f"/v1/control/browsers/{client_id}", token=self._control)
        del self.memory.browsers[token]
        self.memory.revoked.add(token)

    def _say(self) -> None:
        if not self.memory.verdicts:
            return
        sha256 = self._random.choice(self.memory.verdicts[-50:])
        says = self._random.choice(("generated", "not_generated", "unsure"))
        self.memory.in_doubt = sha256
        self._ask("POST", "/v1/feedback", {"sha256": sha256, "says": says})
        self.memory.said[sha256] = says
        self.memory.in_doubt = None
