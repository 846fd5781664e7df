"""Figures of merit, against their definitions."""

import math

import numpy as np
import pytest

from naturaltrace_model.evaluation.metrics import (
    auc,
    average_precision,
    balanced_accuracy,
    bootstrap,
    calibration_error,
    recall_at,
    split_point,
)


def test_auc_counts_ordered_pairs_and_half_of_ties() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(2, size=60)
    scores = rng.integers(8, size=60).astype(float)
    pairs = [
        1.0 if p > n else 0.5 if p == n else 0.0 for p in scores[labels == 1] for n in scores[labels == 0]
    ]  # fmt: skip
    assert auc(labels, scores) == pytest.approx(np.mean(pairs))


def test_auc_of_one_class_is_not_a_number() -> None:
    assert math.isnan(auc(np.ones(4), np.arange(4)))


def test_balanced_accuracy_does_not_reward_the_larger_class() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    assert balanced_accuracy(labels, np.zeros(100, dtype=bool)) == pytest.approx(0.5)
    assert balanced_accuracy(labels, labels == 1) == pytest.approx(1.0)


def test_calibration_error_is_zero_when_chances_come_true_and_large_when_they_do_not() -> None:
    chance = np.repeat([0.1, 0.9], 100)
    labels = np.concatenate([np.arange(100) < 10, np.arange(100) < 90]).astype(int)
    assert calibration_error(labels, chance, bins=2) == pytest.approx(0.0)
    assert calibration_error(1 - labels, chance, bins=2) == pytest.approx(0.8)


def test_the_bootstrap_interval_holds_the_figure_and_narrows_with_more_rows() -> None:
    rng = np.random.default_rng(0)
    small, large = rng.normal(size=50), rng.normal(size=5000)
    low, high = bootstrap(lambda i: float(small[i].mean()), 50)
    assert low <= small.mean() <= high
    tight_low, tight_high = bootstrap(lambda i: float(large[i].mean()), 5000)
    assert tight_high - tight_low < (high - low) / 3


def test_average_precision_is_the_mean_precision_at_each_positive() -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(2, size=80)
    scores = rng.permutation(80).astype(float)
    order = np.argsort(-scores)
    precision = np.cumsum(labels[order]) / np.arange(1, 81)
    assert average_precision(labels, scores) == pytest.approx(precision[labels[order] == 1].mean())
    assert average_precision(labels, np.zeros(80)) == pytest.approx(labels.mean())


def test_recall_is_counted_beyond_what_the_allowed_share_of_real_images_reaches() -> None:
    labels = np.array([0] * 100 + [1] * 4)
    scores = np.concatenate([np.arange(100), [94.0, 94.5, 96.0, 200.0]])
    assert recall_at(labels, scores, 0.05) == pytest.approx(0.75)
    assert math.isnan(recall_at(np.ones(3), np.arange(3), 0.05))


def test_the_split_point_parts_what_can_be_parted() -> None:
    labels = np.array([0, 0, 1, 1, 1])
    scores = np.array([0.1, 0.5, 0.4, 0.6, 0.9])
    assert split_point(labels, scores) == 0.6


def test_draws_of_groups_vary_more_than_draws_of_images_that_are_alike_within_them() -> None:
    values = np.repeat(np.arange(8.0), 50)
    names = np.repeat([f"source {i}" for i in range(8)], 50)

    def mean(rows: np.ndarray) -> float:
        return float(values[rows].mean())

    low, high = bootstrap(mean, len(values))
    low_of_groups, high_of_groups = bootstrap(mean, len(values), groups=names)
    assert low_of_groups < low < 3.5 < high < high_of_groups
    assert bootstrap(mean, len(values), groups=np.full(len(values), "one")) == (3.5, 3.5)
