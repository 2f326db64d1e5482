"""Batch norm over several workers as if their batches were one. Chapter: ship-and-scale.

    xs  one batch a worker, each (N_w, D); the N_w may differ, and one of them may be 1
    gamma, beta  (D,), the same on every worker

What is written here as a sum over a list is, on real machines, an all-reduce: forward sends count,
mean and variance, backward two sums a feature. Everything else stays where it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from bncourse.conventions import FloatBatch, FloatRow, Row, check_eps, check_row
from bncourse.errors import ShapeError
from bncourse.reference.inputs import check_batch, check_dy
from bncourse.reference.merge import merge_stats
from bncourse.reference.moments import batch_moments

__all__ = ["SyncCache", "syncbn_backward", "syncbn_forward"]


@dataclass(frozen=True, eq=False)
class SyncCache:
    """What one worker keeps: its own x_hat, and the count and inv_std of all workers together.

    >>> _, caches = syncbn_forward([np.array([[1.0]]), np.array([[3.0]])], np.ones(1), np.zeros(1), eps=3.0)
    >>> [(cache.x_hat.item(), cache.inv_std.item(), cache.count) for cache in caches]
    [(-0.5, 0.5, 2), (0.5, 0.5, 2)]
    """

    x_hat: FloatBatch
    inv_std: FloatRow
    gamma: FloatRow
    count: int


def syncbn_forward(
    xs: Sequence[np.ndarray], gamma: Row, beta: Row, *, eps: float = 1e-5
) -> tuple[list[np.ndarray], list[SyncCache]]:
    """Normalise every worker's batch with the mean and variance of all of them.

    xs, a list of (N_w, D) with two examples or more in all; gamma, beta (D,) -> ys, a list of the same
    shapes, and one cache a worker for `syncbn_backward`. Equals `batchnorm_forward` of the batches laid
    one below the other. Raises ShapeError or StateError.
    Source: Peng et al. 2018 (arXiv 1711.07240), cross-GPU batch normalisation; moments are
    merged by `merge_stats`.

    >>> ys, _ = syncbn_forward([np.array([[1.0]]), np.array([[3.0]])], np.ones(1), np.zeros(1), eps=3.0)
    >>> [y.tolist() for y in ys]
    [[[-0.5]], [[0.5]]]
    """
    if len(xs) == 0:
        raise ShapeError("there is at least one worker", got="an empty list", hint="xs=[x]")
    batches = [check_batch(x, training=False) for x in xs]
    D, eps = batches[0].shape[1], float(check_eps(eps))
    for number, batch in enumerate(batches):
        if batch.shape[1] != D:
            raise ShapeError(
                f"every worker has the same features, {D}",
                got=f"shape {batch.shape} from worker {number}",
                hint="one layer, one number of features",
            )
    gamma, beta = check_row(gamma, "gamma", D), check_row(beta, "beta", D)
    parts = [(len(batch), *batch_moments(batch.astype(np.float64))) for batch in batches]
    count, mu, var = reduce(lambda a, b: merge_stats(*a, *b), parts)
    if count == 1:
        raise ShapeError(
            "all workers together have at least two examples", got="one", hint="a larger batch on any of them"
        )
    ys, caches = [], []
    for batch in batches:
        inv_std = (1 / np.sqrt(var + eps)).astype(batch.dtype)
        x_hat = ((batch - mu) / np.sqrt(var + eps)).astype(batch.dtype)
        own = gamma.astype(batch.dtype)
        ys.append(own * x_hat + beta.astype(batch.dtype))
        caches.append(SyncCache(x_hat, inv_std, own, count))
    return ys, caches


def syncbn_backward(
    dys: Sequence[np.ndarray], caches: Sequence[SyncCache]
) -> tuple[list[np.ndarray], FloatRow, FloatRow]:
    """Gradients with respect to every worker's x, and to gamma and beta.

    dys, a list of (N_w, D), and the caches of `syncbn_forward` -> dxs, a list of the same shapes, and
    dgamma, dbeta (D,), summed over all workers. The two means in dx are those of all examples: the sums
    travel, divided by the count of all. Raises ShapeError when a dy has not the shape of its y.
    Source: `batchnorm_backward`, with its two sums taken over workers.

    >>> _, caches = syncbn_forward([np.array([[1.0]]), np.array([[3.0]])], np.ones(1), np.zeros(1), eps=3.0)
    >>> dxs, dgamma, dbeta = syncbn_backward([np.array([[1.0]]), np.array([[0.0]])], caches)
    >>> [dx.item() for dx in dxs], dgamma, dbeta
    ([0.1875, -0.1875], array([-0.5]), array([1.]))
    """
    if len(dys) != len(caches) or len(caches) == 0:
        raise ShapeError(
            f"there is one dy a worker, {len(caches)}", got=f"{len(dys)}", hint="[dy for every y of ys]"
        )
    pairs = [(check_dy(dy, cache.x_hat), cache) for dy, cache in zip(dys, caches, strict=True)]
    dbeta = sum(dy.sum(axis=0, dtype=np.float64) for dy, _ in pairs)
    dgamma = sum((dy * cache.x_hat).sum(axis=0, dtype=np.float64) for dy, cache in pairs)
    dxs = []
    for dy, cache in pairs:
        mean_dy, mean_dy_x_hat = dbeta / cache.count, dgamma / cache.count
        dx = cache.gamma * cache.inv_std * (dy - mean_dy - cache.x_hat * mean_dy_x_hat)
        dxs.append(dx.astype(dy.dtype))
    dtype = caches[0].x_hat.dtype
    return dxs, np.asarray(dgamma).astype(dtype), np.asarray(dbeta).astype(dtype)
