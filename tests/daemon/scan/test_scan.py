"""A scan's promises: every file gets a row, no picture is judged twice, nothing is lost, nothing is mixed."""

import json
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from naturaltrace.pipeline import Pipeline
from naturaltrace.scan import reading, results
from naturaltrace.scan.batch import Settings
from naturaltrace.scan.engine import EngineFailed
from naturaltrace.scan.journal import Counts
from naturaltrace.scan.local import LocalEngine
from naturaltrace.scan.scan import CannotScan, Plan, Watch, journal_path, run
from naturaltrace.scan.sources import Choice
from tests.daemon.images import encoded, photo
from tests.daemon.scan.conftest import KeptPool, Load


class Stopped(Exception):  # noqa: N818
    """What a test interrupts a scan with."""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    for number in range(12):
        (folder / "sub").mkdir(parents=True, exist_ok=True)
        where = folder / ("sub" if number % 2 else "") / f"{number:02}.png"
        where.write_bytes(encoded(photo(140, 130, seed=number), "PNG"))
    return folder


def _scan(load: Load, plan: Plan, watch: Watch | None = None) -> Counts:
    return run(plan, LocalEngine(load, Settings(plan.pixels_only, plan.language), count=2), watch)


def _rows(out: Path) -> dict[str, dict[str, Any]]:
    return {Path(row.path).name: row.to_json() for row in results.read(out)}


def test_every_file_gets_a_row_and_errors_are_rows(load: Load, pictures: Path, tmp_path: Path) -> None:
    (pictures / "text.jpg").write_text("<html>")
    (pictures / "half.png").write_bytes(encoded(photo(140, 130), "PNG")[:900])
    out = tmp_path / "out.jsonl"
    counts = _scan(load, Plan([str(pictures), str(tmp_path / "gone.jpg")], out))
    assert counts == Counts(items=15, done=15, errors=3, duplicates=0)
    rows = _rows(out)
    assert {n: r["error"]["type"] for n, r in rows.items() if "error" in r} == {
        "text.jpg": "unsupported-format", "half.png": "damaged-image", "gone.jpg": "not-found",
    }  # fmt: skip
    assert {"level", "label", "summary", "probability", "evidence", "image", "model"} <= set(rows["03.png"])
    assert not {"timing_ms", "cached", "heatmap"} & set(rows["03.png"])


