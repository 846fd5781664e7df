"""Archives of package collections (.deb, .whl, .tgz, .zip) as git mirrors, so that rules can name what is in them.

Many pictures that people drew, rendered or photographed long before generators lie in games and wallpapers that every
Debian mirror holds. A package's mirror has one commit whose number follows from the files alone, so that a rule names
the very same pictures for everybody.
"""

import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

_NOBODY = {
    "GIT_AUTHOR_NAME": "package",
    "GIT_AUTHOR_EMAIL": "",
    "GIT_AUTHOR_DATE": "2000-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "package",
    "GIT_COMMITTER_EMAIL": "",
    "GIT_COMMITTER_DATE": "2000-01-01T00:00:00Z",
    # What the one who runs this has set must not change the commit.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".avif")


def make_mirror(archive: Path, source: str, mirrors: Path) -> str:
    """Put an archive's pictures into a new bare repository, `mirrors/OWNER+NAME/repo`; the commit (40 hex digits).

    `source` is what rules call it, such as `debian/wesnoth-data`. Raises ValueError where the archive is of no known
    kind, is broken, or holds no picture; FileExistsError where there is a mirror already.
    """
    mirror = mirrors / source.replace("/", "+") / "repo"
    if mirror.exists():
        raise FileExistsError(f"{mirror} is there already")
    mirror.parent.mkdir(parents=True, exist_ok=True)
    # Beside where it is to lie, so that a mirror is there as a whole or not at all.
    with tempfile.TemporaryDirectory(prefix=".naturaltrace-package-", dir=mirrors) as folder:
        tree, made = Path(folder, "tree"), Path(folder, "repo")
        tree.mkdir()
        _unpack(archive, tree)
        if not any(path.is_file() for path in tree.rglob("*")):
            mirror.parent.rmdir()
            raise ValueError(f"{archive.name}: no picture in it")
        _git("init", "--quiet", "--bare", "--object-format=sha1", str(made), cwd=tree)
        own = (f"--git-dir={made}", f"--work-tree={tree}")
        _git(*own, "-c", "core.autocrlf=false", "add", "--all", "--force", ".", cwd=tree)
        _git(*own, "commit", "--quiet", "--no-gpg-sign", "-m", source, cwd=tree)
        commit = _git(*own, "rev-parse", "HEAD", cwd=tree).strip()
        made.rename(mirror)
    return commit


def _unpack(archive: Path, into: Path) -> None:
    """The pictures among the archive's regular files. Raises ValueError."""
    try:
        if archive.suffix in (".whl", ".zip"):
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(into, [name for name in packed.namelist() if _is_picture(name)])  # noqa: S202 (zipfile keeps names inside)
        elif archive.suffix == ".deb":
            with tempfile.TemporaryFile() as plain:
                subprocess.run([_program("dpkg-deb"), "--fsys-tarfile", str(archive)], stdout=plain, check=True)  # noqa: S603
                plain.seek(0)
                with tarfile.open(fileobj=plain) as packed:
                    _unpack_tar(packed, into)
        else:
            with tarfile.open(archive) as packed:
                _unpack_tar(packed, into)
    except (OSError, tarfile.TarError, zipfile.BadZipFile, subprocess.CalledProcessError) as wrong:
        raise ValueError(f"{archive}: {wrong}") from wrong


def _unpack_tar(packed: tarfile.TarFile, into: Path) -> None:
    for member in packed:
        if member.isreg() and _is_picture(member.name):
            member.mode = 0o644
            packed.extract(member, into, filter="data")


def _is_picture(name: str) -> bool:
    return name.lower().endswith(PICTURES)


def _git(*arguments: str, cwd: Path) -> str:
    environment = {**os.environ, **_NOBODY}
    command = [_program("git"), *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, check=True, capture_output=True, text=True).stdout  # noqa: S603


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ValueError(f"{name} is not installed")
    return found
