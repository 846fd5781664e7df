"""`naturaltrace settings`: open the settings page of the running daemon in the browser."""

import argparse
import webbrowser
from typing import TYPE_CHECKING

from naturaltrace.commands.parsers import Commands
from naturaltrace.commands.steered import steer

if TYPE_CHECKING:
    from naturaltrace.server.steering import Steering


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("settings", parents=[common], help="open the settings page in the browser")
    parser.add_argument("--print", action="store_true", help="print the link instead; it works once, for a minute")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    def show(daemon: "Steering") -> int:
        url: str = daemon.call("POST", "/v1/control/link")["url"]
        if options.print or not webbrowser.open(url):
            print(url)
        return 0

    return steer(options, show)
