"""`naturaltrace team`: a companion that several people share, on a machine of their own."""

import argparse
import json
import sys

from naturaltrace.commands import bound
from naturaltrace.commands.parsers import Commands
from naturaltrace.storage.paths import DataFolder


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("team", help="run a companion for several people, and say who may use it")
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    served = actions.add_parser("serve", parents=[common], help="the same as `naturaltrace serve --bind`, with JSON")
    bound.add_options(served, bind_required=True)
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
    return bound.serve(options, as_json=True)


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
