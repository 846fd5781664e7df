"""Small pictures of the most suspicious images, read again from where the scan found them."""

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path

from naturaltrace.imaging.errors import ImagingError
from naturaltrace.sandbox.pool import ReaderPool
from naturaltrace.scan.archives import members
from naturaltrace.scan.items import Kind, Ref, Unjudged
from naturaltrace.scan.opening import is_url
from naturaltrace.scan.reading import Reader

_INSIDE = "!/"


def thumbnails(paths: Sequence[str], base: Path) -> Iterator[str | None]:
    """For each path a JPEG as a data: address, or None where the file is gone or can't be read.

    `base` is where relative paths are looked for when they don't fit the current folder: beside the results.
    """
    refs = locate(paths, base)
    pool = ReaderPool(size=1)
    reader = Reader(pool.limits.max_bytes)
    try:
        for path in paths:
            yield _thumbnail(pool, reader, refs.get(path))
    finally:
        reader.close()
        pool.close()


def locate(paths: Sequence[str], base: Path) -> dict[str, Ref]:
    """Where the bytes of each path are; those that can't be found are left out."""
    refs: dict[str, Ref] = {}
    archived: dict[str, set[str]] = {}
    for path in paths:
        archive, _, inside = path.partition(_INSIDE)
        if is_url(path):
            refs[path] = Ref(Kind.URL, path)
        elif inside and not Path(path).exists():
            archived.setdefault(archive, set()).add(inside)
        else:
            refs[path] = Ref(Kind.FILE, _there(path, base))
    for archive, wanted in archived.items():
        for item in members(archive if is_url(archive) else _there(archive, base), all_files=True):
            if item.problem is None and item.ref.member in wanted:
                refs[f"{archive}{_INSIDE}{item.ref.member}"] = item.ref
    return refs


def _there(path: str, base: Path) -> str:
    """`base / path` is `path` itself where that is absolute."""
    return path if Path(path).exists() else str(base / path)


def _thumbnail(pool: ReaderPool, reader: Reader, ref: Ref | None) -> str | None:
    if ref is None:
        return None
    data = reader.read(ref)
    if isinstance(data, Unjudged):
        return None
    try:
        small = pool.read(data, pixels_only=True, thumbnail=True).thumbnail
    except (ImagingError, RuntimeError, OSError):
        return None
    return None if small is None else f"data:image/jpeg;base64,{base64.b64encode(small).decode()}"
