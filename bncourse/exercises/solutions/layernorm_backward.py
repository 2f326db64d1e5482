"""A solution of layernorm_backward. Chapter: small-batches."""

__all__ = ["layernorm_backward"]


def layernorm_backward(dy, cache):
    """dy (N, D) and the cache of the forward pass -> dx (N, D), dgamma (D,), dbeta (D,).

    >>> import numpy as np
    >>> from bncourse import layernorm_forward
    >>> _, cache = layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=3.0)
    >>> layernorm_backward(np.array([[1.0, 0.0]]), cache)[0]
    array([[ 0.1875, -0.1875]])
    """
    x_hat = cache.x_hat
    dbeta = dy.sum(axis=0)
    dgamma = (dy * x_hat).sum(axis=0)
    g = dy * cache.gamma  # before the means: gamma differs from feature to feature
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, dgamma, dbeta
