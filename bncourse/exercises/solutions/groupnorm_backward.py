"""A solution of groupnorm_backward. Chapter: small-batches."""

__all__ = ["groupnorm_backward"]


def groupnorm_backward(dy, cache):
    """dy (N, C, H, W) and the cache of the forward pass -> dx like dy, dgamma (C,), dbeta (C,).

    >>> import numpy as np
    >>> from bncourse import groupnorm_forward
    >>> x = np.array([1.0, 3.0, 5.0, 7.0]).reshape(1, 4, 1, 1)
    >>> _, cache = groupnorm_forward(x, np.ones(4), np.zeros(4), 2, eps=3.0)
    >>> groupnorm_backward(np.array([1.0, 0.0, 0.0, 0.0]).reshape(1, 4, 1, 1), cache)[0].ravel()
    array([ 0.1875, -0.1875,  0.    ,  0.    ])
    """
    N, C, H, W = dy.shape
    blocks = (N, cache.groups, C // cache.groups, H, W)
    dbeta = dy.sum(axis=(0, 2, 3))
    dgamma = (dy * cache.x_hat).sum(axis=(0, 2, 3))
    g = (dy * cache.gamma[:, None, None]).reshape(blocks)
    x_hat = cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, dgamma, dbeta
