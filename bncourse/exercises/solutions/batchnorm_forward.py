"""A solution of batchnorm_forward. Chapter: transform."""

import numpy as np

__all__ = ["batchnorm_forward"]


def batchnorm_forward(x, gamma, beta, eps):
    """x (N, D); gamma, beta (D,) -> y (N, D).

    >>> batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), 3.0).ravel()
    array([-0.5,  0.5])
    """
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta
