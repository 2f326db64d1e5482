"""A solution of spatial_batchnorm_backward. Chapter: convolutions."""

__all__ = ["spatial_batchnorm_backward"]


def spatial_batchnorm_backward(dy, cache):
    """dy (N, C, H, W) and the cache of the forward pass -> dx like dy, dgamma (C,), dbeta (C,).

    >>> import numpy as np
    >>> from bncourse import spatial_batchnorm_forward
    >>> _, cache = spatial_batchnorm_forward(np.array([[[[1.0, 3.0]]]]), np.ones(1), np.zeros(1), eps=3.0)
    >>> spatial_batchnorm_backward(np.array([[[[1.0, 0.0]]]]), cache)[0].ravel()
    array([ 0.1875, -0.1875])
    """
    x_hat = cache.x_hat
    dbeta = dy.sum(axis=(0, 2, 3))
    dgamma = (dy * x_hat).sum(axis=(0, 2, 3))
    g = dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, dgamma, dbeta
