"""A solution of fold_batchnorm. Chapter: ship-and-scale."""

import numpy as np

__all__ = ["fold_batchnorm"]


def fold_batchnorm(W, b, gamma, beta, mean, var, eps):
    """W (O, I) or (O, I, kh, kw); b (O,) or None; the rest (O,) -> W and b of one layer.

    >>> one = np.ones(1)
    >>> W, b = fold_batchnorm(np.array([[1.0, 2.0]]), None, 4 * one, one, 3 * one, one, 3.0)
    >>> W, b
    (array([[2., 4.]]), array([-5.]))
    """
    scale = gamma / np.sqrt(var + eps)
    if b is None:
        b = np.zeros(len(W))
    each_output = scale.reshape(-1, *[1] * (W.ndim - 1))
    return W * each_output, (b - mean) * scale + beta
