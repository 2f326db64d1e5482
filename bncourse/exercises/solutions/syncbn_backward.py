"""A solution of syncbn_backward. Chapter: ship-and-scale."""

__all__ = ["syncbn_backward"]


def syncbn_backward(dys, caches):
    """One dy (N_w, D) and one cache a worker -> dxs, a list like dys, dgamma (D,), dbeta (D,).

    >>> import numpy as np
    >>> from bncourse import syncbn_forward
    >>> _, caches = syncbn_forward([np.array([[1.0]]), np.array([[3.0]])], np.ones(1), np.zeros(1), eps=3.0)
    >>> dxs, dgamma, dbeta = syncbn_backward([np.array([[1.0]]), np.array([[0.0]])], caches)
    >>> [dx.item() for dx in dxs], dgamma, dbeta
    ([0.1875, -0.1875], array([-0.5]), array([1.]))
    """
    dbeta = sum(dy.sum(axis=0) for dy in dys)  # these two sums travel between the workers
    dgamma = sum((dy * cache.x_hat).sum(axis=0) for dy, cache in zip(dys, caches, strict=True))
    dxs = []
    for dy, cache in zip(dys, caches, strict=True):
        mean_dy, mean_dy_x_hat = dbeta / cache.count, dgamma / cache.count
        dxs.append(cache.gamma * cache.inv_std * (dy - mean_dy - cache.x_hat * mean_dy_x_hat))
    return dxs, dgamma, dbeta
