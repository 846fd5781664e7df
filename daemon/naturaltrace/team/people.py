"""The team's users and administrators: tokens as the paired browsers have them, hashed, in two files of their own."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from naturaltrace.storage.clients import Client, Clients
from naturaltrace.storage.paths import DataFolder


class Role(StrEnum):
    USER = "user"  # may have images checked
    ADMIN = "admin"  # may add and remove users and read the log


@dataclass(frozen=True, slots=True)
class Person:
    role: Role
    client: Client


class People:
    """Both lists. They are read again when another program has changed them."""

    def __init__(self, folder: DataFolder) -> None:
        self._paths = {Role.USER: folder.root / "team-users.json", Role.ADMIN: folder.root / "team-admins.json"}
        self._stamps: dict[Role, object] = {}
        self._lists: dict[Role, Clients] = {}

    def add(self, name: str, role: Role) -> tuple[Client, str]:
        """The token is returned this once and never again."""
        return self._list(role).add(name)

    def match(self, token: str) -> Person | None:
        """Whose token it is; every entry is compared in constant time."""
        found = None
        for role in Role:
            client = self._list(role).match(token)
            if client is not None:
                found = Person(role, client)
        return found

    def get(self, named: str) -> Client | None:
        """A user by id, or by the mark of their token: who was only handed the token knows no id."""
        users = self._list(Role.USER)
        return users.get(named) or next((user for user in users if mark(user.token_sha256) == named), None)

    def revoke(self, client_id: str) -> bool:
        return any(self._list(role).revoke(client_id) for role in Role)

    def all(self) -> list[Person]:
        return [Person(role, client) for role in (Role.ADMIN, Role.USER) for client in self._list(role)]

    def _list(self, role: Role) -> Clients:
        stamp = _stamp(self._paths[role])
        if role not in self._lists or self._stamps.get(role) != stamp:
            self._lists[role] = Clients.load(self._paths[role])
            self._stamps[role] = stamp
        return self._lists[role]


def mark(token_sha256: str) -> str:
    """A name that whoever holds a token can work out, and that leads back to neither the token nor its hash."""
    return "mark-" + hashlib.sha256(f"naturaltrace client {token_sha256}".encode()).hexdigest()[:32]


def _stamp(path: Path) -> object:
    try:
        stat = path.stat()
    except OSError:
        return None
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
