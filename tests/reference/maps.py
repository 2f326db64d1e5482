"""Inputs with channels, for the tests of spatial batch norm and its family."""

import numpy as np
from hypothesis import strategies as st

__all__ = ["assert_close", "maps", "shapes"]

# (N, C, *spatial) with no to three spatial axes, and a seed.
shapes = st.tuples(
    st.integers(1, 4), st.integers(1, 4), st.lists(st.integers(1, 4), max_size=3), st.integers(0, 2**32 - 1)
).map(lambda drawn: ((drawn[0], drawn[1], *drawn[2]), drawn[3]))


def maps(shape, seed=0):
    """x with channels of very different mean and scale, gamma with a negative entry, beta, dy with a mean."""
    rng = np.random.default_rng(seed)
    C, ones = shape[1], [1] * (len(shape) - 2)
    x = rng.normal(0, 1, shape) * rng.permutation(np.geomspace(0.1, 2.5, C)).reshape(C, *ones)
    gamma = rng.uniform(0.5, 2, C)
    gamma[rng.integers(C)] *= -1
    x = x + rng.normal(0, 2, C).reshape(C, *ones)
    return x, gamma, rng.normal(0, 2, C), rng.normal(1, 1, shape)


def assert_close(ours, theirs):
    """Equal to 1e-9 of the largest entry: float64, sums in another order."""
    theirs = np.asarray(theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * (1 + np.abs(theirs).max()))
