"""Batch norm in use, folded into the layer before it. Chapter: ship-and-scale.

O outputs, I inputs; W (O, I) of a linear layer or (O, I, *k) of a convolution; b, gamma, beta, mean,
var (O,). In use the statistics are constants, so two affine maps in a row are one.
"""

import numpy as np
from jaxtyping import Float, Real

from bncourse.conventions import as_float, check_eps, check_row
from bncourse.errors import ShapeError

__all__ = ["fold_batchnorm"]

Outputs = Real[np.ndarray, " O"]


def fold_batchnorm(
    W: Real[np.ndarray, "O I *k"],
    b: Outputs | None,
    gamma: Outputs,
    beta: Outputs,
    mean: Outputs,
    var: Outputs,
    *,
    eps: float = 1e-5,
) -> tuple[Float[np.ndarray, "O I *k"], Float[np.ndarray, " O"]]:
    """Weights and bias of the one layer that does what layer and batch norm did, in use.

    W (O, I, *k), b (O,) or None, and gamma, beta, mean, var (O,) of the norm after it -> W and b of the
    same shapes, in the dtype of W. Exact for a norm AFTER the layer, whatever its padding; for a norm
    before a padded layer it is not. Raises ShapeError for another shape or a negative variance,
    StateError when eps is not positive.
    Source: Jacob et al. 2018 (arXiv 1712.05877), section 3.2.

    >>> W, b = fold_batchnorm(
    ...     np.array([[1.0, 2.0]]), None, gamma=np.array([4.0]), beta=np.array([1.0]),
    ...     mean=np.array([3.0]), var=np.array([1.0]), eps=3.0,
    ... )
    >>> W, b  # gamma / sqrt(var + eps) = 2
    (array([[2., 4.]]), array([-5.]))
    """
    W, eps = as_float(W, "W"), float(check_eps(eps))
    if W.ndim < 2 or W.size == 0:
        raise ShapeError(
            "W has axes (O outputs, I inputs, ...) and holds a value",
            got=f"shape {W.shape}",
            hint="the weight of a linear or convolution layer, as PyTorch keeps it",
        )
    O = len(W)  # noqa: E741  (the field's letter)
    b = np.zeros(O) if b is None else check_row(b, "b", O)
    gamma, beta = check_row(gamma, "gamma", O), check_row(beta, "beta", O)
    mean, var = check_row(mean, "mean", O), check_row(var, "var", O)
    if (var < 0).any():
        raise ShapeError("var is not negative", got=f"min(var) = {var.min()}", hint="var, not log(var)")
    scale = gamma / np.sqrt(var + eps)
    folded = W * scale.reshape(O, *[1] * (W.ndim - 1))
    return folded.astype(W.dtype), ((b - mean) * scale + beta).astype(W.dtype)
