"""Three remedies for batches that are too small, too large or too alike. Chapter: small-batches.

    ghost     split a large batch, normalise each part by itself
    renorm    batch norm, corrected towards the running statistics by r and d
    frozen    the running statistics in training as well: an affine map

x (N, C, *spatial); gamma, beta (C,). Each remedy is a forward and a backward
function. A fourth one is in weights.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from bncourse.conventions import as_float, check_eps, check_row
from bncourse.errors import ShapeError, StateError
from bncourse.reference.channels import (
    Channels,
    FloatChannels,
    FloatMaps,
    Maps,
    NormCache,
    channel_backward,
    channel_forward,
)
from bncourse.reference.inputs import check_dy
from bncourse.reference.running import RunningStats

__all__ = [
    "RenormCache",
    "batch_renorm",
    "batch_renorm_backward",
    "frozen_batchnorm",
    "frozen_batchnorm_backward",
    "ghost_batchnorm",
    "ghost_batchnorm_backward",
]

Gradients = tuple[FloatMaps, FloatChannels, FloatChannels]


def ghost_batchnorm(
    x: Maps, gamma: Channels, beta: Channels, size: int, *, eps: float = 1e-5
) -> tuple[FloatMaps, tuple[NormCache, ...]]:
    """Batch norm of each `size` consecutive examples by themselves, as if each part were a batch.

    x (N, C, *spatial), gamma, beta (C,), and size, a divisor of N -> y like x and one cache a part.
    Raises StateError when size does not divide N, ShapeError as `spatial_batchnorm_forward` does.
    Source: Hoffer, Hubara and Soudry 2017 (arXiv 1705.08741), algorithm 1, without its running statistics.

    >>> x = np.array([[1.0], [3.0], [10.0], [30.0]])
    >>> ghost_batchnorm(x, np.ones(1), np.zeros(1), size=2)[0].round(2).ravel().tolist()
    [-1.0, 1.0, -1.0, 1.0]
    """
    maps = as_float(x, "x")
    N = len(maps)
    if not isinstance(size, Integral) or size < 1 or N % size:
        raise StateError(
            "size divides the number of examples", got=f"size = {size}, N = {N}", hint=f"size={N}"
        )
    parts = [channel_forward("batch", part, gamma, beta, eps=eps) for part in np.split(maps, N // size)]
    ys, caches = zip(*parts, strict=True)
    return np.concatenate(ys), caches


def ghost_batchnorm_backward(dy: Maps, caches: Sequence[NormCache]) -> Gradients:
    """Gradients with respect to x, gamma and beta: each part by itself, dgamma and dbeta summed.

    dy (N, C, *spatial) and the caches of `ghost_batchnorm` -> dx like dy, dgamma (C,), dbeta (C,).
    Raises ShapeError when dy has not the shape of y.

    >>> x = np.array([[1.0], [3.0], [10.0], [30.0]])
    >>> _, caches = ghost_batchnorm(x, np.ones(1), np.zeros(1), size=2, eps=3.0)
    >>> ghost_batchnorm_backward(np.array([[1.0], [0.0], [0.0], [0.0]]), caches)[0].ravel().tolist()
    [0.1875, -0.1875, 0.0, 0.0]
    """
    dy = check_dy(dy, np.concatenate([cache.x_hat for cache in caches]))
    parts = np.split(dy, len(caches))
    dxs, dgammas, dbetas = zip(
        *[channel_backward("batch", part, cache) for part, cache in zip(parts, caches, strict=True)],
        strict=True,
    )
    return np.concatenate(dxs), np.sum(dgammas, axis=0), np.sum(dbetas, axis=0)


@dataclass(frozen=True, eq=False)
class RenormCache:
    """What batch renorm keeps: the cache of a batch norm with the scale gamma · r, and r and d, both (C,).

    >>> stats = RunningStats(np.array([2.0]), np.array([13.0]))
    >>> _, cache = batch_renorm(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), stats, eps=3.0)
    >>> cache.r, cache.d
    (array([0.5]), array([0.]))
    """

    batch: NormCache
    r: FloatChannels
    d: FloatChannels


def batch_renorm(
    x: Maps,
    gamma: Channels,
    beta: Channels,
    stats: RunningStats,
    *,
    r_max: float = 3.0,
    d_max: float = 5.0,
    eps: float = 1e-5,
) -> tuple[FloatMaps, RenormCache]:
    """Batch norm whose x_hat is moved to where the running statistics would put it, within limits.

    x (N, C, *spatial), gamma, beta (C,), stats of C channels -> y like x and the cache. With
    std² = var + eps, of the batch and of `stats`: r = std_batch / std, cut to [1/r_max, r_max], and
    d = (mean_batch − mean) / std, cut to [−d_max, d_max]; x_hat · r + d takes the place of x_hat.
    r_max = 1 and d_max = 0 give batch norm; without a cut y is that of inference. The paper starts
    with the former and widens the limits to 3 and 5; it averages std, where `stats` averages var.
    `stats` is read, never changed. Raises ShapeError or StateError.
    Source: Ioffe 2017 (arXiv 1702.03275), algorithm 1.

    >>> stats = RunningStats(np.array([2.0]), np.array([13.0]))
    >>> batch_renorm(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), stats, eps=3.0)[0].ravel()
    array([-0.25,  0.25])
    """
    if not (r_max >= 1 and d_max >= 0):
        raise StateError(
            "r_max is 1 or more and d_max 0 or more",
            got=f"r_max = {r_max}, d_max = {d_max}",
            hint="r_max=3.0",
        )
    ones, zeros = np.ones_like(as_float(gamma, "gamma")), np.zeros_like(as_float(gamma, "gamma"))
    _, plain = channel_forward("batch", x, ones, zeros, eps=eps)  # checks x and gamma
    C = plain.x_hat.shape[1]
    mean, std = _of_channels(stats, C, eps)
    std_batch = 1 / plain.inv_std.reshape(C)
    mean_batch = as_float(x, "x").mean(axis=(0, *range(2, plain.x_hat.ndim)), dtype=np.float64)
    r = np.clip(std_batch / std, 1 / r_max, r_max)
    d = np.clip((mean_batch - mean) / std, -d_max, d_max)
    gamma, beta = check_row(gamma, "gamma", C), check_row(beta, "beta", C)
    y, cache = channel_forward("batch", x, gamma * r, gamma * d + beta, eps=eps)
    return y, RenormCache(cache, r, d)


def batch_renorm_backward(dy: Maps, cache: RenormCache) -> Gradients:
    """Gradients with respect to x, gamma and beta, with r and d held constant, as the paper has it.

    dy (N, C, *spatial) and the cache of `batch_renorm` -> dx like dy, dgamma (C,), dbeta (C,).
    Raises ShapeError when dy has not the shape of y.

    >>> stats = RunningStats(np.array([2.0]), np.array([13.0]))
    >>> _, cache = batch_renorm(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), stats, eps=3.0)
    >>> batch_renorm_backward(np.array([[1.0], [0.0]]), cache)[0].ravel()  # half of batch norm's
    array([ 0.09375, -0.09375])
    """
    dx, along_x_hat, dbeta = channel_backward("batch", dy, cache.batch)
    dgamma: np.ndarray = cache.r * along_x_hat + cache.d * dbeta
    return dx, dgamma.astype(dx.dtype), dbeta


def frozen_batchnorm(
    x: Maps, gamma: Channels, beta: Channels, stats: RunningStats, *, eps: float = 1e-5
) -> tuple[FloatMaps, NormCache]:
    """Batch norm with its statistics frozen: `batchnorm_inference`, used in training, for maps as well.

    x (N, C, *spatial) with N >= 1, gamma, beta (C,), stats of C channels -> y like x and the cache.
    Raises ShapeError or StateError.
    Source: He et al. 2015 (arXiv 1512.03385), appendix A, which fine-tunes detectors so.

    >>> stats = RunningStats(np.array([2.0]), np.array([13.0]))
    >>> frozen_batchnorm(np.array([[6.0]]), np.ones(1), np.zeros(1), stats, eps=3.0)[0]
    array([[1.]])
    """
    maps, eps = as_float(x, "x"), float(check_eps(eps))
    if maps.ndim < 2 or maps.size == 0:
        raise ShapeError(
            "x has axes (N examples, C channels, ...) and holds a value",
            got=f"shape {maps.shape}",
            hint="x of shape (N, C, H, W), (N, C, T) or (N, C)",
        )
    C = maps.shape[1]
    beside = (C, *[1] * (maps.ndim - 2))
    mean, std = _of_channels(stats, C, eps)
    gamma = check_row(gamma, "gamma", C).astype(maps.dtype)
    beta = check_row(beta, "beta", C).astype(maps.dtype)
    inv_std = (1 / std).reshape(1, *beside).astype(maps.dtype)
    x_hat = ((maps - mean.reshape(beside)) / std.reshape(beside)).astype(maps.dtype)
    y = gamma.reshape(beside) * x_hat + beta.reshape(beside)
    return y, NormCache("frozen", x_hat, inv_std, gamma)


def frozen_batchnorm_backward(dy: Maps, cache: NormCache) -> Gradients:
    """Gradients with respect to x, gamma and beta. The statistics are constants: dx = gamma · inv_std · dy.

    dy (N, C, *spatial) and the cache of `frozen_batchnorm` -> dx like dy, dgamma (C,), dbeta (C,).
    Raises ShapeError when dy has not the shape of y, StateError for the cache of another norm.

    >>> stats = RunningStats(np.array([2.0]), np.array([13.0]))
    >>> _, cache = frozen_batchnorm(np.array([[6.0]]), np.array([8.0]), np.zeros(1), stats, eps=3.0)
    >>> frozen_batchnorm_backward(np.array([[1.0]]), cache)
    (array([[2.]]), array([1.]), array([1.]))
    """
    if cache.norm != "frozen":
        raise StateError(
            "the cache is that of frozen_batchnorm", got=f"one of {cache.norm} norm", hint="its own backward"
        )
    dy = check_dy(dy, cache.x_hat)
    rest = (0, *range(2, dy.ndim))
    gamma = cache.gamma.reshape(-1, *[1] * (dy.ndim - 2))
    return gamma * cache.inv_std * dy, (dy * cache.x_hat).sum(axis=rest), dy.sum(axis=rest)


def _of_channels(stats: RunningStats, C: int, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the statistics, with eps inside the root."""
    if stats.mean.shape != (C,):
        raise ShapeError(
            f"the statistics have one value a channel, shape ({C},)",
            got=f"shape {stats.mean.shape}",
            hint=f"RunningStats.initial({C})",
        )
    return stats.mean, np.sqrt(stats.var + eps)
