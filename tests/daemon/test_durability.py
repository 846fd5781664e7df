"""Ten kills of the hundred that `python -m tests.durability` makes."""

import os
import subprocess
import sys

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the daemons are forked")
@pytest.mark.timeout(600)
def test_ten_kills_lose_nothing_that_was_confirmed() -> None:
    command = [sys.executable, "-m", "tests.durability", "--n", os.environ.get("NATURALTRACE_KILLS", "10")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=590, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "nothing lost, every start clean" in done.stdout
