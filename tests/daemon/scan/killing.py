"""A scan that is killed again and again, at moments when it has just written something down."""

import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from naturaltrace.scan.scan import journal_path
from tests.daemon.programs import COMMAND

_WITHIN_S = 120.0


@dataclass(slots=True)
class Killed:
    """`known` is what each start found judged already; the last entry is the run that ended by itself."""

    known: list[int] = field(default_factory=list[int])


def scan(arguments: Sequence[object], out: Path) -> int:
    """One run to its end; how many images it found judged before."""
    run = subprocess.run(
        [*COMMAND, "scan", *map(str, arguments), "--out", str(out)],
        capture_output=True, text=True, timeout=1800, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return _known(run.stderr)


def killed_scan(arguments: Sequence[object], out: Path, *, kills: int, batches: int) -> Killed:
    """Start the scan, kill -9 it once it has written `batches` more batches, and so on; then let it end."""
    story = Killed()
    for _ in range(kills):
        with tempfile.NamedTemporaryFile("w") as said:
            process = subprocess.Popen([*COMMAND, "scan", *map(str, arguments), "--out", str(out)], stderr=said)
            try:
                ended = _wait_for_writes(process, journal_path(out), Path(said.name), batches)
                assert not ended, "the scan was over before it could be killed: give it more images"
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait(30)
            story.known.append(_known(Path(said.name).read_text()))
    story.known.append(scan(arguments, out))
    return story


def _wait_for_writes(process: subprocess.Popen[bytes], journal: Path, said: Path, batches: int) -> bool:
    """Until the listing is done and so many batches are in the journal; True where the scan ended before."""
    wal = journal.with_name(journal.name + "-wal")
    deadline = time.monotonic() + _WITHIN_S
    listed = False
    writes, last = 0, (0, 0)
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return True
        try:
            now = (wal.stat().st_size, wal.stat().st_mtime_ns)
        except FileNotFoundError:
            time.sleep(0.002)
            continue
        if not listed:
            listed = "images" in said.read_text()
            last = now
        elif now != last:
            writes, last = writes + 1, now
            if writes >= batches:
                return False
        time.sleep(0.002)
    raise AssertionError("the scan wrote nothing down")


def _known(said: str) -> int:
    found = re.search(r"images, ([\d,]+) of them judged before", said)
    return int(found[1].replace(",", "")) if found else 0
