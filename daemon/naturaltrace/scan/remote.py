"""Files behind URLs, by fsspec: one object, everything below an address, or a pattern."""

from collections.abc import Iterator, Mapping
from typing import Any

from naturaltrace.scan.items import Item, Kind, Ref, Unjudged, shown
from naturaltrace.scan.opening import filesystem

# What stores call the mark that changes with the content, the most telling first.
_MARKS = (
    "etag",
    "ETag",
    "md5Hash",
    "md5",
    "content_md5",
    "mtime",
    "LastModified",
    "last_modified",
    "updated",
    "created",
)


def url_item(url: str, number: int = 0) -> Item:
    """One object, not asked after yet: each question would cost a round trip."""
    return Item(shown(url), Ref(Kind.URL, url), number=number)


def below(url: str) -> Iterator[Item]:
    """Every file below `url`, or that fits it where it is a pattern; a `problem` where the store refuses."""
    fs, path = filesystem(url)
    try:
        if any(c in path for c in "*?["):
            # https://…/a?b=1 is an address, not a pattern.
            if url.startswith(("http://", "https://")) and "*" not in path:
                yield url_item(url)
                return
            for found in fs.glob(path):
                yield url_item(fs.unstrip_protocol(found))
        elif url.startswith(("http://", "https://")) or fs.isfile(path):
            yield url_item(url)
        else:
            yield from _walk(fs, path)
    except (OSError, ValueError, PermissionError) as error:
        detail = f"The address can't be listed ({type(error).__name__}: {error})."
        yield Item(shown(url), Ref(Kind.URL, url), problem=Unjudged("unreadable", detail))


def _walk(fs: Any, path: str) -> Iterator[Item]:
    found = False
    for _folder, _folders, files in fs.walk(path, detail=True):
        for info in files.values():
            found = True
            url = fs.unstrip_protocol(info["name"])
            yield Item(shown(url), Ref(Kind.URL, url), stamp=_stamp(info))
    if not found and not fs.exists(path):
        raise FileNotFoundError("there is nothing at this address")


def _stamp(info: Mapping[str, Any]) -> str:
    mark = next((info[name] for name in _MARKS if info.get(name)), "")
    return shown(f"{info.get('size', '')}-{mark}")
