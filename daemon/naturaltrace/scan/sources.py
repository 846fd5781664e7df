"""From the command line's words to items: what is a folder, a pattern, an archive, a list, an address."""

# Names stay as they were given: a Path would change them, and a URL is none.
# ruff: noqa: PTH112, PTH113

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from naturaltrace.scan import archives, lists, remote, walk
from naturaltrace.scan.items import Item, Kind, Ref, Unjudged, shown
from naturaltrace.scan.opening import is_url


@dataclass(frozen=True, slots=True)
class Choice:
    """`all_files`: also those without an image's name. `inner_archives`: open archives found inside folders too."""

    all_files: bool = False
    inner_archives: bool = False
    column: str | None = None  # of lists


def find(argument: str, choice: Choice) -> Iterator[Item]:
    """Everything that one word of the command line stands for. Raises Missing where a library is needed."""
    if is_url(argument):
        yield from _named(argument, choice, remote.below)
    elif walk.is_glob(argument):
        found = False
        for name in walk.expand(argument):
            found = True
            yield from _path(name, choice)
        if not found:
            yield _problem(argument, "not-found", "Nothing fits this pattern.")
    else:
        yield from _path(argument, choice)


def _path(name: str, choice: Choice) -> Iterator[Item]:
    if os.path.isdir(name):
        yield from _folder(name, choice)
    elif not os.path.isfile(name):
        yield walk.file_item(name)  # which says what is wrong with it
    else:
        yield from _named(name, choice, lambda path: iter([walk.file_item(path)]))


def _named(name: str, choice: Choice, otherwise: Callable[[str], Iterator[Item]]) -> Iterator[Item]:
    """An archive or a list by its name, whose members or entries are meant; else the thing itself."""
    if walk.is_archive_name(name):
        yield from archives.members(name, all_files=choice.all_files)
    elif lists.is_list_name(name):
        yield from _list(name, choice)
    else:
        for item in otherwise(name):
            if item.problem or choice.all_files or item.path == shown(name) or walk.is_image_name(item.ref.where):
                yield item


def _folder(folder: str, choice: Choice) -> Iterator[Item]:
    for found in walk.folder_files(folder):
        if isinstance(found, Item):
            yield found
        elif choice.inner_archives and walk.is_archive_name(found):
            yield from archives.members(found, all_files=choice.all_files)
        elif choice.all_files or walk.is_image_name(found):
            yield walk.file_item(found)


def _list(where: str, choice: Choice) -> Iterator[Item]:
    try:
        for number, entry in enumerate(lists.entries(where, choice.column)):
            item = remote.url_item(entry) if is_url(entry) else walk.file_item(entry)
            yield replace(item, number=number)
    except lists.BadList as error:
        yield _problem(where, "bad-list", str(error))
    except OSError as error:
        yield _problem(where, "unreadable", f"The list can't be read ({error.strerror or error}).")


def _problem(name: str, type_: str, detail: str) -> Item:
    return Item(shown(name), Ref(Kind.FILE, name), problem=Unjudged(type_, detail))
