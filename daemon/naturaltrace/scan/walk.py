"""Files of this machine: folders, single files, globs."""

# Names stay as they were given: a Path would change them, and a URL is none.
# ruff: noqa: PTH116, PTH122, PTH207

import os
from collections.abc import Iterator
from glob import iglob
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from naturaltrace.scan.items import Item, Kind, Ref, Unjudged, shown

# What decoders know, by the names that people give such files; the bytes decide later.
IMAGE_NAMES = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".mpo",
        ".png",
        ".apng",
        ".webp",
        ".avif",
        ".avifs",
        ".heic",
        ".heif",
        ".hif",
        ".gif",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
    ]
)
ARCHIVE_NAMES = (".zip", ".cbz", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")


def is_image_name(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in IMAGE_NAMES


def is_archive_name(name: str) -> bool:
    return name.lower().endswith(ARCHIVE_NAMES)


def is_glob(argument: str) -> bool:
    """Whether `argument` is a pattern and not the name of something that is there."""
    return any(c in argument for c in "*?[") and not Path(argument).exists()


def expand(pattern: str) -> Iterator[str]:
    """The names that fit, hidden ones left out; `**` stands for any folders."""
    yield from iglob(pattern, recursive=True)


def file_item(path: str) -> Item:
    """An item for one file, whatever its name; what is wrong with it is said in its row."""
    ref = Ref(Kind.FILE, path)
    try:
        stat = os.stat(path)
    except OSError as error:
        return Item(shown(path), ref, problem=_reason(error))
    if not S_ISREG(stat.st_mode):
        what = "This is a folder." if S_ISDIR(stat.st_mode) else "This is no regular file."
        return Item(shown(path), ref, problem=Unjudged("not-a-file", what))
    return Item(shown(path), ref, stamp=f"{stat.st_size}-{stat.st_mtime_ns}")


def folder_files(folder: str) -> Iterator[str | Item]:
    """Every file below `folder`, in no order; an item with a `problem` for each folder that can't be opened.

    Linked folders are not entered: they may lead in circles, and out of what was asked for.
    """
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    try:
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
                        elif entry.is_file():
                            yield entry.path
                    except OSError as error:
                        yield Item(shown(entry.path), Ref(Kind.FILE, entry.path), problem=_reason(error))
        except OSError as error:
            yield Item(shown(here), Ref(Kind.FILE, here), problem=_reason(error))


def _reason(error: OSError) -> Unjudged:
    if isinstance(error, FileNotFoundError):
        return Unjudged("not-found", "There is no such file.")
    return Unjudged("unreadable", f"This can't be read: {error.strerror or error}.")
