"""Killed at any moment, a scan goes on where it was and ends with the same file as one that was left in peace."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from tests.daemon.images import encoded, photo
from tests.daemon.scan.killing import killed_scan, scan

pytestmark = pytest.mark.timeout(600)


def _pictures(folder: Path, count: int) -> Path:
    """Distinct small pictures, some of them twice, one broken."""
    for number in range(count):
        place = folder / f"album {number % 3}"
        place.mkdir(parents=True, exist_ok=True)
        # Every tenth is the same picture again.
        (place / f"{number:03}.jpg").write_bytes(encoded(photo(144, 136, seed=number - number // 10 % 2 * 10), "JPEG"))
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_three_times_killed_is_as_good_as_never(tmp_path: Path) -> None:
    pictures = _pictures(tmp_path / "pictures", 72)
    clean, killed = tmp_path / "clean.jsonl", tmp_path / "killed.jsonl"
    scan([pictures, "--quiet"], clean)
    story = killed_scan([pictures], killed, kills=3, batches=2)
    assert killed.read_bytes() == clean.read_bytes()
    assert story.known == sorted(story.known)
    assert story.known[0] == 0 < story.known[1] < story.known[2] < story.known[3] < 73
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clean.jsonl", "killed.jsonl", "pictures"]
    left = [p.pid for p in psutil.process_iter(["cmdline"]) if str(killed) in " ".join(p.info["cmdline"] or [])]
    assert left in ([], [os.getpid()])
