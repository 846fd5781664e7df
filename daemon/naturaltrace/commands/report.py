"""`naturaltrace report`: a scan's results as one HTML file."""

import argparse
import sys
from pathlib import Path

from naturaltrace.commands.parsers import Commands


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("report", parents=[common], help="make one HTML page of a scan's results")
    parser.add_argument("results", type=Path, metavar="RESULTS", help="what `naturaltrace scan` wrote")
    parser.add_argument("--out", type=Path, metavar="FILE.html", help="default: RESULTS with the ending .html")
    parser.add_argument("--title", help="default: the name of RESULTS")
    parser.add_argument("--pictures", type=_count, default=48, metavar="N", help="of the most suspicious (48)")
    parser.add_argument("--language", default="en", metavar="TAG", help="of the report's own words")
    parser.set_defaults(command=run)


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 1000:
        raise argparse.ArgumentTypeError("0 to 1000 pictures")
    return number


def run(options: argparse.Namespace) -> int:
    from naturaltrace.report.collect import collect
    from naturaltrace.report.render import render
    from naturaltrace.report.thumbnails import thumbnails
    from naturaltrace.scan.opening import Missing
    from naturaltrace.scan.results import BadResults, read

    out: Path = options.out or options.results.with_suffix(".html")
    try:
        found = collect(read(options.results), suspicious=options.pictures)
        pictures = list(thumbnails([row.path for row in found.suspicious], options.results.parent))
        page = render(found, pictures, title=options.title or options.results.name, language=options.language)
        out.write_text(page, encoding="utf-8")
    except (BadResults, Missing) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or out}: {error.strerror or error}", file=sys.stderr)
        return 1
    gone = pictures.count(None)
    said = f", {gone} of {len(pictures)} pictures could not be read again" if gone else ""
    print(f"{found.total:,} images in {out}{said}.")
    return 0
