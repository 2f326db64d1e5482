"""Batch normalisation forward, in training. Chapter: transform.

x (N, D) -> x_hat = (x - mu) / sqrt(var + eps) -> y = gamma * x_hat + beta, each feature by itself.
"""

from dataclasses import dataclass

import numpy as np

from bncourse.conventions import Batch, FloatBatch, FloatRow, Row
from bncourse.reference.inputs import check_forward
from bncourse.reference.moments import batch_moments

__all__ = ["BatchNormCache", "batchnorm_forward"]


@dataclass(frozen=True, eq=False)
class BatchNormCache:
    """What the forward pass keeps for the backward pass: one array (N, D) and two rows (D,).

    >>> _, cache = batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=3.0)
    >>> cache.inv_std  # 1 / sqrt(1 + 3)
    array([0.5])
    """

    x_hat: FloatBatch
    inv_std: FloatRow
    gamma: FloatRow


def batchnorm_forward(
    x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5
) -> tuple[FloatBatch, BatchNormCache]:
    """Normalise each feature over the batch, then scale and shift it.

    x (N, D) with N >= 2, gamma (D,), beta (D,) -> y (N, D) and the cache for `batchnorm_backward`.
    The variance is biased (divided by N) and eps, in units of x squared, stands inside the root.
    y has the dtype of x; integers become float64. NaN or infinity in x makes its own column NaN
    and leaves the others alone. Raises ShapeError or StateError (see `bncourse.errors`).
    Source: Ioffe and Szegedy 2015, Algorithm 1.

    >>> y, _ = batchnorm_forward(np.array([[1.0], [3.0]]), gamma=np.array([2.0]), beta=np.array([5.0]))
    >>> y.round(3)
    array([[3.],
           [7.]])
    """
    batch, gamma, beta, eps = check_forward(x, gamma, beta, eps)
    mu, var = batch_moments(batch)
    inv_std = 1 / np.sqrt(var + eps)
    with np.errstate(invalid="ignore"):
        x_hat = (batch - mu) * inv_std
    y = gamma * x_hat + beta
    return y, BatchNormCache(x_hat, inv_std, gamma)