def test_rows_say_what_check_says(load: Load, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    _scan(load, Plan([str(pictures)], out))
    said = load(1).check((pictures / "04.png").read_bytes()).to_json()
    row = _rows(out)["04.png"]
    assert {name: row[name] for name in ("level", "label", "summary", "probability", "evidence", "image")} == {
        name: said[name] for name in ("level", "label", "summary", "probability", "evidence", "image")
    }


def test_a_picture_in_many_places_is_judged_once(load: Load, pool: KeptPool, pictures: Path, tmp_path: Path) -> None:
    for number in range(20):
        (pictures / f"copy {number:02}.png").write_bytes((pictures / "02.png").read_bytes())
    out, before = tmp_path / "out.jsonl", pool.reads
    counts = _scan(load, Plan([str(pictures)], out))
    assert pool.reads - before == 12
    assert (counts.items, counts.duplicates) == (32, 20)
    rows = _rows(out)
    first = str(pictures / "02.png")
    assert [rows[f"copy {n:02}.png"]["duplicate_of"] for n in range(20)] == [first] * 20
    assert rows["copy 07.png"]["probability"] == rows["02.png"]["probability"]


def test_each_file_is_opened_and_read_once(
    load: Load, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def counting(name: str) -> Any:
        opened.append(name)
        return Path(name).open("rb")

    monkeypatch.setattr(reading, "open_binary", counting)
    _scan(load, Plan([str(pictures)], tmp_path / "out.jsonl"))
    assert sorted(opened) == sorted(str(p) for p in pictures.rglob("*.png"))


def test_an_interrupted_scan_goes_on_and_repeats_nothing(
    load: Load, pool: KeptPool, pictures: Path, tmp_path: Path
) -> None:
    plan, clean = Plan([str(pictures)], tmp_path / "out.csv"), Plan([str(pictures)], tmp_path / "clean.csv")
    _scan(load, clean)

    def stop(_done: int, _errors: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        _scan(load, plan, Watch(judged=stop))
    assert not plan.out.exists()
    known: list[int] = []
    before = pool.reads
    _scan(load, plan, Watch(listed=lambda _items, done: known.append(done)))
    assert known == [8]
    assert pool.reads - before == 4
    assert plan.out.read_bytes() == clean.out.read_bytes()
    assert not journal_path(plan.out).exists()


@pytest.mark.parametrize("kind", results.KINDS)
def test_finished_results_are_gone_on_with(
    load: Load, pool: KeptPool, pictures: Path, tmp_path: Path, kind: str
) -> None:
    plan = Plan([str(pictures)], tmp_path / f"out{kind}")
    _scan(load, plan)
    once, before = plan.out.read_bytes(), pool.reads
    _scan(load, plan)
    assert pool.reads == before
    assert plan.out.read_bytes() == once
    (pictures / "new.png").write_bytes(encoded(photo(140, 130, seed=99), "PNG"))
    (pictures / "04.png").write_bytes(encoded(photo(140, 130, seed=98), "PNG"))
    counts = _scan(load, plan)
    assert pool.reads - before == 2
    assert counts.items == 13
    assert _rows(plan.out)["04.png"]["image"]["sha256"] != ""


def test_errors_are_tried_again_only_when_asked(load: Load, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("pictures/00.png\nlater.png\n")
    plan = Plan([str(tmp_path / "list.txt")], tmp_path / "out.jsonl")
    assert _scan(load, plan).errors == 1
    assert _scan(load, replace(plan, retry=True)).errors == 1
    (tmp_path / "later.png").write_bytes((pictures / "02.png").read_bytes())
    assert _scan(load, replace(plan, retry=True)).errors == 0


def test_a_packed_archive_and_a_list_keep_their_order(load: Load, pictures: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        for name in ("04.png", "02.png", "00.png"):
            archive.add(pictures / name, name)
    (tmp_path / "list.csv").write_text("path\npictures/08.png\npictures/06.png\n")
    plan = Plan([str(tmp_path / "a.tar.gz"), str(tmp_path / "list.csv")], tmp_path / "out.jsonl")
    _scan(load, plan)
    assert list(_rows(plan.out)) == ["04.png", "02.png", "00.png", "08.png", "06.png"]


def test_results_of_two_kinds_are_not_mixed(load: Load, pictures: Path, tmp_path: Path) -> None:
    plan = Plan([str(pictures)], tmp_path / "out.jsonl")
    _scan(load, plan)

    class Other(Pipeline):
        @property
        def model(self) -> Any:
            return replace(super().model, version="99")

    mine = load(1)
    other = Other(mine.detector, mine.reader, mine.judge)
    with pytest.raises(CannotScan, match="natural-trace 99"):
        _scan(lambda _n: other, plan)
    journal_path(plan.out).unlink()
    _scan(load, replace(plan, again=True))


def test_two_scans_do_not_write_one_file(load: Load, pictures: Path, tmp_path: Path) -> None:
    plan = Plan([str(pictures)], tmp_path / "out.jsonl")
    seen: list[str] = []

    def meanwhile(_items: int, _done: int) -> None:
        with pytest.raises(CannotScan, match="Another scan"):
            _scan(load, plan)
        seen.append("refused")

    _scan(load, plan, Watch(listed=meanwhile))
    assert seen == ["refused"]


def test_without_a_detector_nothing_is_begun(pictures: Path, tmp_path: Path) -> None:
    def load(_readers: int) -> Pipeline:
        raise ValueError("no such file")

    with pytest.raises(EngineFailed, match="no such file"):
        _scan(load, Plan([str(pictures)], tmp_path / "out.jsonl"))
    assert not (tmp_path / "out.jsonl").exists()


def test_one_image_that_defeats_the_detector_costs_only_itself(load: Load, pictures: Path, tmp_path: Path) -> None:
    mine = load(1)

    class Fragile:
        model = mine.model

        def detect_prepared(self, images: Sequence[Any]) -> Any:
            if any(image.byte_count == victim for image in images):
                raise RuntimeError("out of memory")
            return mine.detector.detect_prepared(images)

    victim = (pictures / "06.png").stat().st_size
    assert [p.stat().st_size for p in pictures.rglob("*.png")].count(victim) == 1
    fragile = replace(mine, detector=Fragile())
    plan = Plan([str(pictures)], tmp_path / "out.jsonl")
    assert _scan(lambda _n: fragile, plan).errors == 1
    assert _rows(plan.out)["06.png"]["error"]["type"] == "internal"


def test_pixels_only_leaves_out_what_files_say(load: Load, tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    marks = PngInfo()
    marks.add_text("parameters", "a castle\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512")
    (tmp_path / "a.png").write_bytes(encoded(photo(), "PNG", pnginfo=marks))
    levels: list[str] = []
    for pixels_only in (False, True):
        out = tmp_path / f"{pixels_only}.jsonl"
        _scan(load, Plan([str(tmp_path / "a.png")], out, pixels_only=pixels_only))
        levels.append(json.loads(out.read_text())["basis"])
    assert levels == ["declared", "pixels"]


def test_all_files_are_tried_when_asked(load: Load, pictures: Path, tmp_path: Path) -> None:
    (pictures / "unnamed").write_bytes(encoded(photo(140, 130), "PNG"))
    plan = Plan([str(pictures)], tmp_path / "out.jsonl", Choice(all_files=True))
    assert _scan(load, plan).items == 13
