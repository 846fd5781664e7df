"""Packages as mirrors: the pictures and nothing else, and the same commit wherever it is made."""

import io
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from naturaltrace_model.data import packages

_FILES = {"art/a.png": b"one", "art/b.JPG": b"two", "notes.txt": b"text", ".gitignore": b"*.png"}


def _zip(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)


def _tar(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as packed:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(content), 0o755, 1_600_000_000
            packed.addfile(member, io.BytesIO(content))


def test_holds_the_pictures_under_the_same_commit_however_they_were_packed(tmp_path: Path) -> None:
    _zip(tmp_path / "a.whl", _FILES)
    _tar(tmp_path / "a.tgz", _FILES)
    here, there = tmp_path / "here", tmp_path / "there"
    commit = packages.make_mirror(tmp_path / "a.whl", "pypi/a", here)
    assert packages.make_mirror(tmp_path / "a.tgz", "pypi/a", there) == commit
    git = ["git", f"--git-dir={here / 'pypi+a' / 'repo'}"]
    listed = subprocess.run([*git, "ls-tree", "-r", "--name-only", commit], check=True, capture_output=True, text=True)
    assert listed.stdout.split() == ["art/a.png", "art/b.JPG"]
    assert [p.name for p in here.iterdir()] == ["pypi+a"]


def test_is_made_once(tmp_path: Path) -> None:
    _zip(tmp_path / "a.zip", _FILES)
    packages.make_mirror(tmp_path / "a.zip", "npm/a", tmp_path)
    with pytest.raises(FileExistsError):
        packages.make_mirror(tmp_path / "a.zip", "npm/a", tmp_path)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("empty.zip", lambda path: _zip(path, {"notes.txt": b"text"})),
        ("cut.zip", lambda path: path.write_bytes(b"PK\x03\x04 and no more")),
        ("cut.tgz", lambda path: path.write_bytes(b"\x1f\x8b and no more")),
        ("outside.tgz", lambda path: _tar(path, {"../../outside.png": b"one"})),
        ("cut.deb", lambda path: path.write_bytes(b"!<arch>\n")),
    ],
)
def test_says_what_is_wrong_and_leaves_nothing_behind(
    tmp_path: Path, name: str, write: Callable[[Path], object]
) -> None:
    write(tmp_path / name)
    mirrors = tmp_path / "mirrors"
    with pytest.raises(ValueError, match=name.split(".")[0]):
        packages.make_mirror(tmp_path / name, "npm/a", mirrors)
    assert not (mirrors / "npm+a" / "repo").exists()
    assert not list(tmp_path.rglob("outside.png"))
