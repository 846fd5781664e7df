"""One daemon after another on the same folder, each killed at a random moment, each looked over by its successor."""

import json
import os
import random
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naturaltrace.server.daemon import Ready
from tests.durability.program import ready_line, serve
from tests.durability.user import Memory, User, call

LONGEST_LIFE_S = 0.8


@dataclass
class Outcome:
    kills: int = 0
    writes: int = 0


class Daemon:
    """A forked child that serves `folder`. Forking saves each start the imports, which are not what is tried."""

    def __init__(self, folder: Path) -> None:
        read, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(read)
            _child(folder, write)
        os.close(write)
        with os.fdopen(read) as pipe:
            line = pipe.readline()
        if not line:
            raise AssertionError("the daemon did not start; its own words stand above")
        self.ready: dict[str, Any] = json.loads(line)
        self.control: str = json.loads((folder / "running.json").read_text())["control_key"]

    @property
    def port(self) -> int:
        return self.ready["port"]

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _child(folder: Path, pipe: int) -> None:
    def ready(now: Ready) -> None:
        os.write(pipe, f"{ready_line(now)}\n".encode())

    try:
        serve(folder, ready)
    finally:
        os._exit(1)


def run(folder: Path, kills: int, seed: int) -> Outcome:
    """Raises AssertionError where something confirmed is lost, or a start is not clean."""
    chance = random.Random(seed)
    memory, outcome = Memory(), Outcome()
    daemon = Daemon(folder)
    token = _pair(daemon)
    while outcome.kills < kills:
        user = User(daemon.port, daemon.control, token, memory, chance.getrandbits(32))
        user.start()
        threading.Event().wait(chance.uniform(0.02, LONGEST_LIFE_S))  # it dies at a moment that nobody chose
        daemon.kill()
        user.join(90)
        if user.trouble is not None:
            raise AssertionError(f"before kill {outcome.kills + 1}: {user.trouble!r}") from user.trouble
        outcome.kills += 1
        daemon = Daemon(folder)
        try:
            look_over(daemon, token, memory)
        except BaseException:
            daemon.kill()
            raise
    outcome.writes = memory.writes
    daemon.kill()
    return outcome


def _pair(daemon: Daemon) -> str:
    status, answer = call(daemon.port, "POST", "/v1/pair", {"code": daemon.ready["pairing_code"], "name": "user"})
    assert status == 200, answer
    return answer["token"]


def look_over(daemon: Daemon, token: str, memory: Memory) -> None:
    """All that was confirmed is there, and nothing had to be said about damage."""
    assert daemon.ready["notices"] in ([], ()), daemon.ready["notices"]
    status, settings = call(daemon.port, "GET", "/v1/settings", token=token)
    assert status == 200, "the first browser's pairing is lost"
    assert settings["history_limit"] in {memory.limit, *memory.limits_asked}, "a confirmed setting is lost"
    memory.limit = settings["history_limit"]
    memory.limits_asked.clear()
    for each, (client_id, in_doubt) in list(memory.browsers.items()):
        paired = call(daemon.port, "GET", "/v1/health", token=each)[1]["paired"]
        assert paired or in_doubt, f"the pairing {client_id} is lost"
        if paired:
            memory.browsers[each] = (client_id, False)
        else:
            del memory.browsers[each]
    for each in memory.revoked:
        assert not call(daemon.port, "GET", "/v1/health", token=each)[1]["paired"], "a revoked pairing works again"
    memory.revoked.clear()
    page = call(daemon.port, "GET", "/v1/history?limit=200", token=token)[1]["items"]
    kept = {entry["verdict"]["image"]["sha256"]: entry["feedback"] for entry in page}
    recent = memory.verdicts[-190:]
    assert set(recent) <= kept.keys(), "a confirmed verdict is lost"
    for sha256 in recent:
        if sha256 in memory.said and sha256 != memory.in_doubt:
            assert kept[sha256] == memory.said[sha256], "what the user said is lost"
    said = kept.get(memory.in_doubt or "")
    if memory.in_doubt is not None and said is not None:
        memory.said[memory.in_doubt] = said
    memory.in_doubt = None
