"""Each kind of real picture counts as it does on a page, however many of it were found."""

import numpy as np
import pytest

from naturaltrace_model.data.kinds import KINDS, SHARES, image_weights, kind_number, kind_numbers, row_weights


def test_what_no_rule_names_is_a_photograph() -> None:
    assert KINDS[kind_number("photo-press")] == "photo"
    assert KINDS[kind_number("real")] == "photo"
    assert KINDS[kind_number("anime-comic")] == "drawn"
    assert sum(SHARES.values()) == pytest.approx(1)


def test_kinds_have_their_shares_and_sources_count_by_their_root() -> None:
    categories = ["photo"] * 10 + ["art"] * 80 + ["generated"] * 10
    labels = np.array([0] * 90 + [1] * 10)
    sources = np.array([0] * 8 + [1] * 2 + [2] * 80 + [3] * 10)
    found = row_weights(labels, sources, kind_numbers(categories))
    assert found.mean() == pytest.approx(1)
    assert found[labels == 1].sum() == pytest.approx(50)
    # Two kinds of four are there: 0.60 and 0.18 of 0.78 of the real half.
    assert found[:10].sum() == pytest.approx(50 * 0.60 / 0.78)
    assert found[10:90].sum() == pytest.approx(50 * 0.18 / 0.78)
    assert found[:8].sum() / found[8:10].sum() == pytest.approx((8 / 2) ** 0.5)


def test_images_of_one_kind_count_alike() -> None:
    kinds = kind_numbers(["photo"] * 9 + ["art"] * 27)
    found = image_weights(kinds)
    assert found.mean() == pytest.approx(1)
    assert found[:9].sum() / found[9:].sum() == pytest.approx(0.60 / 0.18)


def test_no_single_image_of_a_rare_kind_counts_for_many() -> None:
    found = image_weights(kind_numbers(["photo"] * 499 + ["render-game"]))
    assert found.mean() == pytest.approx(1)
    assert 4 < found[-1] / found[0] < 5  # by its share alone it would be 67


def test_sources_can_count_nearly_alike() -> None:
    labels, sources = np.array([0] * 100 + [1] * 10), np.array([0] * 80 + [1] * 20 + [2] * 10)
    found = row_weights(labels, sources, np.zeros(110, dtype=np.int64), power=0.2)
    assert found[:80].sum() / found[80:100].sum() == pytest.approx(4**0.2)
