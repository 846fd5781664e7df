"""`naturaltrace scan`: judge folders, archives and lists; resumes what was interrupted."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from naturaltrace.commands.parsers import Commands

if TYPE_CHECKING:
    from naturaltrace.scan.engine import Engine, Loading
    from naturaltrace.scan.journal import Counts
    from naturaltrace.scan.scan import Plan


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "scan",
        parents=[common],
        help="judge folders, archives and lists of images",
        description="Judges every image of folders, globs, zip and tar archives, lists (txt, csv, tsv, jsonl, parquet) "
        "and fsspec URLs. Interrupted or killed, it goes on where it was when the same command is given again.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="folder, file, pattern, archive, list or URL")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help=".jsonl, .csv or .parquet")
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="where the work is done")
    parser.add_argument(
        "--workers",
        type=_count,
        metavar="N",
        help="processes that read files (default: half of the cores; with ray: all of the cluster's)",
    )
    parser.add_argument("--ray-address", metavar="ADDRESS", help="of the Ray cluster (default: the one around, or new)")
    parser.add_argument("--detector", metavar="NAME", help="one that was added with `naturaltrace detectors add`")
    parser.add_argument("--pixels-only", action="store_true", help="leave out what the files say of themselves")
    parser.add_argument("--language", default="en", metavar="TAG", help="of the verdicts' words")
    parser.add_argument("--column", metavar="NAME", help="of lists: the column with paths or URLs")
    parser.add_argument("--all-files", action="store_true", help="also files without an image's name")
    parser.add_argument("--archives", action="store_true", help="also open archives found inside folders")
    parser.add_argument("--retry", action="store_true", help="try again what ended in an error")
    parser.add_argument(
        "--again", action="store_true", help="forget what FILE and an interrupted scan hold; start anew"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.set_defaults(command=run)


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 4096:
        raise argparse.ArgumentTypeError("the number of processes is at least 1")
    return number


def run(options: argparse.Namespace) -> int:
    from naturaltrace.scan.engine import EngineFailed, Loading
    from naturaltrace.scan.opening import Missing
    from naturaltrace.scan.progress import Progress
    from naturaltrace.scan.results import BadResults
    from naturaltrace.scan.scan import CannotScan, Plan, Watch, journal_path
    from naturaltrace.scan.scan import run as scan
    from naturaltrace.scan.sources import Choice
    from naturaltrace.storage.paths import DataFolder

    plan = Plan(
        arguments=options.paths,
        out=options.out,
        choice=Choice(options.all_files, options.archives, options.column),
        pixels_only=options.pixels_only,
        language=options.language,
        again=options.again,
        retry=options.retry,
    )
    progress: Progress | None = None

    def listed(items: int, done: int) -> None:
        nonlocal progress
        progress = Progress(items, done, quiet=options.quiet)
        if not options.quiet:
            known = f", {done:,} of them judged before" if done else ""
            print(f"{items:,} images{known}.", file=sys.stderr, flush=True)

    def judged(done: int, errors: int) -> None:
        if progress is not None:
            progress.advance(done, errors)

    loading = Loading(DataFolder.at(options.data_dir).root, options.detector)
    try:
        counts = scan(plan, _engine(options, loading, plan), Watch(listed, judged))
    except KeyboardInterrupt:
        if journal_path(plan.out).exists():
            print("\nInterrupted. Nothing is lost: the same command goes on from here.", file=sys.stderr)
        return 130
    except (CannotScan, EngineFailed, BadResults, Missing) as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, BadResults) else 1
    except OSError as error:
        print(f"{plan.out} can't be written: {error.strerror or error}.", file=sys.stderr)
        return 1
    if progress is not None:
        progress.end()
    print(_in_words(counts, plan.out), file=sys.stderr)
    return 0


def _engine(options: argparse.Namespace, loading: "Loading", plan: "Plan") -> "Engine":
    from naturaltrace.scan.batch import Settings

    settings = Settings(plan.pixels_only, plan.language)
    if options.engine == "ray":
        from naturaltrace.scan.cluster import RayEngine

        return RayEngine(loading, settings, workers=options.workers, address=options.ray_address)
    from naturaltrace.scan.local import LocalEngine

    return LocalEngine(loading, settings, count=options.workers or max(1, _cores() // 2))


def _cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _in_words(counts: "Counts", out: Path) -> str:
    parts = [f"{counts.done:,} images in {out}"]
    if counts.duplicates:
        parts.append(f"{counts.duplicates:,} of them copies of another")
    if counts.errors:
        parts.append(f"{counts.errors:,} could not be judged; their rows say why")
    return ", ".join(parts) + "."
