"""What the heat map adds to a check, in one run over the same files.

    python -m benchmarks.heatmap_cost [--images DIR] [--count 6] [--rounds 9] [--map-card CARD] [--out FILE.json]

A check is all that is done for one file: decoding, marks and metadata, crops and views, the detector on one thread, the
verdict in words. *with* is that; *without* is the same with a localiser that says nothing, less the picture that only
the localiser looks at. Both take turns for each file, so that a busy machine slows both. `share` is what is added over
*without* (goal: at most 0.15). `bare_share` is the same beside reading and detector alone, which no check is. `parts`
are the map's own steps: bringing the picture to page size, the graph, smoothing, and places that are hot. Times are the
processor's, for each file the quickest of the rounds, then the mean of the files.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.serving import drawn, images, report
from naturaltrace.detection import card as cards
from naturaltrace.detection import localiser as localisers
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.heatmap import grid_of
from naturaltrace.detection.localiser import Localiser, LocaliserCard
from naturaltrace.detection.regions import find_regions
from naturaltrace.evidence.adviser import Adviser
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.page_view import page_view
from naturaltrace.imaging.prepared import prepare
from naturaltrace.pipeline import Pipeline
from naturaltrace.sandbox import inside
from naturaltrace.sandbox.reading import Reading
from naturaltrace.verdicts.fusion import judge

SIZES = ((1024, 768), (640, 480), (512, 384))


class _Here:
    """Reads files in this process, whose processor time is counted."""

    def read(self, data: bytes, *, pixels_only: bool = False, thumbnail: bool = False) -> Reading:
        return inside.read(data, pixels_only=pixels_only, thumbnail=thumbnail)

    def start(self) -> None: ...

    def end_idle(self) -> None: ...

    def close(self, *, now: bool = True) -> None: ...


class _Silent(Localiser):
    """Costs nothing and knows nothing."""

    def __init__(self, card: LocaliserCard) -> None:
        self.card = card

    def log_odds(self, page: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.zeros((1, 1), np.float32)


def measure(card: LocaliserCard, files: list[bytes], rounds: int) -> dict[str, Any]:
    """Milliseconds, means over the files."""
    detector_card = cards.released()
    enrich = Adviser.for_profile(detector_card, None, card.part)
    localiser, silent = Localiser(card, 1), _Silent(card)
    detectors = [Detector(detector_card, 1, localiser=one) for one in (localiser, silent)]
    full, bare = (Pipeline(d, _Here(), judge, enrich=enrich) for d in detectors)
    rows: list[dict[str, float]] = []
    for data in files:
        image = decode(data)
        picture = Image.fromarray(image.pixels)  # made for the views in any case
        page = page_view(image.pixels, picture)
        odds = localiser.log_odds(page)
        heat = grid_of(odds)
        rows.append(
            _quickest(
                {
                    "with": lambda data=data: full.check(data),
                    "without": lambda data=data: bare.check(data),
                    "reading_and_detector": lambda data=data: detectors[1].detect_prepared([prepare(decode(data))]),
                    "page": lambda image=image, picture=picture: page_view(image.pixels, picture),
                    "graph": lambda page=page: localiser.log_odds(page),
                    "smoothing": lambda odds=odds: grid_of(odds),
                    "places": lambda heat=heat: find_regions(heat),
                },
                rounds,
            )
        )
    mean = {name: statistics.fmean(row[name] for row in rows) for name in rows[0]}
    without, alone = (mean[name] - mean["page"] for name in ("without", "reading_and_detector"))
    added = mean["with"] - without
    return {
        "files": len(files),
        "with_ms": round(mean["with"], 2),
        "without_ms": round(without, 2),
        "added_ms": round(added, 2),
        "share": round(added / without, 3),
        "bare_share": round(added / alone, 3),
        "parts": {name: round(mean[name], 2) for name in ("page", "graph", "smoothing", "places")},
    }


def _quickest(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Of each, all taking turns."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds + 1):
        for name, run in runs.items():
            start = time.thread_time()
            run()
            best[name] = min(best[name], (time.thread_time() - start) * 1000)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, help="files of this folder instead of drawn ones")
    parser.add_argument("--count", type=int, default=6, help="files (of each size, where they are drawn)")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--map-card", type=Path, help="another localiser than the released one")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    card = localisers.read(options.map_card) if options.map_card else localisers.released_card()
    if card is None:
        raise SystemExit("no localiser is released")
    groups = {options.images.name: images(options.images, options.count)} if options.images else {}
    if not groups:
        groups = {f"{w} x {h}": [drawn(n, w, h) for n in range(options.count)] for w, h in SIZES}
    figures = {name: measure(card, files, options.rounds) for name, files in groups.items()}
    report({"localiser": card.version, "detector": cards.released().version, **figures}, options.out)


if __name__ == "__main__":
    main()
