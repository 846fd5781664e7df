"""Changes files at random and reads them, until the time is over.

    python benchmarks/provenance_fuzz.py [--seconds 30] [--seed 1] [--images DIR]

Starts from small files of each container made here, signed ones among them, and from those in DIR (images.csv, files).
Any exception out of a reader, a file that takes longer than a second of processor time, or one that needs more than
200 MB ends the run with status 1 and the file's seed.
"""

import argparse
import csv
import gzip
import random
import resource
import struct
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from naturaltrace.provenance import hidden_text
from naturaltrace.provenance.parts import Parts
from naturaltrace.provenance.reader import parts_of, read_provenance
from naturaltrace.provenance.trust import TrustList
from tests.daemon.provenance import files
from tests.daemon.provenance.authority import Authority, created, sign


def made_here() -> tuple[list[tuple[str, bytes]], TrustList]:
    root = Authority()
    seeds = [
        (
            "PNG",
            files.png([files.text("parameters", "Steps: 20, Sampler: x"), files.chunk(b"eXIf", b"II*\0\x08\0\0\0")]),
        ),
        ("GIF", files.gif_xmp(files.declared())),
        ("TIFF", files.tiff(files.declared())),
        ("JPEG", files.jpeg([(0xED, files.iptc({110: "x", 120: "y"}))])),
    ]
    edit = files.samsung_trailer({"PhotoEditor_Re_Edit_Data": b'{"genAIType":1}', "Image_UTC_Data": b"1754705787853"})
    seeds.append(("JPEG", files.encode("JPEG", exif=files.photo_exif()) + edit))
    seeds.append(("JPEG", files.jpeg_extended_xmp(files.xmp(), files.declared())))
    for name in ("JPEG", "WEBP", "AVIF", "HEIF"):
        seeds.append((name, files.encode(name, exif=files.photo_exif(), xmp=files.declared())))
    for name, mime in (("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("AVIF", "image/avif")):
        seeds.append((name, sign(files.encode(name), mime, root.issue(), [created("digitalCapture")])))
    return seeds, TrustList("fuzz", "", "", root.pem)


def hidden(dice: random.Random) -> NDArray[np.uint8]:
    """Pixels with a changed text in their lowest bits."""
    packed = gzip.compress(b'{"Software": "NovelAI", "Comment": "{}"}')
    text = changed(struct.pack(">I", 8 * len(packed)) + packed, dice)
    bits = np.unpackbits(np.frombuffer(b"stealth_rgbcomp" + text, np.uint8))
    pixels = np.frombuffer(dice.randbytes(64 * 64 * 3), np.uint8).copy()
    pixels[: len(bits)] = pixels[: len(bits)] & 254 | bits[: len(pixels)]
    return pixels.reshape(64, 64, 3).transpose(1, 0, 2)


def changed(data: bytes, dice: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(dice.choice((1, 2, 4, 16, 64))):
        at = dice.randrange(len(out))
        match dice.randrange(6):
            case 0:
                out[at] = dice.randrange(256)
            case 1:
                out[at : at + 4] = dice.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\x01"))
            case 2:
                del out[at : at + dice.randrange(1, 64)]
            case 3:
                out[at:at] = out[dice.randrange(len(out)) :][: dice.randrange(1, 256)]
            case 4:
                out[at:at] = dice.randbytes(dice.randrange(1, 32))
            case _:
                del out[max(1, at) :]
        if not out:
            return b"\0"
    return bytes(out)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=30)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--images", type=Path)
    options = arguments.parse_args()
    seeds, trust = made_here()
    if options.images:
        with (options.images / "images.csv").open(newline="") as table:
            rows = [row for row in csv.DictReader(table) if int(row["bytes"]) < 200_000]
        chosen = random.Random(options.seed).sample(rows, min(300, len(rows)))
        seeds += [(row["format"], (options.images / row["file"]).read_bytes()) for row in chosen]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    deadline, number, slowest = time.monotonic() + options.seconds, options.seed * 10_000_000, 0.0
    first = number
    while time.monotonic() < deadline:
        number += 1
        dice = random.Random(number)
        name, data = dice.choice(seeds)
        data = changed(data, dice)
        if dice.random() < 0.1:
            name = dice.choice(seeds)[0]  # under a wrong name
        began = time.thread_time()
        try:
            parts_of(data, name, Parts())
            if number % 20 == 0:
                hidden_text.read(b"\x89PNG", "PNG", hidden(dice), Parts())
            provenance = read_provenance(data, name, trust=trust)
            assert not any(problem.endswith("Error)") for problem in provenance.problems), provenance.problems
        except Exception as error:
            print(f"file {number} ({name}): {type(error).__name__}: {error}")
            return 1
        took = time.thread_time() - began
        slowest = max(slowest, took)
        if took > 1 or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before > 200_000:
            print(f"file {number} ({name}): {took:.2f} s, or more than 200 MB")
            return 1
    print(f"{number - first} files read, slowest {slowest * 1e3:.0f} ms, no complaint")
    return 0


if __name__ == "__main__":
    sys.exit(main())
