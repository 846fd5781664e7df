"""`naturaltrace serve · check · scan · report · detectors · evidence · pair · settings · team · doctor`."""

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from naturaltrace import __version__
from naturaltrace.commands import check, detectors, doctor, evidence, pair, report, scan, serve, settings, team

_COMMANDS = (serve, check, scan, report, detectors, evidence, pair, settings, team, doctor)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 all well, 1 something could not be done, 2 wrong use."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file's name may have letters that the terminal lacks
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has gone (`… | head`). Close quietly; the interpreter would complain while flushing.
        sys.stderr.close()
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="naturaltrace", description="Tells whether an image was made by a generative model, on this machine only."
    )
    parser.add_argument("--version", action="version", version=f"naturaltrace {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data-dir", type=Path, metavar="DIR", help="a profile of its own instead of the usual one")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands, common)
    return parser
