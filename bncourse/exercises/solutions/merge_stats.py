"""A solution of merge_stats. Chapter: numerics."""

__all__ = ["merge_stats"]


def merge_stats(count_a, mean_a, var_a, count_b, mean_b, var_b):
    """Counts, means (D,) and biased variances (D,) of two batches -> those of both together.

    >>> import numpy as np
    >>> merge_stats(2, np.array([0.0]), np.array([1.0]), 2, np.array([4.0]), np.array([1.0]))
    (4, array([2.]), array([5.]))
    """
    count = count_a + count_b
    share_a, share_b = count_a / count, count_b / count
    mean = share_a * mean_a + share_b * mean_b
    within = share_a * var_a + share_b * var_b
    between = share_a * share_b * (mean_b - mean_a) ** 2
    return count, mean, within + between
