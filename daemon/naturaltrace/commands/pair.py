"""`naturaltrace pair`: a fresh code from the running daemon, or the paired browsers with or without one."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, Protocol

from naturaltrace.commands.parsers import Commands
from naturaltrace.commands.steered import steer
from naturaltrace.storage.paths import DataFolder

if TYPE_CHECKING:
    from naturaltrace.server.steering import Steering


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("pair", parents=[common], help="show a fresh pairing code, or the paired browsers")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="list the paired browsers")
    what.add_argument("--revoke", metavar="ID", help="forget one browser; “all” forgets every one")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    if options.list:
        return _show_list(_browsers(options), as_json=options.json)
    if options.revoke:
        return _forget(_browsers(options), options.revoke)

    def show(daemon: "Steering") -> int:
        answer = daemon.call("POST", "/v1/control/code")
        _show_code(answer, daemon.port, as_json=options.json)
        return 0

    return steer(options, show)


class _Browsers(Protocol):
    def list(self) -> list[dict[str, Any]]: ...

    def forget(self, client_id: str) -> bool: ...


def _browsers(options: argparse.Namespace) -> _Browsers:
    """The list as the running daemon holds it, else the stored one: a daemon would not notice a changed file."""
    from naturaltrace.server.steering import NotRunning, Steering

    folder = DataFolder.at(options.data_dir)
    try:
        return _OfDaemon(Steering.find(folder))
    except NotRunning:
        return _OfFile(folder)


class _OfDaemon:
    def __init__(self, daemon: Any) -> None:
        self._daemon = daemon

    def list(self) -> list[dict[str, Any]]:
        return self._daemon.call("GET", "/v1/control/browsers")["browsers"]

    def forget(self, client_id: str) -> bool:
        from naturaltrace.server.steering import Refused

        try:
            self._daemon.call("DELETE", f"/v1/control/browsers/{client_id}")
        except Refused:
            return False
        return True


class _OfFile:
    def __init__(self, folder: DataFolder) -> None:
        from naturaltrace.storage.clients import Clients

        self._clients = Clients.load(folder.clients)
        for notice in self._clients.notices:
            print(f"Note: {notice}", file=sys.stderr)

    def list(self) -> list[dict[str, Any]]:
        return [client.public_json() for client in self._clients]

    def forget(self, client_id: str) -> bool:
        return self._clients.revoke(client_id)


def _show_code(answer: dict[str, Any], port: int, *, as_json: bool) -> None:
    code: str = answer["code"]
    if as_json:
        print(json.dumps({"pairing_code": code, "expires_in": answer["expires_in"], "port": port}))
    else:
        print(f"Pairing code: {code[:3]} {code[3:]}  (two minutes, one browser)")
        print(f"Natural Trace answers on port {port}; the browser must name the same port.")


def _show_list(stored: _Browsers, *, as_json: bool) -> int:
    from naturaltrace.server.steering import NotRunning, Refused

    try:
        browsers = stored.list()
    except (NotRunning, Refused) as error:
        print(f"The running companion did not answer: {error}", file=sys.stderr)
        return 1
    if as_json:
        print(json.dumps(browsers, ensure_ascii=False))
    elif not browsers:
        print("No browser is paired.")
    else:
        for browser in browsers:
            print(f"{browser['id']}  {browser['paired_at'][:10]}  {browser['name']}")
    return 0


def _forget(browsers: _Browsers, which: str) -> int:
    from naturaltrace.server.steering import NotRunning, Refused

    try:
        ids = [browser["id"] for browser in browsers.list()] if which == "all" else [which]
        forgotten = [client_id for client_id in ids if browsers.forget(client_id)]
    except (NotRunning, Refused) as error:
        print(f"The running companion did not answer: {error}", file=sys.stderr)
        return 1
    if not forgotten and which != "all":
        print("No browser with this id is paired.", file=sys.stderr)
        return 1
    print(f"Forgotten: {len(forgotten)}.")
    return 0
