"""Mean and variance of two batches together, without seeing them again. Chapters: numerics, ship-and-scale.

count a whole number, how many examples were seen; mean, var (D,), var biased (divided by the count).
"""

from numbers import Integral

import numpy as np

from bncourse.conventions import FloatRow, Row, check_row
from bncourse.errors import ShapeError, StateError

__all__ = ["merge_stats"]


def merge_stats(
    count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row
) -> tuple[int, FloatRow, FloatRow]:
    """Count, mean and biased variance of all examples of a and b.

    Counts >= 0, not both 0; means and variances (D,) in units of x and x squared -> count, mean (D,),
    var (D,). The variance has two parts: within (the weighted mean of both) and between (how far the
    two means are apart). An empty side changes nothing, so a sum may start from count 0.
    Raises ShapeError for another shape or a negative variance, StateError for a count that cannot be.
    Source: Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance", The American
    Statistician 37.

    >>> merge_stats(2, np.array([0.0]), np.array([1.0]), 2, np.array([4.0]), np.array([1.0]))
    (4, array([2.]), array([5.]))
    """
    _check_count(count_a, "count_a")
    _check_count(count_b, "count_b")
    count = count_a + count_b
    if count == 0:
        raise StateError("one of the two sides has seen an example", got="two counts of 0", hint="count_b=1")
    D = np.size(mean_a)
    mean_a, mean_b = check_row(mean_a, "mean_a", D), check_row(mean_b, "mean_b", D)
    var_a, var_b = _check_var(var_a, "var_a", D), _check_var(var_b, "var_b", D)
    share_a, share_b = count_a / count, count_b / count
    apart = mean_b - mean_a
    mean = mean_a + share_b * apart
    within = share_a * var_a + share_b * var_b
    between = share_a * share_b * apart**2
    return count, mean, within + between


def _check_count(count: int, name: str) -> None:
    if not isinstance(count, Integral) or count < 0:
        raise StateError(f"{name} is a whole number, 0 or more", got=f"{name} = {count}", hint="len(x)")


def _check_var(value: Row, name: str, D: int) -> FloatRow:
    var = check_row(value, name, D)
    if (var < 0).any():
        raise ShapeError(
            f"{name} is not negative", got=f"min({name}) = {var.min()}", hint=f"{name}, not log({name})"
        )
    return var
