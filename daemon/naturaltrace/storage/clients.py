"""The paired browsers. Each has a token of its own; only its hash is kept.

A token is 256 random bits, so a plain SHA-256 can't be searched backwards; slow password hashing would only slow each
request down.
"""

import hashlib
import hmac
import json
import re
import secrets
import unicodedata
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from naturaltrace.storage.atomic import set_aside, write_private
from naturaltrace.storage.reading import Damaged, read_json

TOKEN_PREFIX = "nt1_"  # noqa: S105 (a prefix lets people and scanners recognise a leaked token)
MAX_NAME = 60
UNSAVED = "The data folder can't be written: paired browsers are forgotten at the next start."
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Client:
    """One paired browser. `origin` is what it called itself when pairing: shown to the user, never trusted."""

    id: str
    name: str
    token_sha256: str
    paired_at: str  # ISO 8601, UTC
    origin: str | None = None

    def public_json(self) -> dict[str, str | None]:
        """All but the token's hash."""
        return {"id": self.id, "name": self.name, "paired_at": self.paired_at, "origin": self.origin}


class Clients:
    """The list of paired browsers, saved after each change. Not for use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._clients: dict[str, Client] = {}
        self.notices: list[str] = []

    @classmethod
    def load(cls, path: Path) -> "Clients":
        """Read the list; a damaged file is set aside, and `notices` says so."""
        clients = cls(path)
        try:
            entries = parse(read_json(path))
        except FileNotFoundError:
            entries = []
        except OSError:
            entries = []
            clients.notices.append("The list of paired browsers can't be read; every browser must be paired again.")
        except Damaged as error:
            entries = []
            aside = set_aside(path)
            kept = f" It was kept as {aside.name}." if aside else ""
            clients.notices.append(f"The list of paired browsers was damaged ({error}); pair each browser again.{kept}")
        clients._clients = {entry.id: entry for entry in entries}
        return clients

    def __iter__(self):
        return iter(sorted(self._clients.values(), key=lambda c: c.paired_at))

    def __len__(self) -> int:
        return len(self._clients)

    def add(self, name: str, origin: str | None = None) -> tuple[Client, str]:
        """Pair a browser; the token is returned this once and never again."""
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        client = Client(
            id=secrets.token_hex(8),
            name=self._free_name(plain_name(name)),
            token_sha256=token_hash(token),
            paired_at=datetime.now(UTC).isoformat(timespec="seconds"),
            origin=origin,
        )
        self._clients[client.id] = client
        self._save()
        return client, token

    def match(self, token: str) -> Client | None:
        """The client that owns `token`. Every entry is compared in constant time, whichever one matches."""
        wanted = token_hash(token)
        found: Client | None = None
        for client in self._clients.values():
            if hmac.compare_digest(client.token_sha256, wanted):
                found = client
        return found

    def get(self, client_id: str) -> Client | None:
        return self._clients.get(client_id)

    def revoke(self, client_id: str) -> bool:
        """Forget one browser; its token is worth nothing from now on."""
        if self._clients.pop(client_id, None) is None:
            return False
        self._save()
        return True

    def revoke_all(self) -> int:
        """Forget every browser; returns how many there were."""
        count = len(self._clients)
        self._clients.clear()
        if count:
            self._save()
        return count

    def save_if_unsaved(self) -> None:
        """Try again what a full disk refused before."""
        if UNSAVED in self.notices:
            self._save()

    def _free_name(self, name: str) -> str:
        taken = {client.name for client in self._clients.values()}
        number, candidate = 2, name
        while candidate in taken:
            candidate, number = f"{name} ({number})", number + 1
        return candidate

    def _save(self) -> None:
        document = {"format": 1, "browsers": [asdict(client) for client in self]}
        try:
            write_private(self._path, json.dumps(document, indent=1, ensure_ascii=False))
        except OSError:
            # What was asked for holds until the next start, and the user is told.
            if UNSAVED not in self.notices:
                self.notices.append(UNSAVED)
        else:
            self.notices[:] = [notice for notice in self.notices if notice != UNSAVED]


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def plain_name(name: str) -> str:
    """A browser's name as it may be shown in a terminal or a page: one line, no control or direction characters."""
    kept = "".join(c for c in name if unicodedata.category(c)[0] not in ("C", "Z") or c == " ")
    return " ".join(kept.split())[:MAX_NAME] or "A browser"


def parse(document: dict[str, Any]) -> list[Client]:
    """The browsers in the file's object. Raises Damaged."""
    try:
        clients = [Client(**entry) for entry in cast(list[dict[str, Any]], document["browsers"])]
    except (TypeError, KeyError) as error:
        raise Damaged("not a list of browsers") from error
    for client in clients:
        values = asdict(client)
        if not all(isinstance(values[name], str) for name in ("id", "name", "token_sha256", "paired_at")):
            raise Damaged("not a list of browsers")
        if client.origin is not None and not isinstance(client.origin, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise Damaged("not a list of browsers")
        if not _SHA256.fullmatch(client.token_sha256):
            raise Damaged("a token's hash is none")
    return clients
