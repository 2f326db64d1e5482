"""Weight standardisation: the weights of each output are normalised, not what flows. Chapter: small-batches.

W (O, I, *k): O outputs with I inputs each, and the sides of the kernel.
"""

import numpy as np
from jaxtyping import Float, Real

from bncourse.conventions import as_float
from bncourse.errors import ShapeError
from bncourse.reference.inputs import check_dy
from bncourse.reference.normalise import normalise, normalise_backward

__all__ = ["weight_standardise", "weight_standardise_backward"]

Weights = Real[np.ndarray, "O I *k"]
FloatWeights = Float[np.ndarray, "O I *k"]
WeightCache = tuple[np.ndarray, np.ndarray]


def weight_standardise(W: Weights, *, eps: float = 1e-5) -> tuple[FloatWeights, WeightCache]:
    """The weights of each output with mean 0 and variance 1 over its inputs. No batch is involved.

    W (O, I, *k), as PyTorch keeps it -> W_hat of that shape, and the cache. Meant to stand before a
    group norm. Raises ShapeError when an output has fewer than two weights, StateError for eps <= 0.
    Source: Qiao et al. 2019 (arXiv 1903.10520), with eps inside the root.

    >>> weight_standardise(np.array([[1.0, 3.0], [10.0, 30.0]]))[0].round(2).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """
    W = as_float(W, "W")
    if W.ndim < 2 or W[:1].size < 2:
        raise ShapeError(
            "every output has at least two weights, W of shape (O, I, ...)",
            got=f"shape {W.shape}",
            hint="the weight of a linear or convolution layer",
        )
    W_hat, inv_std = normalise(W, tuple(range(1, W.ndim)), eps=eps)
    return W_hat, (W_hat, inv_std)


def weight_standardise_backward(dW_hat: FloatWeights, cache: WeightCache) -> tuple[FloatWeights]:
    """The gradient of W from that of W_hat: batch norm's short form, with inputs in the place of examples.

    dW_hat (O, I, *k) and the cache of `weight_standardise` -> a tuple of one, dW of that shape.
    Raises ShapeError when dW_hat has not the shape of W_hat.

    >>> _, cache = weight_standardise(np.array([[1.0, 3.0]]), eps=3.0)
    >>> weight_standardise_backward(np.array([[1.0, 0.0]]), cache)[0]
    array([[ 0.1875, -0.1875]])
    """
    W_hat, inv_std = cache
    axes = tuple(range(1, W_hat.ndim))
    return (normalise_backward(check_dy(dW_hat, W_hat), W_hat, inv_std, axes),)
