"""Curves against their definitions, scores that survive their file, and a page that stands alone."""

import math
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from naturaltrace.detection.result import Detection, PixelLevel
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace_model.evaluation import by_source, curves, scores
from naturaltrace_model.evaluation.breakdown import Judged, content_of, groups
from naturaltrace_model.evaluation.evaluate import without
from naturaltrace_model.evaluation.metrics import auc
from naturaltrace_model.evaluation.release_dates import released, year
from naturaltrace_model.evaluation.report import report
from naturaltrace_model.evaluation.rows import Row
from naturaltrace_model.evaluation.summary import summarise
from naturaltrace_model.evaluation.sweeps import sweep_names
from tests.model.sets import MODEL, picture, row, rows, saved


def test_the_area_under_the_drawn_curve_is_the_auc() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=150)
    chance = np.round(rng.random(150) * 0.6 + labels * 0.4, 2)
    curve = curves.roc(labels, chance, points=10_000)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(auc(labels, chance))
    assert len(curves.roc(labels, chance, points=20).x) == 20


def test_risk_rises_as_less_sure_answers_are_let_in() -> None:
    labels = np.array([1] * 30 + [0] * 30 + [1] * 20)
    chance = np.array([0.95] * 30 + [0.05] * 30 + [0.45] * 20)
    curve = curves.risk_coverage(labels, chance)
    assert curve.y[0] == 0.0
    assert curve.y[-1] == pytest.approx(0.25)
    assert curve.x[-1] == 1.0


def test_reliability_lies_on_the_diagonal_where_chances_come_true() -> None:
    chance = np.repeat([0.2, 0.8], 100)
    labels = np.concatenate([np.arange(100) < 20, np.arange(100) < 80]).astype(int)
    curve = curves.reliability(labels, chance, bins=2)
    assert curve.x == pytest.approx(curve.y)


def test_the_interval_of_a_share_holds_it_and_stays_within_bounds() -> None:
    low, high = curves.share_interval(0, 10)
    assert low == 0.0
    assert 0.2 < high < 0.35  # Wilson's for 0 of 10: 0.278
    low, high = curves.share_interval(50, 100)
    assert low < 0.5 < high
    assert curves.share_interval(0, 0) == (0.0, 1.0)


def test_groups_are_judged_against_the_other_class() -> None:
    found = groups(rows(), 1, lambda r: r.sample.generator)
    assert sum(g.images for g in found) == 20
    judged = Judged.of([r for r in rows() if r.sample.label == 0 or r.sample.generator == found[0].name])
    assert found[0].auc == pytest.approx(auc(judged.label, judged.chance))
    assert [g.name for g in groups(rows(), 0, lambda r: "art" if r.sample.category == "art" else None)] == ["art"]
    assert content_of("photo-face") == "faces"


def test_release_dates_are_months_and_unknown_labels_have_none() -> None:
    assert all(len(d) == 7 and 2014 <= int(d[:4]) <= 2030 and 1 <= int(d[5:]) <= 12 for d in released().values())
    assert year("sdxl") == 2023
    assert year("unknown") is None


def test_scores_survive_their_file(tmp_path: Path) -> None:
    made = [row(1, 1, 0.8123, level=PixelLevel.LIKELY_AI), row(2, 0, None)]
    path = tmp_path / "scores.csv"
    scores.write_csv(made, path)
    again = scores.read_csv(path, [r.sample for r in made], MODEL)
    assert [(r.sample, r.condition, r.detection.level, r.detection.probability) for r in again] == [
        (r.sample, r.condition, r.detection.level, r.detection.probability) for r in made
    ]
    assert len(scores.read_csv(path, [made[0].sample], MODEL)) == 1


class _Counting:
    """A detector that counts what it is asked."""

    model = MODEL

    def __init__(self) -> None:
        self.asked = 0

    def detect(self, image: DecodedImage) -> Detection:
        self.asked += 1
        return Detection(PixelLevel.UNCLEAR, image.width / 1000, MODEL)


