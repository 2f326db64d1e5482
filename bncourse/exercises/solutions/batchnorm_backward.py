"""A solution of batchnorm_backward. Chapter: staged-backward."""

__all__ = ["batchnorm_backward"]


def batchnorm_backward(dy, cache):
    """dy (N, D) and the values of the forward pass -> dx (N, D), dgamma (D,), dbeta (D,).

    >>> import numpy as np
    >>> from bncourse.reference.staged import staged_forward
    >>> _, values = staged_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=3.0)
    >>> batchnorm_backward(np.array([[1.0], [0.0]]), values)[0].ravel()
    array([ 0.1875, -0.1875])
    """
    N = len(dy)
    dbeta = dy.sum(axis=0)
    dgamma = (dy * cache.x_hat).sum(axis=0)
    dx_hat = dy * cache.gamma
    dinv_std = (dx_hat * cache.xc).sum(axis=0)
    dvar = -0.5 * dinv_std * cache.inv_std**3
    dxc = dx_hat * cache.inv_std + 2 * cache.xc * dvar / N
    dmu = -dxc.sum(axis=0)
    dx = dxc + dmu / N
    return dx, dgamma, dbeta
