"""Pictures that are in the set twice, and above all in two splits: what was trained on must not judge.

A training image near to one of val or test is left out of training, and a val image near to a test image out of val:
`manifest.load` reads the list that `write` leaves beside the set's table.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from naturaltrace_model.data import perceptual_hash
from naturaltrace_model.data.manifest import Sample

FILE = "duplicates.csv"
DISTANCE = 24  # bits of 256
_RANK = {"train": 0, "val": 1, "test": 2}  # the lower one gives way


@dataclass(frozen=True, slots=True)
class Pair:
    """Two near pictures; `kept` is in the split that matters more, or came first where they share one."""

    kept: Sample
    dropped: Sample
    distance: int

    @property
    def across(self) -> bool:
        return self.kept.split != self.dropped.split


def hashes(samples: Sequence[Sample], cache: Path | None = None) -> dict[str, NDArray[np.uint64]]:
    """The hash of each sample by its sha256, kept in the CSV `cache` between runs; unreadable and flat ones are left
    out."""
    known: dict[str, str] = {}
    if cache is not None and cache.exists():
        with cache.open(newline="", encoding="utf-8") as rows:
            known = {row["sha256"]: row["hash"] for row in csv.DictReader(rows)}
    missing = [s for s in samples if s.sha256 not in known]
    for number, sample in enumerate(tqdm(missing, desc="hashes", unit="image", mininterval=10)):
        found = perceptual_hash.of_file(sample.path)
        known[sample.sha256] = "" if found is None else found.tobytes().hex()
        if cache is not None and (number % 2000 == 1999 or number + 1 == len(missing)):
            with cache.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([("sha256", "hash"), *known.items()])
    wanted = {s.sha256 for s in samples}
    return {
        sha: np.frombuffer(bytes.fromhex(text), dtype=np.uint64)
        for sha, text in known.items()
        if text and sha in wanted
    }


def near_duplicates(
    samples: Sequence[Sample], found: dict[str, NDArray[np.uint64]], most: int = DISTANCE
) -> list[Pair]:
    """All pairs at most `most` bits apart, those across splits first."""
    known = sorted((s for s in samples if s.sha256 in found), key=lambda s: -_RANK[s.split])
    if not known:
        return []
    table = np.stack([found[s.sha256] for s in known])
    first, second, apart = perceptual_hash.near_pairs(table, table, most)
    pairs = [
        Pair(known[i], known[j], int(d)) for i, j, d in zip(first, second, apart, strict=True) if i < j
    ]  # the order by split puts what is kept first
    return sorted(pairs, key=lambda p: (not p.across, p.distance))


def write(pairs: Sequence[Pair], path: Path) -> int:
    """The pairs across splits as CSV, by sha256; how many images give way."""
    across = [p for p in pairs if p.across]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("dropped", "dropped_split", "kept", "kept_split", "distance"))
        for p in across:
            writer.writerow((p.dropped.sha256, p.dropped.split, p.kept.sha256, p.kept.split, p.distance))
    return len({p.dropped.sha256 for p in across})


def table(pairs: Sequence[Pair]) -> str:
    """Counts by the two splits, and by source for those across, as Markdown."""
    counts = Counter((p.kept.split, p.dropped.split) for p in pairs)
    lines = ["| kept in | near image in | pairs | of them with another label |", "|---|---|---|---|"]
    for (kept, dropped), count in sorted(counts.items()):
        other = sum(
            p.kept.label != p.dropped.label for p in pairs if (p.kept.split, p.dropped.split) == (kept, dropped)
        )
        lines.append(f"| {kept} | {dropped} | {count} | {other} |")
    across = [p for p in pairs if p.across]
    if across:
        lines += ["", "| kept | near image | bits apart | sources |", "|---|---|---|---|"]
        lines += [
            f"| {p.kept.split} {p.kept.sha256[:12]} | {p.dropped.split} {p.dropped.sha256[:12]} | {p.distance} "
            f"| {p.kept.source} / {p.dropped.source} |"
            for p in across
        ]
    return "\n".join(lines)
