"""`naturaltrace settings`: open the settings page of the running daemon in the browser."""

import argparse
import sys
import webbrowser

from naturaltrace.commands.parsers import Commands
from naturaltrace.storage.paths import DataFolder


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("settings", parents=[common], help="open the settings page in the browser")
    parser.add_argument("--print", action="store_true", help="print the link instead; it works once, for a minute")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    from naturaltrace.server.steering import NotRunning, Refused, Steering

    try:
        url: str = Steering.find(DataFolder.at(options.data_dir)).call("POST", "/v1/control/link")["url"]
    except NotRunning:
        print("Natural Trace is not running. Start it with: naturaltrace serve", file=sys.stderr)
        return 1
    except Refused as error:
        print(error, file=sys.stderr)
        return 1
    if options.print or not webbrowser.open(url):
        print(url)
    return 0
