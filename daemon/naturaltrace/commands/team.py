"""`naturaltrace team`: a companion that several people share, on a machine of their own."""

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from naturaltrace.commands.parsers import Commands
from naturaltrace.storage.paths import DataFolder

if TYPE_CHECKING:
    from naturaltrace.pipeline import Pipeline


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("team", help="run a companion for several people, and say who may use it")
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    served = actions.add_parser("serve", parents=[common], help="serve a network, over TLS only")
    served.add_argument("--bind", required=True, metavar="ADDRESS:PORT", help="e.g. 0.0.0.0:7345 or [::]:7345")
    served.add_argument("--tls-cert", type=Path, required=True, metavar="FILE", help="certificate chain, PEM")
    served.add_argument("--tls-key", type=Path, required=True, metavar="FILE", help="its private key, PEM")
    served.add_argument("--per-minute", type=float, default=120.0, metavar="N", help="checks of one user (120)")
    served.add_argument("--backend", metavar="URL", help="a KServe v2 or Triton server that runs the network")
    served.set_defaults(command=_serve)

    added = actions.add_parser("add", parents=[common], help="a token for one more person, shown once")
    added.add_argument("name")
    added.add_argument("--admin", action="store_true", help="an administrator's token")
    added.set_defaults(command=_add)

    listed = actions.add_parser("list", parents=[common], help="who has a token")
    listed.add_argument("--json", action="store_true", help="print JSON")
    listed.set_defaults(command=_list)

    removed = actions.add_parser("remove", parents=[common], help="make a token worthless")
    removed.add_argument("id")
    removed.set_defaults(command=_remove)


def _serve(options: argparse.Namespace) -> int:
    from naturaltrace.detectors.remote import BackendFailed, pipeline_by
    from naturaltrace.team.serve import BadCertificate, Options, run

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    host, _, port = options.bind.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        print("--bind needs an address and a port, such as 0.0.0.0:7345.", file=sys.stderr)
        return 2
    folder = DataFolder.at(options.data_dir)
    load: Callable[[str], Pipeline] | None = None
    if options.backend:
        try:
            pipeline_by(options.backend, folder.root)  # better to know now than at the first image
        except BackendFailed as error:
            print(error, file=sys.stderr)
            return 1

        def remote(_device: str) -> "Pipeline":
            return pipeline_by(options.backend, folder.root)

        load = remote

    def ready(at: int) -> None:
        print(json.dumps({"event": "ready", "port": at, "data_dir": str(folder.root)}), flush=True)

    plan = Options(
        folder, host.strip("[]"), int(port), options.tls_cert, options.tls_key, options.per_minute, load, ready
    )
    try:
        asyncio.run(run(plan))
    except BadCertificate as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{options.bind} can't be served: {error.strerror or error}.", file=sys.stderr)
        return 1
    return 0


def _add(options: argparse.Namespace) -> int:
    from naturaltrace.team.people import People, Role

    folder = DataFolder.at(options.data_dir)
    folder.create()
    client, token = People(folder).add(options.name, Role.ADMIN if options.admin else Role.USER)
    print(f"{client.name} ({client.id}). The token, shown this once: {token}")
    return 0


def _list(options: argparse.Namespace) -> int:
    from naturaltrace.team.people import People

    people = People(DataFolder.at(options.data_dir)).all()
    if options.json:
        print(json.dumps([{**p.client.public_json(), "role": p.role.value} for p in people], ensure_ascii=False))
        return 0
    for person in people:
        print(f"{person.client.id}  {person.client.paired_at[:10]}  {person.role.value:5}  {person.client.name}")
    return 0


def _remove(options: argparse.Namespace) -> int:
    from naturaltrace.team.people import People

    if not People(DataFolder.at(options.data_dir)).revoke(options.id):
        print("Nobody has this id.", file=sys.stderr)
        return 1
    print("Removed.")
    return 0
