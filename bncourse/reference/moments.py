"""Mean and variance of a batch, feature by feature. Chapter: transform.

N examples, D features; x (N, D); mu, var (D,).
"""

import numpy as np

from bncourse.conventions import Batch, FloatRow
from bncourse.reference.inputs import check_batch

__all__ = ["batch_moments"]


def batch_moments(x: Batch) -> tuple[FloatRow, FloatRow]:
    """Mean and biased variance (divided by N) of each feature.

    x (N, D), N >= 1 -> mu (D,), var (D,) in units of x and x squared. The variance is taken of the
    centred values: E[x²] − E[x]² loses every digit when the mean is large. Sums are kept in
    float64, so float32 input loses nothing in them; the result has the dtype of x. NaN and infinity in a
    column make that column's moments NaN, as in PyTorch.
    Source: Ioffe and Szegedy 2015, Algorithm 1, lines 1 and 2.

    >>> mu, var = batch_moments(np.array([[1.0, 10.0], [3.0, 10.0]]))
    >>> mu, var
    (array([ 2., 10.]), array([1., 0.]))
    """
    batch = check_batch(x, training=False)
    mu = batch.mean(axis=0, dtype=np.float64)
    with np.errstate(invalid="ignore"):  # inf - inf is NaN on purpose, see above
        var = np.square(batch - mu).mean(axis=0)
    return mu.astype(batch.dtype), var.astype(batch.dtype)