def test_what_was_judged_is_not_judged_again(tmp_path: Path) -> None:
    samples = [saved(tmp_path, f"{i}.png", picture(i)) for i in range(2)]
    broken = saved(tmp_path, "broken.png", picture(5))
    broken.path.write_bytes(b"no image")
    detector, cache = _Counting(), tmp_path / "cache.csv"
    scores.judged(detector, samples, ("clean",), cache)  # pyright: ignore[reportArgumentType]
    found = scores.judged(detector, [*samples, broken], ("clean", "scale-0.5"), cache)  # pyright: ignore[reportArgumentType]
    assert detector.asked == 4
    assert sorted((r.condition, r.detection.probability) for r in found) == [
        ("clean", 0.2), ("clean", 0.2), ("scale-0.5", 0.1), ("scale-0.5", 0.1),
    ]  # fmt: skip


class _Page(HTMLParser):
    """Collects headings and whatever would be loaded from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.charts = 0
        self.loaded: list[str] = []
        self.bold = 0
        self._in_heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_heading = tag == "h2"
        self.charts += tag == "svg"
        self.bold += tag == "b"
        self.loaded += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "srcset"}]
        if tag in {"script", "link", "img", "iframe"}:
            self.loaded.append(tag)

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self.headings.append(data)


def _read(page: str) -> _Page:
    parsed = _Page()
    parsed.feed(page)
    return parsed


def test_the_page_shows_everything_and_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / "baselines.csv").write_text("name,auc\nrgb,0.61\n", encoding="utf-8")
    (tmp_path / "probe.json").write_text('[{"name": "crop", "by_source": 0.5, "interval": [0.4, 0.6]}]')
    swept: list[Row] = rows(20, ("clean", *sweep_names()))
    page = report(
        "A <title>", rows(conditions=("clean", "web", "hard")), swept, 0.03,
        [tmp_path / "baselines.csv", tmp_path / "probe.json"],
    )  # fmt: skip
    parsed = _read(page)
    assert parsed.loaded == []
    assert parsed.bold == 0  # a category called <b>odd</b> is text
    assert parsed.charts >= 10
    assert {
        "In short",
        "Curves",
        "By generator",
        "In time",
        "By source",
        "Chains of sites",
        "Worst mistakes",
        "Baselines",
    } <= set(parsed.headings)
    for part in ("prefers-color-scheme", "0.61", "0.400–0.600", "2023", "promised, 3.0%", "centre, 256 px"):
        assert part in page


def test_a_set_of_one_class_still_gives_a_page() -> None:
    page = report("Only real", [r for r in rows() if not r.sample.label], [], None)
    assert "Real images, by category" in page
    assert "ROC" not in page


def test_sources_are_judged_against_the_other_label_worst_first() -> None:
    made = rows(conditions=("clean", "web"))
    found = by_source.sources(made)
    assert {(s.name, s.label, s.images) for s in found} == {(f"owner/{i}", i % 2, 10) for i in range(4)}
    assert [s.auc for s in found] == sorted(s.auc for s in found)
    one = found[0]
    judged = Judged.of([r for r in made if r.sample.source == one.name or r.sample.label != one.label])
    assert one.auc == pytest.approx(auc(judged.label, judged.chance))  # conditions are alike here
    told = by_source.table(made, summarise(made))
    assert told.count("in 95 % of draws of other sources") == 2
    assert "2 sources of real images" in told


def test_sources_of_one_label_have_no_auc_and_still_a_table() -> None:
    real = [r for r in rows() if not r.sample.label]
    assert math.isnan(by_source.mean_auc(by_source.sources(real)))
    assert "mean AUC nan" in by_source.table(real, summarise(real))


def test_what_is_left_out_is_named_and_has_to_be_there(tmp_path: Path) -> None:
    samples = [
        saved(tmp_path, "a.png", picture(1), source="o/a"),
        saved(tmp_path, "b.png", picture(2), label=1, source="o/b"),
    ]
    assert without(samples, ["sdxl"]) == without(samples, ["o/b"]) == samples[:1]
    assert without(samples, ["photo"]) == samples[1:]
    assert without(samples, []) == samples
    with pytest.raises(ValueError, match="no image is of sdx1"):
        without(samples, ["sdx1", "o/a"])
