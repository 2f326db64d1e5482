"""What rows say together, against values worked out by hand or printed in tables."""

import math

import numpy as np
import pytest

from bncourse import DataError
from bncourse.experiments.summary import (
    Interval,
    _t95,
    at_chance,
    by_arm,
    flattery,
    grouped,
    paired,
    t_interval,
)


def row(dropout=0.0, where="none", seed=0, accuracy=0.7, **more):
    norm = "none" if where == "none" else "batch"
    config = {"dropout": dropout, "norm": norm, "where": "both" if where == "none" else where, "seed": seed}
    return {"config": config | more, "test_accuracy": accuracy}


def test_the_interval_of_three_values_is_that_of_the_textbook():
    found = t_interval([1.0, 2.0, 6.0])  # mean 3, s² = (4 + 1 + 9) / 2 = 7
    assert found.mean == 3
    assert found.half == pytest.approx(4.303 * math.sqrt(7 / 3))
    assert found.high - found.mean == pytest.approx(found.mean - found.low)
    assert found.count == 3


# Printed in every table of Student's t.
@pytest.mark.parametrize(
    ("freedom", "t"), [(1, 12.706), (2, 4.303), (10, 2.228), (11, 2.201), (20, 2.086), (60, 2.0)]
)
def test_quantiles_are_those_of_the_tables(freedom, t):
    assert _t95(freedom) == pytest.approx(t, abs=0.001)


def test_the_interval_holds_the_true_mean_95_times_in_a_hundred():
    rng = np.random.default_rng(0)
    held = [not t_interval(rng.normal(5, 2, 3)).excludes(5.0) for _ in range(4000)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_one_value_has_no_interval_and_excludes_nothing():
    found = t_interval([70.0])
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert not found.excludes(0.0)


def test_the_ends_of_an_interval_belong_to_it():
    found = Interval(2.0, 1.0, 3.0, 3)
    assert [found.excludes(value) for value in (0.9, 1.0, 3.0, 3.1)] == [True, False, False, True]


def test_nothing_has_no_mean():
    with pytest.raises(DataError, match="at least one value; got: none"):
        t_interval([])


def test_an_arm_without_batch_norm_is_none_wherever_it_would_be():
    rows = [row(0.4, "none", 0, 0.5), row(0.4, "both", 0, 0.7), row(0.4, "none", 1, 0.6)]
    assert by_arm(rows) == {(0.4, "none"): {0: 50.0, 1: 60.0}, (0.4, "both"): {0: 70.0}}


def test_a_run_that_diverged_counts_as_chance():
    assert by_arm([row(accuracy=None)]) == {(0.0, "none"): {0: 10.0}}
    assert [at_chance(row(accuracy=share)) for share in (None, 0.1, 0.119, 0.121, 0.5)] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_pairs_take_out_what_a_seed_does_to_both():
    left, right = {0: 51.0, 1: 61.0, 2: 71.0}, {2: 70.0, 0: 50.0, 1: 60.0, 3: 0.0}
    found = paired(left, right)
    assert (found.mean, found.low, found.high, found.count) == (1.0, 1.0, 1.0, 3)
    with pytest.raises(DataError):
        paired({0: 1.0}, {1: 1.0})


def test_rows_are_grouped_by_what_their_configs_say():
    rows = [row(input_scale="raw", seed=seed) for seed in (0, 1)] + [row(input_scale="unit")]
    groups = grouped(rows, "input_scale", "norm")
    assert {key: len(found) for key, found in groups.items()} == {("raw", "none"): 2, ("unit", "none"): 1}


def test_the_best_epoch_flatters_by_its_distance_from_the_last():
    assert flattery([0.5, 0.7, 0.6]) == pytest.approx(10)
    assert flattery([0.5, 0.6, 0.7]) == 0
