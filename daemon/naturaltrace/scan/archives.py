"""Zip and tar: their members, listed without unpacking anything to disk.

A zip's member and a plain tar's can be read on their own. A packed tar is one stream: it is gone through once for the
names and once for the images, in order.
"""

import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, cast

from naturaltrace.scan.items import Item, Kind, Ref, Unjudged, shown
from naturaltrace.scan.opening import is_url, open_binary
from naturaltrace.scan.walk import is_image_name

_BROKEN = (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, ValueError, NotImplementedError)


def members(where: str, *, all_files: bool) -> Iterator[Item]:
    """The image files inside the archive at `where` (a path or URL); a `problem` where it can't be opened."""
    try:
        yield from _zip(where, all_files) if where.lower().endswith((".zip", ".cbz")) else _tar(where, all_files)
    except _BROKEN as error:
        kind = Kind.ZIP if where.lower().endswith((".zip", ".cbz")) else Kind.STREAM
        detail = f"The archive can't be read ({type(error).__name__}: {error})."
        yield Item(shown(where), Ref(kind, where), problem=Unjudged("bad-archive", detail))


def _zip(where: str, all_files: bool) -> Iterator[Item]:
    with open_binary(where) as file, zipfile.ZipFile(file) as archive:
        for number, info in enumerate(archive.infolist()):
            if not info.is_dir() and (all_files or is_image_name(info.filename)):
                stamp = f"{info.file_size}-{info.CRC:08x}"
                ref = Ref(Kind.ZIP, where, info.filename, number, info.file_size)
                yield Item(shown(f"{where}!/{info.filename}"), ref, stamp, number)


def _tar(where: str, all_files: bool) -> Iterator[Item]:
    plain = where.lower().endswith(".tar") and not is_url(where)
    with open_binary(where) as file, tarfile.open(fileobj=file, mode="r:" if plain else "r|*") as archive:
        for number, info in enumerate(archive):
            _forget(archive)
            if not info.isreg() or not (all_files or is_image_name(info.name)):
                continue
            # A file with holes is not one piece of the archive.
            piece = plain and not info.issparse()
            start = info.offset_data if piece else number
            ref = Ref(Kind.TAR if piece else Kind.STREAM, where, info.name, start, info.size)
            yield Item(shown(f"{where}!/{info.name}"), ref, f"{info.size}-{int(info.mtime)}", number)


def _forget(archive: tarfile.TarFile) -> None:
    """It would keep each header it has seen."""
    cast(Any, archive).members.clear()


class ZipReader:
    """Keeps the last zip open: its members come one after the other."""

    def __init__(self) -> None:
        self._where: str | None = None
        self._file: IO[bytes] | None = None
        self._archive: zipfile.ZipFile | None = None
        self._infos: list[zipfile.ZipInfo] = []

    def read(self, ref: Ref, most: int) -> bytes:
        """At most `most` bytes of a member. Raises what a broken or locked archive raises."""
        if self._where != ref.where or self._archive is None:
            self.close()
            self._file = open_binary(ref.where)
            self._archive = zipfile.ZipFile(self._file)
            self._infos, self._where = self._archive.infolist(), ref.where
        info = self._infos[ref.start]
        if info.filename != ref.member:
            raise FileNotFoundError("the archive has changed")
        with self._archive.open(info) as member:
            return member.read(most)

    def close(self) -> None:
        for each in (self._archive, self._file):
            if each is not None:
                each.close()
        self._where = self._archive = self._file = None


class StreamReader:
    """Goes through a packed tar as far as the wanted member, and stays there for the next."""

    def __init__(self) -> None:
        self._where: str | None = None
        self._file: IO[bytes] | None = None
        self._archive: tarfile.TarFile | None = None
        self._next = 0

    def read(self, ref: Ref, most: int) -> bytes:
        """At most `most` bytes of a member; members are best asked for in their order. Raises as `tarfile` does."""
        if self._where != ref.where or self._archive is None or self._next > ref.start:
            self._open(ref.where)
        assert self._archive is not None
        while (info := self._archive.next()) is not None:
            _forget(self._archive)
            self._next += 1
            if self._next > ref.start:
                break
        if info is None or info.name != ref.member:
            raise FileNotFoundError("the archive has changed")
        member = self._archive.extractfile(info)
        return b"" if member is None else member.read(most)

    def _open(self, where: str) -> None:
        self.close()
        self._file = open_binary(where)
        self._archive = tarfile.open(fileobj=self._file, mode="r|*")  # noqa: SIM115 (kept for the next member)
        self._where, self._next = where, 0

    def close(self) -> None:
        with suppress(*_BROKEN):
            if self._archive is not None:
                self._archive.close()
        if self._file is not None:
            self._file.close()
        self._where = self._archive = self._file = None
