"""Have the daemon's own reading process read broken files, and watch that process.

    python -m tests.fuzz --n 100000            all is well: status 0
    python -m tests.fuzz --only 4711 --seed 3  one case again, in this process

A case fails when the process dies or is ended over it, when it takes more of the process's own time than the limit, or
when anything but ImagingError comes out. Cases that die for want of memory have asked for more than one file is given.
"""

import argparse
import sys
import time
from dataclasses import dataclass, field

from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.errors import ImagingError
from naturaltrace.provenance.reader import read_provenance
from naturaltrace.sandbox.process import Bounds, ReaderProcess
from tests.fuzz.mutations import case


@dataclass
class Tally:
    cases: int = 0
    decoded: int = 0
    slowest_ms: float = 0.0
    peak_mb: float = 0.0
    failures: list[str] = field(default_factory=list[str])

    def in_words(self) -> str:
        return (
            f"{self.cases} cases, {self.decoded} decoded, slowest {self.slowest_ms:.0f} CPU ms, "
            f"peak {self.peak_mb:.0f} MB, {len(self.failures)} failures"
        )


def one(seed: int, index: int) -> bool:
    """Whether case `index` decoded, in this process. Raises what nobody foresaw."""
    data = case(seed, index)
    try:
        image = decode(data)
    except ImagingError as error:
        if not str(error):
            raise AssertionError("an error without words") from error
        return False
    assert image.pixels.ndim == 3
    assert image.pixels.shape[2] == 3
    read_provenance(data, image.format, pixels=image.pixels)
    return True


def fuzz(seed: int, count: int, *, limit_s: float, start: int = 0, every_s: float = 0.0) -> Tally:
    """Run `count` cases; a dead or hanging process is replaced and the next case taken.

    What counts as time is the reading process's own: on a busy machine others' work would be counted otherwise. Who
    waits for ever without working is found by the clock.
    """
    tally, reader, told = Tally(), ReaderProcess(bounds=Bounds(wall_s=max(60.0, limit_s * 10))), time.monotonic()
    try:
        for index in range(start, start + count):
            _run(reader, seed, index, limit_s, tally)
            if every_s and time.monotonic() - told > every_s:
                told = time.monotonic()
                print(f"… {tally.in_words()}", file=sys.stderr, flush=True)
    finally:
        reader.close()
    return tally


def _run(reader: ReaderProcess, seed: int, index: int, limit_s: float, tally: Tally) -> None:
    broken = reader.died + reader.overran
    try:
        reading = reader.read(case(seed, index), thumbnail=index % 10 == 0)
    except ImagingError as error:
        if reader.died + reader.overran > broken:
            tally.failures.append(f"case {index}: {error}")
        elif not str(error):
            tally.failures.append(f"case {index}: an error without words")
    except Exception as error:
        tally.failures.append(f"case {index}: {type(error).__name__}: {error}")
    else:
        tally.decoded += 1
        failed = [words for words in reading.provenance.problems if "failed" in words] if reading.provenance else []
        if failed:
            tally.failures.append(f"case {index}: {failed[0]}")
    tally.cases += 1
    tally.slowest_ms = max(tally.slowest_ms, reader.used.cpu_ms)
    tally.peak_mb = max(tally.peak_mb, reader.used.peak_mb)
    if reader.used.cpu_ms > limit_s * 1000:
        tally.failures.append(f"case {index}: {reader.used.cpu_ms:.0f} ms")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Broken image files by the thousand.")
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=2.0, help="CPU seconds that one case may take")
    parser.add_argument("--only", type=int, help="run one case in this process")
    options = parser.parse_args()
    if options.only is not None:
        print("decoded" if one(options.seed, options.only) else "refused")
        return 0
    tally = fuzz(options.seed, options.n, limit_s=options.limit, start=options.start, every_s=30.0)
    print(tally.in_words())
    for failure in tally.failures:
        print(failure)
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
