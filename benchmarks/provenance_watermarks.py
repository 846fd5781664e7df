"""How near unmarked images come to the known watermarks, and what marked ones survive.

    python benchmarks/provenance_watermarks.py --images DIR [--most N] [--out FILE.json]

DIR holds images.csv (columns file, label, generator) and the files. For each known payload: the distribution of wrong
bits over real images (none carries a mark), the hits among generated ones by generator, and the share of real photos
that, marked here and saved again, still read as marked.
"""

import argparse
import csv
import io
import json
import random
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from naturaltrace.provenance.watermarks import dwt_dct, reader

Image.MAX_IMAGE_PIXELS = 64_000_000
SAVED: dict[str, dict[str, object]] = {
    "PNG": {"format": "PNG"},
    "JPEG q95 4:4:4": {"format": "JPEG", "quality": 95, "subsampling": 0},
    "JPEG q90 4:4:4": {"format": "JPEG", "quality": 90, "subsampling": 0},
    "JPEG q80 4:4:4": {"format": "JPEG", "quality": 80, "subsampling": 0},
    "JPEG q95 4:2:0": {"format": "JPEG", "quality": 95, "subsampling": 2},
    "JPEG q80 4:2:0": {"format": "JPEG", "quality": 80, "subsampling": 2},
    "WebP q90": {"format": "WEBP", "quality": 90},
}


def _pixels(path: Path) -> NDArray[np.uint8] | None:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, Image.DecompressionBombError):
        return None


def _saved(pixels: NDArray[np.uint8], how: dict[str, object]) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, **how)  # pyright: ignore[reportArgumentType]
    return np.asarray(Image.open(buffer).convert("RGB"))


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--images", type=Path, required=True)
    arguments.add_argument("--most", type=int, default=4000, help="images of each label")
    arguments.add_argument("--marked", type=int, default=60, help="real photos to mark and save again")
    arguments.add_argument("--out", type=Path)
    options = arguments.parse_args()
    with (options.images / "images.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    random.Random(6).shuffle(rows)

    nearest: dict[str, Counter[int]] = defaultdict(Counter)
    hits: dict[str, Counter[str]] = defaultdict(Counter)
    read, times, carriers = Counter[str](), list[float](), list[NDArray[np.uint8]]()
    errors = {p.kind: p.errors for p in reader.payloads()}
    real_hits: list[list[str]] = []
    for row in rows:
        if read[row["label"]] >= options.most:
            continue
        pixels = _pixels(options.images / row["file"])
        if pixels is None or min(pixels.shape[:2]) < 256:
            continue
        begin = time.thread_time()
        wrong = reader.distances(pixels)
        times.append((time.thread_time() - begin) * 1e3)
        if not wrong:
            continue
        read[row["label"]] += 1
        for kind, distance in wrong.items():
            if row["label"] == "0":
                nearest[kind][distance] += 1
            if distance <= errors[kind]:
                if row["label"] == "0":
                    real_hits.append([row["file"], kind])
                else:
                    hits[kind][row["generator"]] += 1
        if row["label"] == "0" and row["format"] == "JPEG" and len(carriers) < options.marked:
            carriers.append(pixels[:1024, :1024])

    survival: dict[str, dict[str, float]] = {}
    for payload in reader.payloads():
        kept = Counter[str]()
        for carrier in carriers:
            marked = dwt_dct.embed(carrier, payload.bits)
            for name, how in SAVED.items():
                wrong = reader.distances(_saved(marked, how)).get(payload.kind)
                kept[name] += wrong is not None and wrong <= payload.errors
        survival[payload.kind] = {name: round(kept[name] / max(1, len(carriers)), 3) for name in SAVED}
    times.sort()
    report = {
        "real_images": read["0"],
        "generated_images": read["1"],
        "payloads": {
            p.kind: {
                "bits": len(p.bits),
                "allowed_wrong_bits": p.errors,
                "nearest_real_image": min(nearest[p.kind], default=None),
                "real_images_by_wrong_bits": dict(sorted(nearest[p.kind].items())[:8]),
                "hits_among_generated": dict(hits[p.kind]),
            }
            for p in reader.payloads()
        },
        "real_hits": real_hits,
        "share_still_read_after": survival,
        "milliseconds": {"p50": round(times[len(times) // 2], 2), "p99": round(times[len(times) * 99 // 100], 2)},
    }
    text = json.dumps(report, indent=1)
    if options.out:
        options.out.write_text(text + "\n", "utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
