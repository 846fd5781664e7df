"""The report tells what the results say, of any size, and is one harmless file."""

import base64
import hashlib
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from naturaltrace.report.collect import LEVELS, collect, split
from naturaltrace.report.render import render, words
from naturaltrace.report.thumbnails import thumbnails
from naturaltrace.scan import results
from naturaltrace.scan.items import Unjudged
from naturaltrace.scan.rows import Row
from naturaltrace.verdicts.wording import LANGUAGES
from tests.daemon.images import encoded, photo
from tests.daemon.programs import naturaltrace


def row(path: str, level: str, chance: float | None = 0.5, **more: Any) -> Row:
    if level == "error":
        return Row(path, error=Unjudged("damaged-image", "It ends early."))
    verdict = {
        "level": level, "label": level, "summary": "What it means.", "probability": chance, "basis": "pixels",
        "evidence": [{"kind": "pixels", "text": f"Why {level}."}], "generator": "unknown",
        "image": {"width": 10, "height": 20, "format": "PNG", "bytes": 5, "sha256": "ab" * 32},
        "model": {"name": "m", "version": "1"},
    }  # fmt: skip
    return Row(path, "", "ab" * 32, verdict, **more)


ROWS = [
    row("a/1.png", "likely_ai", 0.81),
    row("a/2.png", "ai", 0.97),
    row("a/3.png", "ai", 0.97, duplicate_of="a/2.png"),
    row("b/c/4.png", "unclear"),
    row("b/c/5.png", "no_sign", 0.0),
    row("b/6.png", "error"),
    row("camera.jpg", "camera", None),
]


def _data(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_counts_chances_and_folders() -> None:
    found = collect(ROWS, suspicious=10)
    assert found.counts == {"ai": 2, "likely_ai": 1, "unclear": 1, "no_sign": 1, "camera": 1, "error": 1}
    assert sum(map(sum, found.bins)) == 5
    assert found.bins[19][LEVELS.index("ai")] == 2
    assert found.bins[0][LEVELS.index("no_sign")] == 1
    assert found.folders == {"a": [3, 3], "b/c": [2, 0], "b": [1, 0], "": [1, 0]}
    assert found.duplicates == 1


def test_the_most_suspicious_come_first_and_copies_once() -> None:
    found = collect(ROWS, suspicious=10)
    assert [r.path for r in found.suspicious] == ["a/2.png", "a/1.png"]
    assert [r.path for r in collect(ROWS, suspicious=1).suspicious] == ["a/2.png"]
    assert collect(ROWS, suspicious=0).suspicious == []


def test_a_report_that_is_too_long_lists_the_most_suspicious() -> None:
    found = collect(ROWS, suspicious=0, most_rows=3)
    assert not found.listed_all
    assert found.table["name"] == ["1.png", "2.png", "3.png"]
    assert found.total == 7


def test_folders_are_told_from_names() -> None:
    assert split("a.zip!/in/b.jpg") == ("a.zip!/in", "b.jpg")
    assert split("C:\\pictures\\b.jpg") == ("C:\\pictures", "b.jpg")
    assert split("/b.jpg") == ("/", "b.jpg")
    assert split("b.jpg") == ("", "b.jpg")


def test_every_language_has_every_word_and_every_brace() -> None:
    english = words("en")
    for language in LANGUAGES:
        own = words(language)
        assert own.keys() == english.keys(), language
        for key, text in own.items():
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", english[key])), (language, key)


def test_no_name_can_break_out_of_the_page() -> None:
    evil = "</script><script>alert(1)</script><!--\u2028.png"
    page = render(collect([row(evil, "ai", 0.9)], suspicious=1), [None], title=evil)
    assert page.count("<script") == 2
    assert _data(page)["title"] == evil
    assert _data(page)["suspicious"][0]["name"].endswith(".png")


def test_only_its_own_script_may_run_and_nothing_may_be_loaded() -> None:
    page = render(collect(ROWS, suspicious=0), [], title="t")
    script = page[page.rindex("<script>") + 8 : page.rindex("</script>")]
    style = page[page.index("<style>") + 7 : page.index("</style>")]
    marks = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style)]
    policy = f"default-src 'none'; img-src data:; script-src 'sha256-{marks[0]}'; style-src 'sha256-{marks[1]}'"
    assert policy in page
    assert not re.search(r"(src|href)=\"(?!#)", page)
    assert "http" not in script.replace("http://www.w3.org/2000/svg", "")


def test_pictures_are_read_again_from_wherever_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(photo(), "PNG"))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("in/c.jpg", encoded(photo(), "JPEG"))
    shutil.copy(tmp_path / "b.zip", tmp_path / "e.zip")
    paths = [str(tmp_path / "a.png"), f"{tmp_path / 'b.zip'}!/in/c.jpg", "a.png", "e.zip!/in/c.jpg", "gone.png"]
    found = list(thumbnails(paths, tmp_path))
    assert [f is not None and f.startswith("data:image/jpeg;base64,") for f in found] == [True] * 4 + [False]


@pytest.mark.parametrize("kind", results.KINDS)
def test_the_command(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "2.png").write_bytes(encoded(photo(), "PNG"))
    results.write(tmp_path / f"out{kind}", ROWS)
    done = naturaltrace("report", tmp_path / f"out{kind}", "--title", "Our pictures", "--language", "de")
    assert done.returncode == 0, done.stderr
    assert "1 of 2 pictures could not be read again" in done.stdout
    data = _data((tmp_path / "out.html").read_text(encoding="utf-8"))
    assert data["counts"] == [2, 1, 1, 1, 1, 1]
    assert data["words"]["folder"] == "Ordner"


def test_what_is_no_result_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    done = naturaltrace("report", tmp_path / "a.csv")
    assert done.returncode == 1
    assert "a.csv" in done.stderr
