"""`naturaltrace evidence`: teach this machine a generator or your own camera; list, export and remove what it knows."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from naturaltrace.commands.parsers import Commands
from naturaltrace.storage.paths import DataFolder

if TYPE_CHECKING:
    from naturaltrace.detection.detector import Detector
    from naturaltrace.evidence.adviser import Adviser
    from naturaltrace.evidence.reference import Floats
    from naturaltrace.evidence.store import EvidenceStore, Kind

_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic", ".heif", ".gif", ".bmp", ".tif", ".tiff"}


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "evidence", help="teach a generator or your own camera from samples; nothing but a few numbers is kept"
    )
    what = parser.add_subparsers(required=True, metavar="WHAT")
    teach = what.add_parser("add", parents=[common], help="learn from a folder with five or more images")
    whose = teach.add_mutually_exclusive_group(required=True)
    whose.add_argument("--generator", metavar="NAME", help="all images were made by this generator")
    whose.add_argument("--own-camera", metavar="NAME", help="all images are your own real photographs")
    teach.add_argument("folder", type=Path, metavar="DIR")
    teach.set_defaults(command=_add)
    show = what.add_parser("list", parents=[common], help="what was taught")
    show.add_argument("--json", action="store_true", help="print JSON")
    show.set_defaults(command=_list)
    export = what.add_parser("export", parents=[common], help="write all that was taught into a file")
    export.add_argument("file", type=Path, metavar="FILE")
    export.set_defaults(command=_export)
    take = what.add_parser("import", parents=[common], help="add what a file holds that `export` wrote")
    take.add_argument("file", type=Path, metavar="FILE")
    take.set_defaults(command=_import)
    remove = what.add_parser("remove", parents=[common], help="forget one name")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(command=_remove)


def _add(options: argparse.Namespace) -> int:
    import numpy as np

    from naturaltrace.detection.detector import Detector
    from naturaltrace.evidence.adviser import Adviser
    from naturaltrace.evidence.store import EvidenceStore, Kind, StoreError

    folder = DataFolder.at(options.data_dir)
    if not options.folder.is_dir():
        print(f"There is no folder {options.folder}.", file=sys.stderr)
        return 1
    files = sorted(p for p in options.folder.rglob("*") if p.suffix.lower() in _ENDINGS and p.is_file())
    try:
        detector = Detector.released()
    except Exception as error:
        print(f"The detector can't be loaded ({type(error).__name__}: {error}).", file=sys.stderr)
        return 1
    kind = Kind.GENERATOR if options.generator is not None else Kind.CAMERA
    adviser = Adviser.for_profile(detector.card, folder.root)
    rows = [row for path in files if (row := _sample(detector, adviser, kind, path)) is not None]
    try:
        folder.create()
        graph = adviser.space() if kind is Kind.GENERATOR else adviser.graph
        entry = EvidenceStore(folder.root).add(
            options.generator if options.generator is not None else options.own_camera,
            kind,
            graph,
            np.stack(rows) if rows else np.zeros((0, 1), dtype=np.float32),
        )
    except (StoreError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Learned “{entry.name}” from {entry.samples} of {len(files)} files. No image was kept.")
    return 0


def _sample(detector: "Detector", adviser: "Adviser", kind: "Kind", path: Path) -> "Floats | None":
    """What is kept of one file: its place in the embedding, or None where it can't be used."""
    from naturaltrace.evidence.adviser import camera_traits
    from naturaltrace.evidence.store import Kind
    from naturaltrace.imaging.decode import decode
    from naturaltrace.imaging.errors import ImagingError

    try:
        traits = detector.detect(decode(path.read_bytes())).traits
    except (ImagingError, OSError) as error:
        print(f"{path.name}: left out ({error})", file=sys.stderr)
        return None
    if traits is None:
        print(f"{path.name}: left out (too small, too plain, or a detector that gives no embedding)", file=sys.stderr)
        return None
    return adviser.generator_traits(traits) if kind is Kind.GENERATOR else camera_traits(traits)


def _list(options: argparse.Namespace) -> int:
    entries = _store(options).list()
    if options.json:
        shown = [{k: v for k, v in t.to_json().items() if k != "prototypes"} for t in entries]
        print(json.dumps(shown, ensure_ascii=False))
        return 0
    if not entries:
        print("Nothing was taught yet.")
    for t in entries:
        day = time.strftime("%Y-%m-%d", time.localtime(t.added))
        print(f"{t.name}  {'own camera' if t.kind.value == 'camera' else 'generator'}, {t.samples} samples, {day}")
    return 0


def _export(options: argparse.Namespace) -> int:
    from naturaltrace.evidence.store import dump

    entries = _store(options).list()
    try:
        options.file.write_text(dump(entries), encoding="utf-8")
    except OSError as error:
        print(f"{options.file} can't be written ({error.strerror}).", file=sys.stderr)
        return 1
    print(f"Wrote {len(entries)} entries to {options.file}.")
    return 0


def _import(options: argparse.Namespace) -> int:
    from naturaltrace.evidence.store import StoreError, load

    try:
        entries = load(options.file.read_text(encoding="utf-8"))
        DataFolder.at(options.data_dir).create()
        _store(options).put(entries)
    except (StoreError, OSError, UnicodeDecodeError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Added {len(entries)} entries.")
    return 0


def _remove(options: argparse.Namespace) -> int:
    if _store(options).remove(options.name) == 0:
        print(f"Nothing named “{options.name}” was taught.", file=sys.stderr)
        return 1
    print(f"Forgot “{options.name}”.")
    return 0


def _store(options: argparse.Namespace) -> "EvidenceStore":
    from naturaltrace.evidence.store import EvidenceStore

    return EvidenceStore(DataFolder.at(options.data_dir).root)
