"""`make demo` to its end: companion, pairing, every picture's badge, the table, a screenshot, a clean exit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.demo.companion import Companion
from tests.demo.feed import image_names
from tests.e2e.browsers import BrowserMissing
from tests.e2e.browsers.chromium import find_chromium

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 240


def run_demo(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.demo", "--headless", "--data-dir", str(data_dir), *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=DEADLINE_S, check=False
    )


def badges_of(output: str) -> dict[str, str]:
    """The table's lines by picture: what follows its name."""
    words = (line.split(maxsplit=1) for line in output.splitlines() if line.startswith(("  photo-", "  generated-")))
    return dict(words)


def need_chromium() -> None:
    try:
        find_chromium()
    except BrowserMissing as missing:
        if os.environ.get("NATURALTRACE_CI"):
            raise
        pytest.skip(str(missing))


@pytest.mark.browser
@pytest.mark.timeout(DEADLINE_S + 30)
def test_the_demo_shows_a_badge_on_every_picture_in_a_real_browser(tmp_path: Path) -> None:
    need_chromium()
    shot = tmp_path / "feed.png"

    done = run_demo(tmp_path / "data", "--browser", "chromium", "--screenshot", str(shot))

    assert done.returncode == 0, done.stdout + done.stderr
    badges = badges_of(done.stdout)
    assert list(badges) == image_names()
    assert badges["generated-meadow.jpg"].startswith("AI-generated")  # its own metadata says so
    assert badges["generated-planet.png"].startswith("AI-generated")
    with Image.open(shot) as image:
        assert image.size == (1280, 1000)


@pytest.mark.timeout(DEADLINE_S + 30)
def test_without_a_browser_the_same_pictures_are_judged_by_the_command_line(tmp_path: Path) -> None:
    done = run_demo(tmp_path / "data", "--browser", "none")

    assert done.returncode == 0, done.stdout + done.stderr
    badges = badges_of(done.stdout)
    assert list(badges) == image_names()
    assert "basis: declared" in badges["generated-meadow.jpg"]
    assert "basis: pixels" in badges["photo-cat.jpg"]


@pytest.mark.browser
@pytest.mark.timeout(DEADLINE_S + 30)
def test_a_second_demo_on_the_same_folder_ends_with_the_reason(tmp_path: Path) -> None:
    need_chromium()
    with Companion(tmp_path) as first:
        first.wait_ready()

        done = run_demo(tmp_path, "--browser", "chromium")

    assert done.returncode == 1
    assert "already running" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_used_ends_the_demo_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = run_demo(tmp_path / "file" / "data", "--browser", "none")

    assert done.returncode == 1
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
