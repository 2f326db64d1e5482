"""Mean and variance of a batch, feature by feature. Chapter: transform.

N examples, D features; x (N, D); mu, var (D,).
"""

import numpy as np

from bncourse.conventions import Batch, FloatRow, as_float
from bncourse.errors import ShapeError

__all__ = ["batch_moments", "check_batch"]


def check_batch(x: Batch, *, training: bool) -> np.ndarray:
    """`x` as a float array (N, D) with at least one example, two when training.

    Raises ShapeError for another rank, an empty array, or a batch of one in training, whose
    variance is 0 whatever it holds: the output would be beta and nothing could be learned.

    >>> check_batch(np.array([[1, 2], [3, 4]]), training=True).dtype
    dtype('float64')
    """
    batch = as_float(x, "x")
    if batch.ndim != 2:
        raise ShapeError(
            "x has two axes, (N examples, D features)",
            got=f"shape {batch.shape}",
            hint="x[:, None] for one feature, x.reshape(len(x), -1) for more than two axes",
        )
    if batch.size == 0:
        raise ShapeError(
            "x holds at least one example and one feature",
            got=f"shape {batch.shape}",
            hint="looking at the slice that made x",
        )
    if training and len(batch) == 1:
        raise ShapeError(
            "a training batch has at least two examples",
            got=f"shape {batch.shape}",
            hint="a larger batch, or batchnorm_inference with running statistics",
        )
    return batch


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
