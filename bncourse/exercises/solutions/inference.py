"""A solution of inference. Chapter: train-and-inference."""

import numpy as np

__all__ = ["inference"]


def inference(x, gamma, beta, mean, var, eps):
    """x (N, D); gamma, beta and the running mean and var (D,) -> y (N, D).

    >>> inference(np.array([[3.0]]), np.ones(1), np.zeros(1), np.ones(1), np.ones(1), 3.0)
    array([[1.]])
    """
    return gamma * (x - mean) / np.sqrt(var + eps) + beta
