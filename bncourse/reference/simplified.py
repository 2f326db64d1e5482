"""Batch normalisation backward in its short form. Chapter: simplified-backward.

With g = dy * gamma, column by column:

    dx = inv_std * (g − mean(g) − x_hat * mean(g * x_hat))

The two means are what the output cannot see: adding a constant to a column of x, or stretching it,
changes nothing (but for eps), so dx has no part along either.
"""

import numpy as np

from bncourse.conventions import Batch, FloatBatch, FloatRow
from bncourse.reference.forward import BatchNormCache
from bncourse.reference.inputs import check_dy

__all__ = ["batchnorm_backward"]


def batchnorm_backward(dy: Batch, cache: BatchNormCache) -> tuple[FloatBatch, FloatRow, FloatRow]:
    """Gradients of the loss with respect to x, gamma and beta.

    dy (N, D), the gradient of the loss with respect to y, and the cache of `batchnorm_forward`
    -> dx (N, D), dgamma (D,), dbeta (D,). Results have the dtype of the forward pass.
    Raises ShapeError when dy has not the shape of y.
    Source: Ioffe and Szegedy 2015, section 3, equations after Algorithm 1, simplified.

    >>> from bncourse import batchnorm_forward
    >>> x = np.array([[0.0], [1.0], [5.0]])
    >>> y, cache = batchnorm_forward(x, np.ones(1), np.zeros(1))
    >>> dx, dgamma, dbeta = batchnorm_backward(np.array([[1.0], [0.0], [0.0]]), cache)
    >>> dx.round(3).ravel(), dgamma.round(3), dbeta
    (array([ 0.176, -0.22 ,  0.044]), array([-0.926]), array([1.]))
    """
    x_hat, inv_std, gamma = cache.x_hat, cache.inv_std, cache.gamma
    upstream = check_dy(dy, x_hat)
    dbeta = upstream.sum(axis=0, dtype=np.float64)
    dgamma = np.einsum("nd,nd->d", upstream, x_hat, dtype=np.float64)  # no array of the products
    # mean(g) = gamma * dbeta / N and mean(g * x_hat) = gamma * dgamma / N: both sums are already here.
    N = len(x_hat)
    mean_dy, mean_dy_x_hat = (dbeta / N).astype(x_hat.dtype), (dgamma / N).astype(x_hat.dtype)
    dx = x_hat * -mean_dy_x_hat  # the formula above, in place: one new array instead of three
    dx += upstream
    dx -= mean_dy
    dx *= gamma * inv_std
    return dx, dgamma.astype(x_hat.dtype), dbeta.astype(x_hat.dtype)
