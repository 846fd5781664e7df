"""The daemon from start to end: lock, sockets, application, until a signal."""

import asyncio
import contextlib
import logging
import secrets
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from naturaltrace import __version__
from naturaltrace.detection.runtime.wanted import Wanted
from naturaltrace.pipeline import Pipeline
from naturaltrace.sandbox.idle import share_one_arena
from naturaltrace.server.app import Parts, make_app
from naturaltrace.server.engine import Engine
from naturaltrace.server.guard import Gate
from naturaltrace.server.listening import DEFAULT_PORT, LoopbackSite, make_runner, open_sockets
from naturaltrace.server.memory import Archive
from naturaltrace.server.pairing import CODE_LIFE_S, ON_PAIRED, Pairing
from naturaltrace.server.preferences import Preferences
from naturaltrace.server.running import Running
from naturaltrace.storage.atomic import remove_leftovers
from naturaltrace.storage.clients import Clients
from naturaltrace.storage.history import History
from naturaltrace.storage.lock import InstanceLock
from naturaltrace.storage.log import start_log, stop_log
from naturaltrace.storage.paths import DataFolder
from naturaltrace.storage.settings import SettingsFile

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """What is known once the daemon answers. `notices` say what was wrong with stored files and what was done."""

    port: int
    pairing_code: str
    expires_in: int
    notices: tuple[str, ...] = ()


def _released(folder: Path, wanted: Wanted) -> Pipeline:
    return Pipeline.released(folder, device=wanted.device, precision=wanted.precision, serve=True)


@dataclass(slots=True)
class Options:
    folder: DataFolder
    port: int | None = None
    load: Callable[[Path, Wanted], Pipeline] = _released  # given the data folder and what to run on
    on_ready: Callable[[Ready], None] = lambda _ready: None
    on_paired: Callable[[str], None] = lambda _name: None
    stop: asyncio.Event = field(default_factory=asyncio.Event)


async def run_daemon(options: Options) -> None:
    """Serve until a signal or `options.stop`. Raises AlreadyRunning, NoPort, or OSError where there is no folder.

    A folder that can only be read is no reason not to serve: nothing is kept then, and `Ready.notices` says so.
    """
    share_one_arena()  # the engine keeps memory while it works and gives it back when it idles
    folder = options.folder
    folder.create()
    lock, notices = InstanceLock(folder.lock), list[str]()
    try:
        lock.acquire(patience_s=0.5)
    except OSError as error:
        notices.append(f"The data folder can't be written ({error.strerror}): nothing is kept beyond this run.")
    log = start_log(folder.log)
    try:
        _log.info("Natural Trace %s begins", __version__)
        await _serve(options, notices)
        _log.info("Natural Trace ends")
    except Exception:
        _log.exception("Natural Trace ends by an error")
        raise
    finally:
        with contextlib.suppress(OSError):
            folder.running.unlink(missing_ok=True)
        stop_log(log)
        lock.release()


async def _serve(options: Options, notices: list[str]) -> None:
    folder = options.folder
    remove_leftovers(folder.root)
    port, sockets = open_sockets(options.port)
    gate = Gate(Clients.load(folder.clients), secrets.token_urlsafe(32), port)
    if options.port is None and port != DEFAULT_PORT:
        notices.append(
            f"Another program listens on port {DEFAULT_PORT}, so this companion answers on port {port}. "
            f"When you pair a browser, it must name port {port} too."
        )
    pairing = Pairing(port=port)
    archive = Archive(History.open(folder.history))
    settings = SettingsFile.load(folder.settings)
    app = make_app(
        Parts(
            folder=folder,
            gate=gate,
            engine=Engine(
                lambda wanted: options.load(folder.root, wanted),
                wanted=lambda: Wanted(settings.now.device, settings.now.precision),
            ),
            pairing=pairing,
            archive=archive,
            preferences=Preferences(settings),
        )
    )
    app[ON_PAIRED].append(options.on_paired)
    runner = make_runner(app)
    await runner.setup()
    try:
        for sock in sockets:
            await LoopbackSite(runner, sock).start()
        try:
            Running.here(port, gate.control_key).write(folder.running)
        except OSError:
            notices.append("`naturaltrace pair` can't reach this daemon; restart it for a new pairing code.")
        _stop_on_signals(options.stop)
        notices += [*gate.clients.notices, *settings.notices, *archive.notices]
        _log.info("it answers on port %d", port)
        for notice in notices:
            _log.warning("%s", notice)
        options.on_ready(Ready(port, pairing.open(), int(CODE_LIFE_S), tuple(notices)))
        await options.stop.wait()
    finally:
        await runner.cleanup()
        # What a full disk refused may find room by now.
        gate.clients.save_if_unsaved()
        settings.save_if_unsaved()


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except (NotImplementedError, RuntimeError):
            # Windows' loops have no signal handlers of their own; a thread other than the main one may set none.
            with contextlib.suppress(ValueError):
                signal.signal(number, lambda _n, _f: loop.call_soon_threadsafe(stop.set))
