"""What the user can change. Every field has a default, so a file from another version is read as far as it goes."""

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from naturaltrace.detection.runtime.wanted import PRECISIONS
from naturaltrace.storage.atomic import set_aside, write_private
from naturaltrace.storage.reading import Damaged, read_json

SENSITIVITIES = ("careful", "balanced", "eager")
UNSAVED = "The data folder can't be written: changed settings are forgotten at the next start."


@dataclass(frozen=True, slots=True)
class Settings:
    sensitivity: str = "balanced"  # one of SENSITIVITIES: how readily pixels alone give "Likely AI"
    device: str = "auto"  # what the detector runs on: "auto", or a name that the detector offers on this machine
    precision: str = "auto"  # one of PRECISIONS: whether the graph in eight bits may run on a CPU
    notifications: bool = False  # tell on the desktop when a browser is paired or something goes wrong
    history: bool = True  # keep past verdicts on this machine
    history_limit: int = 5000  # how many; the oldest go first
    thumbnails: bool = True  # keep a small picture with each
    language: str = "auto"  # of the verdicts' words: a language tag, or "auto" for what the browser asks for


DEFAULTS = Settings()


class BadSetting(ValueError):  # noqa: N818 (it reads as what it says)
    """A value that can't be taken; str(error) says which and why."""


_DEVICE = re.compile(r"[a-z][a-z0-9:._-]{0,39}")
_LANGUAGE = re.compile(r"auto|[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}")


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """`settings` with `changes`. Raises BadSetting; then nothing is changed."""
    for name, value in changes.items():
        if name not in _NAMES:
            raise BadSetting(f"There is no setting “{name[:40]}”.")
        wanted = type(getattr(DEFAULTS, name)).__name__
        # bool is an int to Python, but not to people.
        if type(value).__name__ != wanted:
            raise BadSetting(f"“{name}” must be {_KINDS[wanted]}.")
    new = replace(settings, **changes)
    if not 0 <= new.history_limit <= 100_000:
        raise BadSetting("“history_limit” must lie between 0 and 100000.")
    if new.sensitivity not in SENSITIVITIES:
        raise BadSetting(f"“sensitivity” must be one of {', '.join(SENSITIVITIES)}.")
    if not _DEVICE.fullmatch(new.device):
        raise BadSetting("“device” must be “auto” or the name of a device, such as “cpu”.")
    if new.precision not in PRECISIONS:
        raise BadSetting(f"“precision” must be one of {', '.join(PRECISIONS)}.")
    if not _LANGUAGE.fullmatch(new.language):
        raise BadSetting("“language” must be a language tag such as “en” or “pt-BR”, or “auto”.")
    return new


_NAMES = frozenset(f.name for f in fields(Settings))
_KINDS = {"bool": "true or false", "int": "a whole number", "str": "text"}


def peek(path: Path) -> Settings:
    """What the file says, or the usual settings; for a program that is not to change anything."""
    try:
        document = read_json(path)
    except (OSError, Damaged):
        return DEFAULTS
    now = DEFAULTS
    for name, value in document.items():
        with contextlib.suppress(BadSetting):
            now = changed(now, {name: value})
    return now


class SettingsFile:
    """The settings and the file that they live in."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.now = DEFAULTS
        self.notices: list[str] = []

    @classmethod
    def load(cls, path: Path) -> "SettingsFile":
        """Read the file; what can't be used falls back to its default, and `notices` says so."""
        file = cls(path)
        try:
            document = read_json(path)
        except FileNotFoundError:
            return file
        except OSError:
            file.notices.append("The settings can't be read; the usual ones are used.")
            return file
        except Damaged as error:
            aside = set_aside(path)
            kept = f" The file was kept as {aside.name}." if aside else ""
            file.notices.append(f"The settings were damaged ({error}); the usual ones are used.{kept}")
            return file
        for name, value in document.items():
            try:
                file.now = changed(file.now, {name: value})
            except BadSetting as error:
                # A setting of another version is kept quiet about; one of ours that makes no sense is said.
                if name in _NAMES:
                    file.notices.append(f"A stored setting can't be used, so the usual one is: {error}")
        return file

    def change(self, changes: Mapping[str, Any]) -> Settings:
        """Apply and save. Raises BadSetting."""
        self.now = changed(self.now, changes)
        self.save()
        return self.now

    def reset(self) -> None:
        """Back to the usual settings."""
        self.now = DEFAULTS
        self.save()

    def save_if_unsaved(self) -> None:
        """Try again what a full disk refused before."""
        if UNSAVED in self.notices:
            self.save()

    def save(self) -> None:
        """Write the file; where that fails, the settings hold until the next start and the user is told."""
        try:
            write_private(self._path, json.dumps(asdict(self.now), indent=1))
        except OSError:
            if UNSAVED not in self.notices:
                self.notices.append(UNSAVED)
        else:
            self.notices[:] = [notice for notice in self.notices if notice != UNSAVED]
