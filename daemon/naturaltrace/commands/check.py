"""`naturaltrace check`: one verdict per file, without the daemon."""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from naturaltrace.commands.parsers import Commands
from naturaltrace.detection.runtime.wanted import PRECISIONS

if TYPE_CHECKING:
    from naturaltrace.pipeline import Findings, Pipeline
    from naturaltrace.verdicts.verdict import Verdict


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("check", parents=[common], help="judge image files")
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, in the order of the files")
    parser.add_argument("--pixels-only", action="store_true", help="leave out what the file says of itself")
    parser.add_argument("--heatmap", type=Path, metavar="DIR", help="write where the signs lie as DIR/<name>.png")
    parser.add_argument(
        "--precision", choices=PRECISIONS, help="the detector's graph in 32 or in 8 bits (default: as in the settings)"
    )
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    from naturaltrace.pipeline import Pipeline
    from naturaltrace.storage.paths import DataFolder

    try:
        pipeline = Pipeline.released(DataFolder.at(options.data_dir).root, precision=options.precision)
    except Exception as error:
        print(f"The detector can't be loaded ({type(error).__name__}: {error}).", file=sys.stderr)
        return 1
    maps = None if options.heatmap is None else HeatmapFolder(options.heatmap)
    status = 0
    for path in options.files:
        outcome = judge_file(pipeline, Path(path), pixels_only=options.pixels_only, maps=maps)
        if isinstance(outcome, Unjudged):
            status = 1
        if options.json:
            print(json.dumps({"path": path, **outcome.to_json()}, ensure_ascii=False), flush=True)
        elif isinstance(outcome, Unjudged):
            print(f"{path}: {outcome.detail}", file=sys.stderr, flush=True)
        else:
            print(f"{path}: {_in_words(outcome)}", flush=True)
    return status


class Unjudged:
    """Why a file has no verdict. `type` is a stable slug."""

    def __init__(self, type_: str, detail: str) -> None:
        self.type = type_
        self.detail = detail

    def to_json(self) -> dict[str, object]:
        return {"error": {"type": self.type, "detail": self.detail}}


class HeatmapFolder:
    """Where `--heatmap` puts its pictures: one per file, never one over another of the same run, nor over anything but
    a heat map of an earlier one; and their legend."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: set[str] = set()

    def write(self, path: Path, found: "Findings") -> str | None:
        """The picture's path; None where the pixels could not be judged. Raises OSError."""
        from naturaltrace.detection.heatmap import is_heat_map, legend_strip, render

        if found.detection.heat is None:
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._written:
            (self._folder / "heatmap-legend.png").write_bytes(legend_strip())
        stem, number = path.stem, 1
        target = self._folder / f"{stem}.png"
        # What lies there may be the very image that is being checked.
        while stem in self._written or (target.exists() and not is_heat_map(target)):
            number += 1
            stem = f"{path.stem}-{number}"
            target = self._folder / f"{stem}.png"
        self._written.add(stem)
        target.write_bytes(render(found.detection.heat, found.image.width, found.image.height))
        return str(target)


def judge_file(
    pipeline: "Pipeline", path: Path, *, pixels_only: bool, maps: HeatmapFolder | None = None
) -> "Verdict | Unjudged":
    """The verdict on one file, or the reason why there is none. Never raises for what a file may hold."""
    from naturaltrace.imaging.errors import ImagingError

    if path.exists() and not path.is_file() and not path.is_dir():
        return Unjudged("not-a-file", "This is no regular file.")  # a pipe would wait for ever
    try:
        # One byte more than is allowed is enough to be told so, and keeps a huge file out of memory.
        with path.open("rb") as file:
            data = file.read(pipeline.limits.max_bytes + 1)
        if maps is None:
            return pipeline.check(data, pixels_only=pixels_only)
        found = pipeline.examine(data, pixels_only=pixels_only)
        return replace(pipeline.tell(found), heatmap=maps.write(path, found))
    except ImagingError as error:
        return Unjudged(error.type, str(error))
    except FileNotFoundError:
        return Unjudged("not-found", "There is no such file.")
    except IsADirectoryError:
        return Unjudged("not-a-file", "This is a folder.")
    except OSError as error:
        return Unjudged("unreadable", f"The file can't be read: {error.strerror or error}.")
    except Exception as error:  # one file that defeats us must not cost the others their verdicts
        return Unjudged("internal", f"Natural Trace failed on this file ({type(error).__name__}: {error}).")


def _in_words(verdict: "Verdict") -> str:
    # A number beside "can't tell" would be read as a verdict after all.
    said = verdict.probability is not None and verdict.level != "unclear"
    chance = f" Estimated chance by the pixels alone: {_percent(verdict.probability)}." if said else ""
    why = f" {verdict.evidence[0].text}" if verdict.level == "unclear" and verdict.evidence else ""
    return f"{verdict.label}. {verdict.summary}{why}{chance}"


def _percent(probability: float | None) -> str:
    """Never 0 % or 100 %: nothing here is certain."""
    return f"{min(0.99, max(0.01, probability or 0.0)):.0%}"
