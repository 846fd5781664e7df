"""`naturaltrace doctor`: what is installed, every path that may be written, and whether the parts work."""

import argparse
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

from naturaltrace import __version__
from naturaltrace.commands.parsers import Commands
from naturaltrace.storage.paths import DataFolder
from naturaltrace.storage.reading import Damaged, read_json

_LIBRARIES = ("aiohttp", "c2pa-python", "numpy", "onnxruntime", "pillow", "pillow-heif", "platformdirs", "pystray")


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("doctor", parents=[common], help="say what is installed, where, and whether it works")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    report = examine(DataFolder.at(options.data_dir))
    print(json.dumps(report.to_json(), ensure_ascii=False, indent=1) if options.json else report.to_text())
    return 0 if report.well else 1


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    text: str
    well: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        return all(finding.well for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        return {f.name: {"text": f.text, "well": f.well} for f in self.findings}

    def to_text(self) -> str:
        width = max(len(f.name) for f in self.findings)
        return "\n".join(f"{'  ' if f.well else '✗ '}{f.name:<{width}}  {f.text}" for f in self.findings)


def examine(folder: DataFolder) -> Report:
    """Look at everything; nothing is changed and nothing is sent anywhere."""
    findings = [
        Finding("naturaltrace", __version__),
        Finding("python", f"{platform.python_version()} at {sys.executable}"),
        Finding("system", platform.platform()),
    ]
    findings += [_library(name) for name in _LIBRARIES]
    findings += [_path(name, path) for name, path in folder.all()]
    findings += [*_set_aside(folder), _daemon(folder), _trust_list(folder), _tray(), *_detector()]
    return Report(tuple(findings))


def _library(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        optional = name == "pystray"
        return Finding(name, "not installed" + (" (only the tray needs it)" if optional else ""), well=optional)


def _path(name: str, path: Path) -> Finding:
    title = f"path: {name}"
    try:
        if not path.exists():
            return Finding(title, f"{path} (not there yet)")
        others = os.name == "posix" and path.stat().st_mode & 0o077
        if others:
            return Finding(title, f"{path} — other users can reach it (mode {path.stat().st_mode & 0o777:o})", False)
        return Finding(title, f"{path}{_INSIDE.get(name, _nothing)(path)}")
    except Damaged as error:
        return Finding(title, f"{path} — damaged: {error}", well=False)
    except sqlite3.Error as error:
        return Finding(title, f"{path} — can't be read: {error}", well=False)
    except OSError as error:
        return Finding(title, f"{path} — can't be read: {error.strerror or error}", well=False)


def _nothing(_path: Path) -> str:
    return ""


def _folder(path: Path) -> str:
    return "" if os.access(path, os.W_OK) else " — can't be written: nothing is kept beyond a run"


def _settings(path: Path) -> str:
    from naturaltrace.storage.settings import BadSetting, Settings, changed

    for name, value in read_json(path).items():
        try:
            changed(Settings(), {name: value})
        except BadSetting as error:
            raise Damaged(str(error)) from error
    return ""


def _clients(path: Path) -> str:
    from naturaltrace.storage.clients import parse

    count = len(parse(read_json(path)))
    return f" ({count} paired)"


def _history(path: Path) -> str:
    from naturaltrace.storage.history import look_into

    return f" ({look_into(path)} verdicts)"


def _running(path: Path) -> str:
    from naturaltrace.server.running import Running

    if Running.read(path) is None:
        raise Damaged("not what a daemon writes")
    return ""


_INSIDE: dict[str, Callable[[Path], str]] = {
    "folder": _folder,
    "settings": _settings,
    "clients": _clients,
    "history": _history,
    "running": _running,
}


def _set_aside(folder: DataFolder) -> list[Finding]:
    """Damaged files that were kept for their owner; only "forget everything" deletes them."""
    found = sorted(path.name for path in folder.root.glob("*.damaged-*")) if folder.root.is_dir() else []
    return [Finding("set aside", ", ".join(found))] if found else []


def _daemon(folder: DataFolder) -> Finding:
    from naturaltrace.server.steering import NotRunning, Refused, Steering

    try:
        daemon = Steering.find(folder)
    except NotRunning:
        return Finding("daemon", "not running")
    try:
        runs: dict[str, Any] = daemon.call("GET", "/v1/control/state").get("runs", {})
    except (NotRunning, Refused) as error:
        return Finding("daemon", f"runs, but does not answer on 127.0.0.1:{daemon.port} ({error})", well=False)
    how = f", judging on {runs['device']} in {runs['precision']}" if runs.get("device") else ""
    return Finding("daemon", f"running on 127.0.0.1:{daemon.port}{how}")


def _tray() -> Finding:
    from naturaltrace.desktop.tray import NoTray, load

    try:
        load()
    except NoTray as error:
        return Finding("tray", f"none: {error}")
    return Finding("tray", "can be shown")


def _trust_list(folder: DataFolder) -> Finding:
    from naturaltrace.provenance import trust

    listed = trust.current(folder.root)
    if not listed.count:
        return Finding("trust list", "none: every signer counts as unknown", well=False)
    return Finding("trust list", str(listed))


def _detector() -> list[Finding]:
    """Whether it loads, and whether this machine may run its graph in eight bits."""
    start = perf_counter()
    try:
        from naturaltrace.pipeline import Pipeline

        model = Pipeline.released().model
        taken = (perf_counter() - start) * 1000
        from naturaltrace.detection.detector import Detector
        from naturaltrace.detection.runtime.wanted import INT8

        small = Detector.released(precision=INT8).chosen
    except Exception as error:
        return [Finding("detector", f"can't be loaded: {type(error).__name__}: {error}", well=False)]
    said = "this machine computes it right" if small.precision == INT8 else " ".join(small.notices)
    return [
        Finding("detector", f"{model.name} {model.version}, loaded in {taken:.0f} ms"),
        Finding("in eight bits", said),
    ]
