"""The daemon as a program of its own, its detector a stand-in: what is tried here is what it keeps.

`python -m tests.durability.program FOLDER [--nobody]` prints the ready line that `naturaltrace serve --headless` does.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from naturaltrace.server.daemon import Options, Ready, run_daemon
from naturaltrace.storage.paths import DataFolder
from naturaltrace.verdicts import sensitivity
from tests.daemon.stand_in import stand_in

NOBODY = 65534


def serve(folder: Path, on_ready: Callable[[Ready], None]) -> None:
    asyncio.run(run_daemon(Options(DataFolder(folder), 0, load=lambda _folder, _device: stand_in(), on_ready=on_ready)))


def ready_line(ready: Ready) -> str:
    return json.dumps(asdict(ready))


def main() -> None:
    folder = Path(sys.argv[1])
    if "--nobody" in sys.argv:
        # All that is needed has to be imported before: then even the interpreter's own files may be out of reach.
        # The shares that the settings tell are read when they are first asked for, by modules that come with that.
        sensitivity.released()
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    serve(folder, lambda ready: print(ready_line(ready), flush=True))


if __name__ == "__main__":
    main()
