"""A solution of batchnorm_backward_alt. Chapter: simplified-backward."""

__all__ = ["batchnorm_backward_alt"]


def batchnorm_backward_alt(dy, cache):
    """dy (N, D) and the values of the forward pass -> dx (N, D), dgamma (D,), dbeta (D,).

    >>> import numpy as np
    >>> from bncourse.reference.staged import staged_forward
    >>> _, values = staged_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=3.0)
    >>> batchnorm_backward_alt(np.array([[1.0], [0.0]]), values)[0].ravel()
    array([ 0.1875, -0.1875])
    """
    x_hat = cache.x_hat
    dx = cache.gamma * cache.inv_std * (dy - dy.mean(axis=0) - x_hat * (dy * x_hat).mean(axis=0))
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)
