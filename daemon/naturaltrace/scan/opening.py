"""Opening paths and URLs alike. URLs need fsspec (extra `scan`), and for each kind of store fsspec's own helper."""

# Names stay as they were given: a Path would change them, and a URL is none.
# ruff: noqa: PTH123

import importlib
import re
from typing import IO, Any, cast

from naturaltrace.scan.items import shown

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class Missing(Exception):  # noqa: N818 (it reads as what it says)
    """An optional library is not installed; str(error) says which and how to get it."""


def is_url(name: str) -> bool:
    """Whether `name` begins with a scheme; a drive letter is none."""
    return _SCHEME.match(name) is not None


def open_binary(name: str) -> IO[bytes]:
    """Open a file for reading. Raises OSError, Missing, and what a store's own library raises."""
    if not is_url(name):
        return open(name, "rb")
    return cast(IO[bytes], fsspec().open(name, "rb").open())


def filesystem(url: str) -> tuple[Any, str]:
    """fsspec's file system for `url`, and the path inside it. Raises Missing."""
    try:
        return cast("tuple[Any, str]", fsspec().core.url_to_fs(url))
    except (ImportError, ValueError) as error:
        scheme = shown(url.split("://", 1)[0])
        raise Missing(f"{scheme}:// can't be opened here: {error}") from None


def fsspec() -> Any:
    """The library. Raises Missing."""
    try:
        import fsspec as library  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        raise Missing("URLs need fsspec: pip install 'naturaltrace[scan]'") from None
    return library


def pyarrow() -> Any:
    """The library, with its Parquet part loaded. Raises Missing."""
    try:
        importlib.import_module("pyarrow.parquet")
        return cast(Any, importlib.import_module("pyarrow"))
    except ImportError:
        raise Missing("Parquet needs pyarrow: pip install 'naturaltrace[scan]'") from None
