"""Whose signatures are believed: the trust list, bundled or put in its place by the user."""

import argparse
import base64
import binascii
import datetime
import hashlib
import re
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----")
_FOLDER = "trust"
MOST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class TrustList:
    """Certificates of authorities whose signers are trusted. An empty list trusts nobody."""

    name: str
    source: str
    date: str  # ISO date on which the list was taken, or ""
    pem: str  # certificates only, one after the other
    licence: str = ""  # of the list itself

    @property
    def count(self) -> int:
        return self.pem.count("BEGIN CERTIFICATE")

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.name}, {self.date or 'no date'}, {self.count} certificates, from {self.source or 'nowhere'}"


class TrustListError(ValueError):
    """A file that cannot serve as a trust list; the message says why."""


@cache
def bundled() -> TrustList:
    """The list that is shipped (see trust_list/about.toml)."""
    folder = resources.files("naturaltrace.provenance").joinpath("trust_list")
    about = tomllib.loads(folder.joinpath("about.toml").read_text("utf-8"))
    pem = certificates(folder.joinpath("anchors.pem").read_text("utf-8"))
    return TrustList(about["name"], about["source"], about["date"], pem, about["licence"])


def current(data_dir: Path) -> TrustList:
    """The list that the user has put into `data_dir`, or else the bundled one."""
    folder = data_dir / _FOLDER
    try:
        about = tomllib.loads((folder / "about.toml").read_text("utf-8"))
        return TrustList(
            str(about["name"]),
            str(about["source"]),
            str(about["date"]),
            certificates((folder / "anchors.pem").read_text("utf-8")),
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, UnicodeDecodeError):
        return bundled()


class Believed:
    """The list in force for a data folder. It is read again when it was replaced, also by another program."""

    def __init__(self, data_dir: Path | None) -> None:
        self._data_dir = data_dir
        self._stamp: object = None
        self._list: TrustList | None = None

    def now(self) -> TrustList:
        if self._data_dir is None:
            return bundled()
        seen = stamp(self._data_dir)
        if self._list is None or seen != self._stamp:
            self._list, self._stamp = current(self._data_dir), seen
        return self._list


def stamp(data_dir: Path) -> object:
    """Changes whenever the list of `data_dir` does."""
    try:
        about = (data_dir / _FOLDER / "about.toml").stat()  # written last, and always as a new file
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino


def install(file: Path, data_dir: Path, *, source: str = "", date: str | None = None) -> TrustList:
    """Puts the certificates of `file` (PEM) in place of the bundled list and returns them.

    `source` is where the file came from, for people to read. Raises TrustListError when it holds no certificate, and
    OSError when it cannot be read or `data_dir` cannot be written.
    """
    if file.stat().st_size > MOST_BYTES:
        raise TrustListError("The file is larger than any trust list.")
    return put(file.read_bytes(), file.name, data_dir, source=source or str(file), date=date)


def put(raw: bytes, name: str, data_dir: Path, *, source: str, date: str | None = None) -> TrustList:
    """The same for a file's bytes; `name` is what it is called. The date is today's where none is given."""
    if len(raw) > MOST_BYTES:
        raise TrustListError("The file is larger than any trust list.")
    pem = certificates(raw.decode("utf-8", "replace"))
    if not pem:
        raise TrustListError("The file holds no certificate.")
    digest = hashlib.sha256(raw).hexdigest()
    found = TrustList(f"{name[:80]}, sha256 {digest[:16]}", source, date or datetime.date.today().isoformat(), pem)
    folder = data_dir / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "anchors.pem", found.pem)
    about = "".join(f"{key} = {_quoted(value)}\n" for key, value in _about(found).items())
    _write(folder / "about.toml", about)
    return found


def remove(data_dir: Path) -> TrustList:
    """Back to the bundled list, which is returned."""
    for name in ("about.toml", "anchors.pem"):
        (data_dir / _FOLDER / name).unlink(missing_ok=True)
    return bundled()


def _about(trust: TrustList) -> dict[str, str]:
    return {"name": trust.name, "source": trust.source, "date": trust.date}


def _quoted(text: str) -> str:
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else " " for c in text) + '"'


def _write(path: Path, text: str) -> None:
    # Whole or not at all, so that a crash cannot leave half a list.
    beside = path.with_suffix(".new")
    beside.write_text(text, "utf-8")
    beside.replace(path)


def certificates(text: str) -> str:
    """The certificates of a PEM file alone, each once; what is no base64 is left out."""
    blocks: dict[str, None] = {}
    for body in _CERTIFICATE.findall(text):
        try:
            der = base64.b64decode("".join(body.split()), validate=True)
        except binascii.Error:
            continue
        lines = base64.encodebytes(der).decode().replace("\n", "")
        wrapped = "\n".join(lines[i : i + 64] for i in range(0, len(lines), 64))
        blocks[f"-----BEGIN CERTIFICATE-----\n{wrapped}\n-----END CERTIFICATE-----\n"] = None
    return "".join(blocks)


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m naturaltrace.provenance.trust`: shows, loads or removes the trust list of a data folder."""
    parser = argparse.ArgumentParser(prog="python -m naturaltrace.provenance.trust", description=main.__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--load", type=Path, metavar="FILE.pem")
    parser.add_argument("--source", default="", help="where the file came from")
    parser.add_argument("--remove", action="store_true", help="go back to the bundled list")
    options = parser.parse_args(arguments)
    try:
        if options.load:
            install(options.load, options.data_dir, source=options.source)
        elif options.remove:
            remove(options.data_dir)
    except (TrustListError, OSError) as error:
        print(f"{options.load}: {error}", file=sys.stderr)
        return 1
    trust = current(options.data_dir)
    print(f"{trust.count} certificates · {trust.name} · {trust.source or 'no source'} · {trust.date or 'no date'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
