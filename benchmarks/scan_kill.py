"""Kill -9 in the middle of a scan, again and again: is the result the one of a clean run?

python -m benchmarks.scan_kill --kills 10
"""

import argparse
import tempfile
from pathlib import Path

from tests.daemon.images import encoded, photo
from tests.daemon.scan.killing import killed_scan, scan


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--batches", type=int, default=2, help="written down before each kill")
    options = parser.parse_args()
    count = (options.kills * (options.batches + 2) + 4) * 8
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "pictures").mkdir()
        for number in range(count):
            data = encoded(photo(144, 136, seed=number - number % 10 // 9), "JPEG")  # every tenth is a copy
            (root / "pictures" / f"{number:05}.jpg").write_bytes(data)
        scan([root / "pictures", "--quiet"], root / "clean.jsonl")
        story = killed_scan([root / "pictures"], root / "killed.jsonl", kills=options.kills, batches=options.batches)
        same = (root / "killed.jsonl").read_bytes() == (root / "clean.jsonl").read_bytes()
    print(f"{count} images, killed {options.kills} times; judged before at each start: {story.known}")
    print("the results are the same, byte for byte" if same else "THE RESULTS DIFFER")
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
