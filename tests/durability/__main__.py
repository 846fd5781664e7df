"""`python -m tests.durability --n 100`: kill -9 during writes, again and again; nothing confirmed may be lost."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.durability.kills import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.durability", description=__doc__)
    parser.add_argument("--n", type=int, default=100, help="how many kills")
    parser.add_argument("--seed", type=int, default=None, help="the same moments again")
    options = parser.parse_args()
    seed: int = options.seed if options.seed is not None else int(time.time())
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="naturaltrace-durability-") as folder:
        try:
            outcome = run(Path(folder) / "data", options.n, seed)
        except AssertionError as error:
            print(f"seed {seed}: {error}", file=sys.stderr)
            return 1
    print(
        f"{outcome.kills} kills, {outcome.writes} confirmed writes, nothing lost, every start clean "
        f"({time.monotonic() - start:.0f} s, seed {seed})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
