"""Decode broken files and read their metadata in a process of its own, and watch that process.

    python -m tests.fuzz --n 100000            all is well: status 0
    python -m tests.fuzz --only 4711 --seed 3  one case again, in this process

A case fails when the process dies, when it takes longer than the limit, or when anything but ImagingError is raised.
"""

import argparse
import json
import selectors
import subprocess
import sys
import time
from dataclasses import dataclass, field

from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.errors import ImagingError
from naturaltrace.provenance.reader import read_provenance
from tests.fuzz.mutations import case

MEMORY_LIMIT = 3 * 2**30


@dataclass
class Tally:
    cases: int = 0
    decoded: int = 0
    slowest_ms: float = 0.0
    peak_mb: float = 0.0
    failures: list[str] = field(default_factory=list[str])


def one(seed: int, index: int) -> bool:
    """Whether case `index` decoded. Raises what nobody foresaw."""
    try:
        image = decode(case(seed, index))
    except ImagingError as error:
        if not str(error):
            raise AssertionError("an error without words") from error
        return False
    assert image.pixels.ndim == 3
    assert image.pixels.shape[2] == 3
    read_provenance(case(seed, index), image.format)
    return True


def child(seed: int, start: int, stop: int) -> None:
    """Report each case on a line: its number first, how it went after."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    for index in range(start, stop):
        print(index, flush=True)
        # The process's own seconds: on a busy machine others' work would be counted otherwise. Who waits for ever
        # without working is found by the parent.
        begin = time.process_time()
        try:
            outcome = "decoded" if one(seed, index) else "refused"
        except BaseException as error:
            outcome = f"{type(error).__name__}: {error}"
        report = {"ms": (time.process_time() - begin) * 1000, "outcome": outcome, "mb": _peak_mb()}
        print(json.dumps(report), flush=True)


def _peak_mb() -> float:
    if sys.platform == "win32":
        return 0.0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fuzz(seed: int, count: int, *, limit_s: float, start: int = 0) -> Tally:
    """Run `count` cases; a dead or hanging process is replaced and the next case taken."""
    tally, index, stop = Tally(), start, start + count
    while index < stop:
        index = _run_child(seed, index, stop, limit_s, tally)
    return tally


def _run_child(seed: int, start: int, stop: int, limit_s: float, tally: Tally) -> int:
    command = [sys.executable, "-m", "tests.fuzz", "--child", str(start), str(stop), "--seed", str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            return _watch(process, start, stop, limit_s, tally)
        finally:
            process.kill()


def _watch(process: "subprocess.Popen[bytes]", start: int, stop: int, limit_s: float, tally: Tally) -> int:
    assert process.stdout is not None
    selector = selectors.DefaultSelector()
    selector.register(process.stdout, selectors.EVENT_READ)
    current, patience = start, 120.0  # importing everything may take a while
    while current < stop:
        if not selector.select(patience):
            tally.failures.append(f"case {current}: still busy after {patience:.0f} s")
            return current + 1
        line = process.stdout.readline()
        if not line:
            tally.failures.append(f"case {current}: the process died ({process.wait()})")
            return current + 1
        if not line.startswith(b"{"):
            # A busy machine is no hang: the report's own clock decides, this is only how long we wait for it.
            current, patience = int(line), max(30.0, limit_s * 10)
            continue
        report = json.loads(line)
        tally.cases += 1
        tally.decoded += report["outcome"] == "decoded"
        tally.slowest_ms = max(tally.slowest_ms, report["ms"])
        tally.peak_mb = max(tally.peak_mb, report["mb"])
        if report["outcome"] not in ("decoded", "refused"):
            tally.failures.append(f"case {current}: {report['outcome']}")
        elif report["ms"] > limit_s * 1000:
            tally.failures.append(f"case {current}: {report['ms']:.0f} ms")
        current += 1
    return stop


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Broken image files by the thousand.")
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=2.0, help="CPU seconds that one case may take")
    parser.add_argument("--only", type=int, help="run one case in this process")
    parser.add_argument("--child", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.seed, *options.child)
        return 0
    if options.only is not None:
        print("decoded" if one(options.seed, options.only) else "refused")
        return 0
    tally = fuzz(options.seed, options.n, limit_s=options.limit, start=options.start)
    print(
        f"{tally.cases} cases, {tally.decoded} decoded, slowest {tally.slowest_ms:.0f} CPU ms, "
        f"peak {tally.peak_mb:.0f} MB, {len(tally.failures)} failures"
    )
    for failure in tally.failures:
        print(failure)
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
