"""A solution of numerical_gradient. Chapter: gradient-checking."""

import numpy as np

__all__ = ["numerical_gradient"]


def numerical_gradient(fn, x, dy, h):
    """fn takes an array like x; dy has the shape of fn(x); h is the step -> dx, like x.

    >>> numerical_gradient(lambda x: x**2, np.array([1.0, 3.0]), np.ones(2), 0.5)
    array([2., 6.])
    """
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        dx[index] = ((fn(up) - fn(down)) * dy).sum() / (2 * h)
    return dx
