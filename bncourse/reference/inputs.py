"""What the forward and backward passes accept, checked in one place. Chapters: transform, staged-backward.

x (N, D); gamma, beta (D,); dy like y, of any shape.
"""

import numpy as np
from jaxtyping import Float, Real

from bncourse.conventions import Batch, FloatBatch, FloatRow, Row, as_float, check_eps, check_row
from bncourse.errors import ShapeError

__all__ = ["check_batch", "check_dy", "check_forward"]


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


def check_forward(
    x: Batch, gamma: Row, beta: Row, eps: float
) -> tuple[FloatBatch, FloatRow, FloatRow, float]:
    """The four inputs of a forward pass in training: arrays in the dtype of x, eps as a plain float.

    Raises ShapeError or StateError as `check_batch`, `check_row` and `check_eps` do.

    >>> _, gamma, _, _ = check_forward(np.ones((2, 1), dtype=np.float32), np.ones(1), np.zeros(1), 1e-5)
    >>> gamma.dtype
    dtype('float32')
    """
    batch = check_batch(x, training=True)
    D, dtype = batch.shape[1], batch.dtype
    gamma = check_row(gamma, "gamma", D).astype(dtype)
    beta = check_row(beta, "beta", D).astype(dtype)
    return batch, gamma, beta, float(check_eps(eps))  # a NumPy float64 would turn float32 into float64


def check_dy(dy: Real[np.ndarray, "..."], y_like: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """`dy` in the dtype of the forward pass, when it has the shape of y.

    Raises ShapeError otherwise. `y_like` is any array of the forward pass with the shape of y.

    >>> check_dy(np.array([[1], [0]]), np.zeros((2, 1), dtype=np.float32)).dtype
    dtype('float32')
    """
    upstream = as_float(dy, "dy").astype(y_like.dtype, copy=False)
    if upstream.shape != y_like.shape:
        raise ShapeError(
            f"dy has the shape of y, {y_like.shape}", got=f"shape {upstream.shape}", hint="np.ones_like(y)"
        )
    return upstream
