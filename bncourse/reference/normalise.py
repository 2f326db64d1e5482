"""One function behind every norm: subtract a mean, divide by a deviation, over chosen axes.

Chapters: convolutions, small-batches. Which axes make which norm is the table `SHARED` of
`bncourse.reference.channels`.

x any shape; mu, var, inv_std keep every axis, with size 1 where a statistic is shared.
"""

import numpy as np
from jaxtyping import Float, Real

from bncourse.conventions import as_float, check_eps

__all__ = ["normalise", "normalise_backward"]

Axes = tuple[int, ...]


def normalise(
    x: Real[np.ndarray, "*shape"], axes: Axes, *, eps: float = 1e-5, centred: bool = True
) -> tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, "..."]]:
    """x with mean 0 and variance 1 (but for eps) over `axes`, and the 1 / std it was multiplied by.

    x of any shape -> x_hat of that shape and dtype, inv_std with size 1 along `axes`. The variance is
    biased and eps, in units of x squared, stands inside the root. `centred=False` leaves the mean in:
    the divisor is then the root of the mean square. Sums are kept in float64.
    Raises ShapeError for a dtype that is not real, StateError when eps is not positive.
    Source: Wu and He 2018 (arXiv 1803.08494), equations 1 and 2.

    >>> x_hat, inv_std = normalise(np.array([[1.0, 3.0], [5.0, 5.0]]), (1,), eps=3.0)
    >>> x_hat.tolist(), inv_std.round(3).tolist()
    ([[-0.5, 0.5], [0.0, 0.0]], [[0.5], [0.577]])
    """
    x, eps = as_float(x, "x"), float(check_eps(eps))
    mu = x.mean(axis=axes, keepdims=True, dtype=np.float64) if centred else 0.0
    with np.errstate(invalid="ignore"):  # inf - inf is NaN on purpose, as in batch_moments
        xc = x.astype(np.float64) - mu
        var = np.square(xc).mean(axis=axes, keepdims=True)
        inv_std = 1 / np.sqrt(var + eps)
        x_hat = xc * inv_std
    return x_hat.astype(x.dtype), inv_std.astype(x.dtype)


def normalise_backward(
    dx_hat: Float[np.ndarray, "*shape"],
    x_hat: Float[np.ndarray, "*shape"],
    inv_std: Float[np.ndarray, "..."],
    axes: Axes,
    *,
    centred: bool = True,
) -> Float[np.ndarray, "*shape"]:
    """The gradient of x from that of x_hat: what lies along the constants and along x_hat is taken out.

    dx_hat and x_hat of one shape, inv_std and axes as in `normalise` -> dx of that shape and dtype.
    Without centring the constants stay. Source: `batchnorm_backward`, with the axes left open.

    >>> x_hat, inv_std = normalise(np.array([[1.0, 3.0]]), (1,), eps=3.0)
    >>> normalise_backward(np.array([[1.0, 0.0]]), x_hat, inv_std, (1,))
    array([[ 0.1875, -0.1875]])
    """
    along_x_hat = (dx_hat * x_hat).mean(axis=axes, keepdims=True, dtype=np.float64)
    dx = dx_hat - x_hat * along_x_hat
    if centred:
        dx = dx - dx_hat.mean(axis=axes, keepdims=True, dtype=np.float64)
    return (inv_std * dx).astype(x_hat.dtype)  # type: ignore[no-any-return]
