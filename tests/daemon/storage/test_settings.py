"""Settings: what may be set to what, and what a damaged file costs."""

from pathlib import Path
from typing import Any

import pytest

from naturaltrace.storage.paths import DataFolder
from naturaltrace.storage.settings import BadSetting, Settings, SettingsFile, changed, peek


@pytest.fixture
def path(folder: DataFolder) -> Path:
    folder.create()
    return folder.settings


def test_changes_outlive_a_restart(path: Path) -> None:
    SettingsFile.load(path).change({"history": False, "language": "pt-BR"})
    again = SettingsFile.load(path)
    assert again.now == Settings(history=False, language="pt-BR")
    assert again.notices == []


@pytest.mark.parametrize(
    "changes",
    [
        {"unknown": 1},
        {"history": 1},
        {"history": "true"},
        {"history": None},
        {"history_limit": True},
        {"history_limit": 1.5},
        {"history_limit": -1},
        {"history_limit": 10**9},
        {"precision": "fp16"},
        {"precision": None},
        {"language": 5},
        {"language": "../../etc"},
        {"language": ""},
        {"language": "x" * 100},
    ],
)
def test_what_makes_no_sense_is_refused_whole(path: Path, changes: dict[str, Any]) -> None:
    file = SettingsFile.load(path)
    with pytest.raises(BadSetting):
        file.change({"thumbnails": False, **changes})
    assert file.now == Settings()
    assert not path.exists()


def test_a_look_at_the_settings_changes_nothing(path: Path) -> None:
    assert peek(path) == Settings()
    path.write_text('{"precision": "fp32", "history": 5, "from_the_future": 1}')
    assert peek(path) == Settings(precision="fp32")
    path.write_text("{")
    assert peek(path) == Settings()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "null", "\0\0\0"])
def test_a_damaged_file_is_set_aside_and_said(path: Path, text: str) -> None:
    path.write_text(text)
    file = SettingsFile.load(path)
    assert file.now == Settings()
    assert "damaged" in file.notices[0]
    assert [kept.read_text() for kept in path.parent.glob("settings.json.damaged-*")] == [text]


def test_another_versions_file_is_read_as_far_as_it_goes(path: Path) -> None:
    path.write_text('{"history": false, "from_the_future": 5, "history_limit": "many", "language": "fr"}')
    assert SettingsFile.load(path).now == Settings(history=False, language="fr")


def test_a_full_disk_is_said_and_the_change_holds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("naturaltrace.storage.settings.write_private", full)
    file = SettingsFile.load(path)
    assert file.change({"history": False}).history is False
    assert "can't be written" in file.notices[0]


def test_nothing_changed_is_nothing_changed() -> None:
    assert changed(Settings(), {}) == Settings()
