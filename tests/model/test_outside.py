"""What is said of sources by detectors that never saw them."""

import math
from pathlib import Path

import numpy as np
import pytest

from naturaltrace.detection.aggregate import FEATURES
from naturaltrace.detection.card import Aggregation
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.evaluation import outside
from naturaltrace_model.evaluation.rows import FeatureRow

_N = len(FEATURES)
_BY_VIEW = Aggregation(FEATURES, (0.0,) * _N, (1.0,) * _N, tuple(float(f == "view") for f in FEATURES), 0.0)


def _rows(count: int, label: int, view: float, source: str, category: str = "photo") -> list[FeatureRow]:
    values = np.zeros(_N)
    values[FEATURES.index("view")] = view
    sample = Sample(Path(), "train", label, category, "sdxl" if label else "", source, "", 1, 1, "")
    return [FeatureRow(sample, "clean", values, 0.9)] * count


def test_each_look_has_its_own_figure_and_nearness_speaks_for_real() -> None:
    rows = [*_rows(10, 0, -1.0, "a"), *_rows(10, 1, 1.0, "b")]
    found = outside.figures(rows, _BY_VIEW)
    assert found == {"crops": 0.5, "nearness": 0.5, "views": 1.0, "image": 1.0}
    near = [FeatureRow(r.sample, r.condition, r.features - (r.sample.label * np.eye(_N)[4]), 0.9) for r in rows]
    assert FEATURES[4] == "proximity"
    assert outside.figures(near, _BY_VIEW)["nearness"] == 1.0


def test_who_is_flagged_is_told_by_kind_and_category_with_one_score_for_all() -> None:
    rows = [
        *_rows(150, 0, -1.0, "a"), *_rows(40, 0, -1.0, "b", "photo-food"), *_rows(1, 0, 2.0, "b", "photo-food"),
        *_rows(40, 0, -1.0, "c", "art"), *_rows(1, 0, 2.0, "d", "art"), *_rows(9, 1, 3.0, "e", "generated"),
    ]  # fmt: skip
    found = {name: (sources, share) for name, sources, share in outside.flagged(rows, _BY_VIEW)}
    assert found["photo-food"] == (1, pytest.approx(1 / 41))
    assert found["art"] == found["all drawn"] == (2, pytest.approx(1 / 41))
    assert found["all photo"] == (2, pytest.approx(1 / 191))
    assert found["photo"] == (1, 0.0)


def test_too_few_pictures_promise_nothing_and_a_set_without_rows_has_no_line() -> None:
    rows = [*_rows(5, 0, -1.0, "a"), *_rows(5, 1, 1.0, "b")]
    assert outside.flagged(rows, _BY_VIEW) == []
    told = outside.table(rows, {"one": {"a", "b"}, "none": {"z"}}, _BY_VIEW)
    assert "| one | 2 | 10 | 0.500 | 0.500 | 1.000 | 1.000 |" in told
    assert "| all | 2 | 10 |" in told
    assert "none" not in told
    assert math.isnan(outside.figures(rows[:5], _BY_VIEW)["image"])
