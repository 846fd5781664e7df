"""Daemon and tray in one program: the icon has the main thread, which macOS insists on, the daemon one of its own."""

import asyncio
import logging
import signal
import threading
from contextlib import suppress
from dataclasses import replace
from typing import Any

from naturaltrace.desktop.tray import NoTray, Tray
from naturaltrace.server.daemon import Options, Ready, run_daemon
from naturaltrace.server.steering import NotRunning, Steering

_log = logging.getLogger(__name__)


def run_with_tray(options: Options, pystray: Any) -> None:
    """Serve until the user quits in the tray, or a signal comes. Raises what `run_daemon` raises."""
    both = _Both(options, pystray)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: both.end())
    both.run()


class _Both:
    def __init__(self, options: Options, pystray: Any) -> None:
        self._options = options
        self._pystray = pystray
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._failure: BaseException | None = None
        self._tray: Tray | None = None

    def run(self) -> None:
        thread = threading.Thread(target=self._serve, name="daemon")
        thread.start()
        self._up.wait()
        if self._failure is None:
            self._show()
        thread.join()
        if self._failure is not None:
            raise self._failure

    def end(self) -> None:
        """Stop both; may be called from any thread, and twice."""
        with suppress(RuntimeError):  # the loop has gone already
            self._loop.call_soon_threadsafe(self._options.stop.set)
        if self._tray is not None:
            self._tray.stop()

    def _serve(self) -> None:
        told, paired = self._options.on_ready, self._options.on_paired

        def ready(now: Ready) -> None:
            told(now)
            self._up.set()

        def tell(name: str) -> None:
            paired(name)
            if self._tray is not None:
                self._tray.paired(name)

        try:
            self._loop.run_until_complete(run_daemon(replace(self._options, on_ready=ready, on_paired=tell)))
        except BaseException as error:
            self._failure = error
        finally:
            self._up.set()
            self._loop.close()
            if self._tray is not None:
                self._tray.stop()

    def _show(self) -> None:
        try:
            self._tray = Tray(Steering.find(self._options.folder), self.end, self._pystray)
            self._tray.run()
        except (NoTray, NotRunning) as error:
            # The icon is a convenience: without it the daemon goes on, and the terminal ends it.
            _log.warning("there is no tray icon: %s", error)
