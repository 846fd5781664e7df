"""How far apart images with and without a service's visible mark are: DALL·E 2's colour bar, Gemini's sparkle.

    python benchmarks/provenance_visible.py --images DIR [--every N] [--first K] [--out FILE.json]

DIR holds images.csv (columns file, label, generator, format, width, height) and the files of 256 pixels and more. Not
every image of either service carries its mark: people crop it away, and the services' programming interfaces leave it
out. JPEGs that are not square are decoded at the smallest size that JPEG offers and that has 512 pixels at least.
"""

import argparse
import csv
import json
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from naturaltrace.provenance.visible import LEAST_LIKENESS, MOST_OFF, MOST_SPREAD, colour_bar, sparkle

GEMINI = ("nano-banana", "nano-banana-pro", "gemini-image-unknown")
Image.MAX_IMAGE_PIXELS = 200_000_000


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--images", type=Path, required=True)
    arguments.add_argument("--every", type=int, default=1, help="look at every Nth image only")
    arguments.add_argument("--first", type=int, default=0, help="begin with this one")
    arguments.add_argument("--out", type=Path)
    options = arguments.parse_args()
    with (options.images / "images.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))[options.first :: options.every]
    offs: dict[str, list[float]] = {}
    stars: dict[str, list[tuple[float, str]]] = {}
    bars, times = Counter[str](), list[float]()
    for row in rows:
        try:
            with Image.open(options.images / row["file"]) as image:
                if row["format"] == "JPEG" and image.width != image.height:
                    share = min(1.0, 512 / min(image.size))
                    image.draft("RGB", (round(image.width * share), round(image.height * share)))
                pixels = np.asarray(image.convert("RGB"))
        except (OSError, Image.DecompressionBombError):
            continue
        real = row["label"] == "0"
        if (fit := colour_bar(pixels)) is not None:
            group = "real" if real else "DALL·E 2" if row["generator"] == "dalle2" else "other generators"
            offs.setdefault(group, []).append(fit.off)
            bars[group] += fit.off <= MOST_OFF and fit.spread <= MOST_SPREAD
        began = time.thread_time()
        star = sparkle(pixels)
        times.append((time.thread_time() - began) * 1e3)
        if star is not None:
            group = "real" if real else "Gemini" if row["generator"] in GEMINI else "other generators"
            stars.setdefault(group, []).append((star.likeness, row["file"]))
    report = {
        "colour bar": {
            group: {"images": len(each), "found": bars[group], "nearest": round(min(each), 1)}
            for group, each in offs.items()
        },
        "sparkle": {group: _sparkles(each) for group, each in stars.items()},
        "milliseconds for the sparkle": {"p50": round(sorted(times)[len(times) // 2], 2)} if times else {},
    }
    text = json.dumps(report, indent=1, ensure_ascii=False)
    if options.out:
        options.out.write_text(text + "\n", "utf-8")
    print(text)
    return 0


def _sparkles(each: list[tuple[float, str]]) -> dict[str, object]:
    likenesses = sorted((likeness for likeness, _ in each), reverse=True)
    found = sorted((round(likeness, 2), file) for likeness, file in each if likeness >= LEAST_LIKENESS)
    return {
        "images": len(each),
        "found": len(found),
        "likest": [round(likeness, 2) for likeness in likenesses[:5]],
        "likeness, how many above": {
            f"{bound:.1f}": sum(likeness >= bound for likeness in likenesses)
            for bound in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
        },
        "files found": [file for _, file in found[-10:]],
    }


if __name__ == "__main__":
    sys.exit(main())
