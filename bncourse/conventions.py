"""Letters, array aliases and the dtype policy that every file shares. Chapter: start-here.

Letters
    N  examples in a batch            D  features of one example
    x  (N, D) input                   y  (N, D) output
    mu, var  (D,) mean and *biased* variance over the batch
    inv_std  (D,) 1 / sqrt(var + eps), eps inside the root
    x_hat    (N, D) normalised input, (x - mu) * inv_std
    gamma, beta  (D,) scale and shift, learned
    dz       gradient of the loss with respect to z, for any z; same shape as z

Dtypes
    float64 and float32 are kept as they come. Integers become float64. float16 is
    refused, since its sums overflow; complex and bool have no meaning here.
"""

import numpy as np
from jaxtyping import Float, Real
from numpy.typing import ArrayLike

from bncourse.errors import ShapeError, StateError

__all__ = ["Batch", "FloatBatch", "FloatRow", "Row", "as_float", "check_eps", "check_row"]

# What a reader may pass in, and what comes back.
Batch = Real[np.ndarray, "N D"]
Row = Real[np.ndarray, " D"]
FloatBatch = Float[np.ndarray, "N D"]
FloatRow = Float[np.ndarray, " D"]


def as_float(value: ArrayLike, name: str) -> np.ndarray:
    """`value` as a float64 or float32 array; integers are converted, the rest is refused.

    Raises ShapeError for complex, float16, object or text input.

    >>> as_float([1, 2], "x").dtype
    dtype('float64')
    """
    array = np.asarray(value)
    if array.dtype in (np.float64, np.float32):
        return array
    if array.dtype.kind in "iu":
        return array.astype(np.float64)
    hint = f"{name}.real" if array.dtype.kind == "c" else f"{name}.astype(np.float32)"
    raise ShapeError(f"{name} holds float64, float32 or integers", got=f"dtype {array.dtype}", hint=hint)


def check_row(value: ArrayLike, name: str, D: int) -> np.ndarray:
    """One finite number for each of D features, as a float array of shape (D,).

    Raises ShapeError for another shape, or when a value is NaN or infinite: a scale or shift that
    is no longer a number means that training diverged earlier.

    >>> check_row([1, 2, 3], "gamma", 3)
    array([1., 2., 3.])
    """
    row = as_float(value, name)
    if row.shape != (D,):
        raise ShapeError(
            f"{name} has one value a feature, shape ({D},)", got=f"shape {row.shape}", hint=f"np.ones({D})"
        )
    if not np.isfinite(row).all():
        bad = int(np.flatnonzero(~np.isfinite(row))[0])
        raise ShapeError(
            f"{name} is finite",
            got=f"{name}[{bad}] = {row[bad]}",
            hint="a smaller learning rate; look for the first step whose loss is not finite",
        )
    return row


def check_eps(eps: float) -> float:
    """`eps` when it is a positive finite number.

    Raises StateError otherwise: with eps = 0 a constant feature divides by zero.

    >>> check_eps(1e-5)
    1e-05
    """
    if not (np.isfinite(eps) and eps > 0):
        raise StateError("eps is a positive number", got=f"eps = {eps}", hint="eps=1e-5")
    return eps
