"""How far apart images with and without DALL·E 2's colour bar are.

    python benchmarks/provenance_visible.py --images DIR

DIR holds images.csv (columns file, label, generator, width, height) and the files; square images of 256 pixels and more
are looked at. Not every DALL·E 2 image carries the bar: people crop it away.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from naturaltrace.provenance.visible import MOST_OFF, MOST_SPREAD, colour_bar


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--images", type=Path, required=True)
    options = arguments.parse_args()
    fits: dict[str, list[float]] = {"DALL·E 2": [], "other generators": [], "real": []}
    found = dict.fromkeys(fits, 0)
    with (options.images / "images.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["width"] == row["height"]]
    for row in rows:
        try:
            with Image.open(options.images / row["file"]) as image:
                fit = colour_bar(np.asarray(image.convert("RGB")))
        except OSError:
            continue
        if fit is None:
            continue
        group = "real" if row["label"] == "0" else "DALL·E 2" if row["generator"] == "dalle2" else "other generators"
        fits[group].append(fit.off)
        found[group] += fit.off <= MOST_OFF and fit.spread <= MOST_SPREAD
    report = {
        group: {"images": len(offs), "found": found[group], "nearest": round(min(offs, default=0), 1)}
        for group, offs in fits.items()
    }
    print(json.dumps(report, indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
