"""Merging: the statistics of two batches are those of both laid one below the other, and order is free."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from maps import assert_close

import bncourse
from bncourse import merge_stats

seeds = st.integers(0, 2**32 - 1)


def measured(x):
    return len(x), x.mean(axis=0), x.var(axis=0)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.integers(1, 4), seeds)
def test_any_number_of_batches_merge_to_the_statistics_of_all(counts, D, seed):
    rng = np.random.default_rng(seed)
    parts = [rng.normal(rng.normal(0, 5, D), rng.uniform(0.1, 3, D), (N, D)) for N in counts]
    count, mean, var = reduce(lambda a, b: merge_stats(*a, *b), map(measured, parts))
    together = np.concatenate(parts)
    assert (count, type(count)) == (len(together), int)
    assert_close(mean, together.mean(axis=0))
    assert_close(var, together.var(axis=0))


@given(seeds)
def test_the_order_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    a, b, c = (measured(rng.normal(N, N, (N, 3))) for N in (2, 5, 9))
    for one, two in (
        (merge_stats(*a, *b), merge_stats(*b, *a)),
        (merge_stats(*merge_stats(*a, *b), *c), merge_stats(*a, *merge_stats(*b, *c))),
    ):
        assert one[0] == two[0]
        assert_close(one[1], two[1])
        assert_close(one[2], two[2])


def test_by_hand_within_and_between():
    # means 0 and 6, variances 1 and 4, counts 2 and 1: mean 2, within (2·1 + 1·4)/3 = 2, between 2/9·36 = 8
    count, mean, var = merge_stats(2, np.array([0.0]), np.array([1.0]), 1, np.array([6.0]), np.array([4.0]))
    assert count == 3
    np.testing.assert_allclose((mean[0], var[0]), (2, 10), rtol=1e-15)


def test_an_empty_side_changes_nothing():
    start = 0, np.zeros(2), np.ones(2)
    x = np.array([[1.0, 2.0], [3.0, 8.0]])
    for merged in (merge_stats(*start, *measured(x)), merge_stats(*measured(x), *start)):
        assert merged[0] == 2
        np.testing.assert_array_equal(merged[1], [2, 5])
        np.testing.assert_array_equal(merged[2], [1, 9])


def test_far_from_zero_no_digit_is_lost():
    # E[x²] − E[x]² of the two together would lose all of them
    a, b = np.array([[1e9], [1e9 + 2]]), np.array([[1e9 + 1], [1e9 + 3]])
    _, _, var = merge_stats(*measured(a), *measured(b))
    np.testing.assert_allclose(var, [1.25], rtol=1e-12)


GOOD = {
    "count_a": 2, "mean_a": np.zeros(2), "var_a": np.ones(2),
    "count_b": 3, "mean_b": np.ones(2), "var_b": np.ones(2),
}  # fmt: skip


@pytest.mark.usefixtures("as_a_reader")
@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (
            {"count_a": -1},
            "must hold: count_a is a whole number, 0 or more; got: count_a = -1; try: len(x)",
        ),
        (
            {"count_b": 2.5},
            "must hold: count_b is a whole number, 0 or more; got: count_b = 2.5; try: len(x)",
        ),
        (
            {"count_a": 0, "count_b": 0},
            "must hold: one of the two sides has seen an example; got: two counts of 0; try: count_b=1",
        ),
        (
            {"mean_b": np.ones(3)},
            "must hold: mean_b has one value a feature, shape (2,); got: shape (3,); try: np.ones(2)",
        ),
        (
            {"var_a": np.array([1.0, -1.0])},
            "must hold: var_a is not negative; got: min(var_a) = -1.0; try: var_a, not log(var_a)",
        ),
    ],
)
def test_what_cannot_be_right_is_refused_with_what_to_try(changed, text):
    with pytest.raises(bncourse.BncourseError) as caught:
        merge_stats(**(GOOD | changed))
    assert str(caught.value) == text
