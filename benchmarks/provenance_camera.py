"""The JPEG quantisation tables of known cameras: learnt from the measuring set, measured on what was not learnt from.

    python benchmarks/provenance_camera.py --images DIR [--write]

DIR holds images.csv (columns file, split, label, format, repo) and the files. A table is taken when

- real files with the EXIF of a capture and a maker note use it, fewer than one in five naming an editing program;
- libjpeg does not make it at any of its hundred qualities, for then every program may;
- no generated file uses it.

Learnt on the split "train" and looked for in "val" and "test"; --write then learns from all three and writes
daemon/naturaltrace/provenance/camera_tables.toml, which holds fingerprints, makers and counts, nothing of any file.
"""

import argparse
import csv
import io
import json
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from naturaltrace.provenance import camera
from naturaltrace.provenance.parts import Parts
from naturaltrace.provenance.reader import parts_of

FILE = Path(camera.__file__).with_name("camera_tables.toml")
HEAD = """\
# Quantisation tables that cameras of a maker compress by, where neither libjpeg nor a generated file of the measuring
# set does. Written by benchmarks/provenance_camera.py, which says how; `files` is how many real ones use the table.
"""
EDITORS = re.compile(
    r"photoshop|lightroom|photoscape|picasa|gimp|instagram|paint|acd|aperture|snapseed|viewer|ofoto|quicktime"
    r"|olympus master|photo editor|picnik|irfan|xnview|dxo|luminar|capture|darktable|imagemagick|facetune|vsco|canva",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Photo:
    split: str
    generated: bool
    fingerprint: str
    maker: str  # "" without the EXIF of a capture
    own: bool  # with a maker note
    edited: bool  # by a program that it names


def read(images: Path) -> list[Photo]:
    out: list[Photo] = []
    with (images / "images.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["format"] in ("JPEG", "MPO")]
    for row in rows:
        parts = parts_of((images / row["file"]).read_bytes(), row["format"], Parts())
        maker = camera.maker(parts.first("exif:Make") or "") if camera.is_capture(parts) else ""
        program = f"{parts.first('exif:Software')} {parts.first('xmp:xmp:CreatorTool')}"
        own = parts.first("exif:MakerNote") is not None
        edited = bool(EDITORS.search(program))
        out.append(Photo(row["split"], row["label"] == "1", camera.fingerprint(parts), maker, own, edited))
    return out


def everybodys() -> set[str]:
    """The fingerprints of libjpeg's tables at its hundred qualities, in colour and in grey."""
    found: set[str] = set()
    for quality in range(1, 101):
        for mode in ("RGB", "L"):
            buffer = io.BytesIO()
            Image.new(mode, (8, 8)).save(buffer, "JPEG", quality=quality)
            found.add(camera.fingerprint(parts_of(buffer.getvalue(), "JPEG", Parts())))
    return found


def learn(photos: list[Photo]) -> dict[tuple[str, str], int]:
    """How many files of a maker use each table that is taken."""
    shared = everybodys() | {p.fingerprint for p in photos if p.generated}
    using: dict[str, list[Photo]] = defaultdict(list)
    for photo in photos:
        if photo.maker and photo.own and photo.fingerprint not in shared:
            using[photo.fingerprint].append(photo)
    counts = Counter[tuple[str, str]]()
    for fingerprint, users in using.items():
        if 5 * sum(p.edited for p in users) < len(users):
            counts.update((fingerprint, p.maker) for p in users if not p.edited)
    return dict(counts)


def measure(known: dict[tuple[str, str], int], photos: list[Photo]) -> dict[str, dict[str, int]]:
    tables = {fingerprint for fingerprint, _ in known}
    groups = {
        "camera EXIF and maker note": [p for p in photos if not p.generated and p.maker and p.own],
        "camera EXIF alone": [p for p in photos if not p.generated and p.maker and not p.own],
        "other real files": [p for p in photos if not p.generated and not p.maker],
        "generated files": [p for p in photos if p.generated],
    }
    return {
        name: {
            "files": len(members),
            "a camera's table": sum(p.fingerprint in tables for p in members),
            "and the maker's own": sum((p.fingerprint, p.maker) in known for p in members),
        }
        for name, members in groups.items()
    }


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--images", type=Path, required=True)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    photos = read(options.images)
    held_out = learn([p for p in photos if p.split == "train"])
    everything = learn(photos)
    report = {
        "tables learnt from train": len(held_out),
        "measured on val and test": measure(held_out, [p for p in photos if p.split != "train"]),
        "tables learnt from all": len(everything),
        "measured on all": measure(everything, photos),
    }
    print(json.dumps(report, indent=1))
    if options.write:
        rows = sorted(everything.items(), key=lambda item: (item[0][1], -item[1], item[0][0]))
        lines = [
            f'  {{ maker = "{maker}", fingerprint = "{fingerprint}", files = {count} }},\n'
            for (fingerprint, maker), count in rows
        ]
        FILE.write_text(HEAD + "table = [\n" + "".join(lines) + "]\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
