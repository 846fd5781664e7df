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
    kinds = kind_numbers(["photo"] * 3 + ["art"] * 27)
    found = image_weights(kinds)
    assert found.mean() == pytest.approx(1)
    assert found[:3].sum() / found[3:].sum() == pytest.approx(0.60 / 0.18)
