"""What the daemon remembers: findings for a while, verdicts and the user's word as long as the settings say.

A private window touches none of it, neither reading nor writing.
"""

import asyncio
import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from aiohttp import web

from naturaltrace.pipeline import Findings
from naturaltrace.storage.history import History

_log = logging.getLogger(__name__)
T = TypeVar("T")

_UNWRITTEN = "The history can't be written; is the disk full? Verdicts go on, and are not kept."

# (sha256, model name, model version, precision asked for, pixels only)
Key = tuple[str, str, str, str, bool]


class FindingsCache:
    """The findings of the last images, by their bytes' hash and the model. Words are made anew each time."""

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._kept: OrderedDict[Key, Findings] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Findings | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def of(self, sha256: str) -> Findings | None:
        """The latest findings on an image, whichever way it was looked at."""
        key = next((key for key in reversed(self._kept) if key[0] == sha256), None)
        return None if key is None else self._kept[key]

    def put(self, key: Key, found: Findings) -> None:
        self._kept[key] = found
        self._kept.move_to_end(key)
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def forget(self, sha256: str | None = None) -> None:
        """Forget one image, or all."""
        for key in [key for key in self._kept if sha256 is None or key[0] == sha256]:
            del self._kept[key]


class Archive:
    """The history behind a thread of its own, so that a slow disk never holds a request up that doesn't need it."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="history")

    @property
    def notices(self) -> list[str]:
        return self._history.notices

    async def do(self, work: Callable[[History], T]) -> T:
        """Run `work` in the history's thread. Raises sqlite3.Error."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._history)

    async def try_to(self, work: Callable[[History], object]) -> None:
        """The same, but a failing disk is only noted: nobody's verdict depends on it."""
        try:
            await self.do(work)
        except sqlite3.Error as error:
            if _UNWRITTEN not in self._history.notices:
                self._history.notices.append(_UNWRITTEN)
                _log.warning("the history can't be written: %s", error)
        else:
            if _UNWRITTEN in self._history.notices:
                self._history.notices.remove(_UNWRITTEN)

    async def close(self) -> None:
        await self.do(lambda history: history.close())
        self._thread.shutdown()


CACHE = web.AppKey("findings_cache", FindingsCache)
ARCHIVE = web.AppKey("archive", Archive)


def setup_memory(app: web.Application, cache: FindingsCache, archive: Archive) -> None:
    app[CACHE] = cache
    app[ARCHIVE] = archive

    async def close(_app: web.Application):
        yield
        await archive.close()

    app.cleanup_ctx.append(close)
