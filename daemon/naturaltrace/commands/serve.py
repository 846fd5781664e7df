"""`naturaltrace serve`: run the companion until it is told to stop. With `--bind`, the companion of a team."""

import argparse
import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naturaltrace.commands import bound
from naturaltrace.commands.parsers import Commands
from naturaltrace.commands.steered import command
from naturaltrace.storage.paths import DataFolder

if TYPE_CHECKING:
    from naturaltrace.server.daemon import Ready


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("serve", parents=[common], help="run the companion for the browser extension")
    parser.add_argument("--headless", action="store_true", help="no tray; print one JSON line when ready")
    parser.add_argument("--port", type=_port, metavar="N", help="this port only (default: first free of 7345–7354)")
    shared = parser.add_argument_group(
        "for a team", "a shared companion, over TLS and with a token each (docs/team.md)"
    )
    bound.add_options(shared, bind_required=False)
    parser.set_defaults(command=run)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def run(options: argparse.Namespace) -> int:
    if options.bind is not None:
        return _shared(options)
    if idle := bound.idle_options(options):
        print(f"{', '.join(idle)}: only together with --bind HOST[:PORT].", file=sys.stderr)
        return 2
    from naturaltrace.server.daemon import Options, run_daemon
    from naturaltrace.server.listening import NoPort
    from naturaltrace.storage.lock import AlreadyRunning

    # The terminal is told of troubles; the log in the data folder (storage/log.py) of a little more.
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s", handlers=[terminal]
    )
    folder = DataFolder.at(options.data_dir)
    speaker = _Json(folder) if options.headless else _Words(options.data_dir)
    daemon = Options(folder, options.port, on_ready=speaker.ready, on_paired=speaker.paired)
    pystray = None if options.headless else _pystray(options.data_dir)
    try:
        if pystray is None:
            asyncio.run(run_daemon(daemon))
        else:
            from naturaltrace.desktop.session import run_with_tray

            run_with_tray(daemon, pystray)
    except AlreadyRunning:
        return speaker.failed("already-running", _already_running(folder, options.data_dir))
    except NoPort as error:
        return speaker.failed("no-port", str(error))
    except OSError as error:
        return speaker.failed("data-folder", f"The data folder {folder.root} can't be used: {error.strerror or error}.")
    return 0


def _shared(options: argparse.Namespace) -> int:
    """`--bind`: the companion of a team. It has no tray, no settings page and no history."""
    if options.port is not None:
        print("--bind names the port itself: --bind HOST:PORT, without --port.", file=sys.stderr)
        return 2
    return bound.serve(options, as_json=options.headless)


def _already_running(folder: DataFolder, data_dir: Path | None) -> str:
    from naturaltrace.server.running import Running

    other = Running.read(folder.running)
    where = "" if other is None else f" and answers on 127.0.0.1:{other.port}"
    return f"Natural Trace is already running on {folder.root}{where}. Its settings: {command('settings', data_dir)}"


def _pystray(data_dir: Path | None) -> Any:
    """What shows a tray icon on this desktop; None where there is none, which is no reason not to serve."""
    from naturaltrace.desktop.tray import NoTray, load

    try:
        return load()
    except NoTray as error:
        print(f"There is no tray icon: {error}. All that it offers: {command('settings', data_dir)}")
        return None


class _Json:
    """One line on standard output, when ready or when it will never be; nothing after it, since nobody may read on."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder

    def ready(self, now: "Ready") -> None:
        event = {
            "event": "ready",
            "port": now.port,
            "pairing_code": now.pairing_code,
            "expires_in": now.expires_in,
            "data_dir": str(self._folder.root),
            "notices": list(now.notices),
        }
        print(json.dumps(event), flush=True)

    def paired(self, name: str) -> None:
        pass

    def failed(self, slug: str, detail: str) -> int:
        print(json.dumps({"event": "error", "type": slug, "detail": detail}), flush=True)
        return 1


class _Words:
    def __init__(self, data_dir: Path | None) -> None:
        self._data_dir = data_dir

    def ready(self, now: "Ready") -> None:
        for notice in now.notices:
            print(f"Note: {notice}")
        print(f"Natural Trace is running on 127.0.0.1:{now.port}. Stop it with Ctrl+C.")
        code = f"{now.pairing_code[:3]} {now.pairing_code[3:]}"
        again = command("pair", self._data_dir)
        print(f"Pairing code for the browser: {code}  (two minutes; for a new one: {again})", flush=True)

    def paired(self, name: str) -> None:
        print(f"Paired with “{name}”. If that was not you: {command('pair --list', self._data_dir)}", flush=True)

    def failed(self, slug: str, detail: str) -> int:
        print(detail, file=sys.stderr)
        return 1
