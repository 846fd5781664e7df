"""Results are the same in every format, and can be read back whole."""

from pathlib import Path

import pytest

from naturaltrace.scan import results
from naturaltrace.scan.items import Unjudged
from naturaltrace.scan.rows import Row

VERDICT = {
    "level": "likely_ai",
    "label": "Likely AI",
    "summary": "A sentence, with “quotes”\nand a line.",
    "probability": 0.8125,
    "basis": "pixels",
    "evidence": [{"kind": "pixels", "direction": 1.0, "strength": 0.5, "text": "=1+1"}],
    "generator": "unknown",
    "image": {"width": 640, "height": 480, "format": "JPEG", "bytes": 1234, "sha256": "ab" * 32},
    "model": {"name": "natural-trace", "version": "0.1.0"},
    "something_new": {"a": [1, None]},
}
ROWS = [
    Row("a.jpg", "12-34", "ab" * 32, VERDICT),
    Row("caf\\udce9, \"b\".jpg", "12-35", "ab" * 32, VERDICT, duplicate_of="a.jpg"),
    Row("c.jpg", "", "cd" * 32, {**VERDICT, "probability": None, "generator": [{"name": "X", "probability": None}],
                                 "image": {**VERDICT["image"], "sha256": "cd" * 32}}),  # pyright: ignore[reportGeneralTypeIssues]
    Row("broken.png", "9-9", "ef" * 32, error=Unjudged("damaged-image", "It ends early.")),
    Row("gone.png", error=Unjudged("not-found", "There is no such file.")),
]  # fmt: skip


@pytest.mark.parametrize("kind", results.KINDS)
def test_what_is_written_is_read_back(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"rows{kind}"
    assert results.write(path, ROWS) == len(ROWS)
    assert list(results.read(path)) == ROWS
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", results.KINDS)
def test_a_failed_write_leaves_the_old_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"rows{kind}"
    results.write(path, ROWS[:1])

    def rows():
        yield ROWS[0]
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        results.write(path, rows())
    assert list(results.read(path)) == ROWS[:1]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_another_format_is_refused_and_so_is_another_file(tmp_path: Path) -> None:
    with pytest.raises(results.BadResults, match="parquet"):
        results.write(tmp_path / "rows.xlsx", ROWS)
    for name, text in (("a.jsonl", '{"no": "row"}\n'), ("b.csv", "x,y\n1,2\n"), ("c.jsonl", "<html>")):
        (tmp_path / name).write_text(text)
        with pytest.raises(results.BadResults, match=name[:1]):
            list(results.read(tmp_path / name))
