"""docs/threat-model.md names a test for each attack; here those tests are looked for."""

import re
from pathlib import Path

import pytest

from tests.daemon.server.test_guard import ATTACKS

ROOT = Path(__file__).parents[3]
ROWS = re.findall(
    r"^\|(?P<attempt>[^|]+)\|[^|]+\| (?P<file>test_\w+\.py)::(?P<test>[^|]+?) ?\|$",
    (ROOT / "docs/threat-model.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def test_there_are_at_least_forty_rows_and_none_is_left_out() -> None:
    lines = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| attempt")]
    assert len(rows) == len(ROWS) >= 40


@pytest.mark.parametrize(("attempt", "file", "test"), ROWS, ids=[row[2] for row in ROWS])
def test_each_row_has_its_test(attempt: str, file: str, test: str) -> None:
    paths = list((ROOT / "tests").rglob(file))
    if file == "test_guard.py" and not test.startswith("test_"):
        assert test in {attack.name.strip() for attack in ATTACKS}, attempt
    else:
        found = re.compile(rf"^(async )?def {re.escape(test)}\(", re.MULTILINE)
        assert [path for path in paths if found.search(path.read_text(encoding="utf-8"))], attempt
