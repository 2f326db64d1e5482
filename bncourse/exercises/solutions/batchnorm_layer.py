"""A solution of batchnorm_layer. Chapter: train-and-inference."""

import numpy as np

__all__ = ["batchnorm_layer"]


def batchnorm_layer(x, gamma, beta, mean, var, new_weight, eps, training):
    """x (N, D), gamma, beta and the running mean and var (D,) -> y (N, D), mean and var (D,) after it.

    >>> one, none = np.ones(1), np.zeros(1)
    >>> y, mean, var = batchnorm_layer(np.array([[1.0], [3.0]]), one, none, none, one, 0.5, 3.0, True)
    >>> y.ravel(), mean, var
    (array([-0.5,  0.5]), array([1.]), array([1.5]))
    """
    if not training:
        return gamma * (x - mean) / np.sqrt(var + eps) + beta, mean, var
    batch_mean = x.mean(axis=0)
    y = gamma * (x - batch_mean) / np.sqrt(x.var(axis=0) + eps) + beta
    mean = (1 - new_weight) * mean + new_weight * batch_mean
    var = (1 - new_weight) * var + new_weight * x.var(axis=0, ddof=1)
    return y, mean, var
