"""The bytes of an item, or why there are none."""

# Names stay as they were given: a Path would change them, and a URL is none.
# ruff: noqa: PTH123

import zipfile
import zlib

from naturaltrace.scan.archives import StreamReader, ZipReader
from naturaltrace.scan.items import Kind, Ref, Unjudged
from naturaltrace.scan.opening import Missing, open_binary


class Reader:
    """Reads at most one byte more than `limit`: enough to be told that a file is too large. Not for two threads."""

    def __init__(self, limit: int) -> None:
        self._most = limit + 1
        self._zips = ZipReader()
        self._streams = StreamReader()

    def read(self, ref: Ref) -> bytes | Unjudged:
        """Never raises for what a file, an archive or a store may do."""
        try:
            return self._read(ref)
        except FileNotFoundError as error:
            changed = ref.kind in (Kind.ZIP, Kind.STREAM)
            return Unjudged("not-found", f"There is no such file{f': {error}' if changed else ''}.")
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            return Unjudged("bad-archive", f"The archive can't be read here ({type(error).__name__}: {error}).")
        except Missing as error:
            return Unjudged("unreadable", str(error))
        except OSError as error:
            return Unjudged("unreadable", f"The file can't be read: {error.strerror or error}.")
        except RuntimeError as error:  # zipfile's way of asking for a password
            return Unjudged("unreadable", f"The file can't be read: {error}.")
        except Exception as error:  # stores' libraries raise what they like
            return Unjudged("unreadable", f"The file can't be read ({type(error).__name__}: {error}).")

    def _read(self, ref: Ref) -> bytes:
        match ref.kind:
            case Kind.ZIP:
                return self._zips.read(ref, self._most)
            case Kind.STREAM:
                return self._streams.read(ref, self._most)
            case Kind.TAR:
                with open(ref.where, "rb") as file:
                    file.seek(ref.start)
                    return file.read(min(ref.size, self._most))
            case Kind.FILE | Kind.URL:
                with open_binary(ref.where) as file:
                    return file.read(self._most)

    def close(self) -> None:
        self._zips.close()
        self._streams.close()
