"""The parts whose sum a right output is, for images, other norms, folding, merging and workers.

Chapters: convolutions, small-batches, ship-and-scale.

With them a factor that no list contains (3×, 0.37×) is told as the weight of its term.
"""

from typing import Any

import numpy as np

from bncourse.exercises.probes import Probe
from bncourse.exercises.row import Terms
from bncourse.gradients import numerical_gradient
from bncourse.reference.channels import SHARED, NormCache
from bncourse.reference.sync import syncbn_backward

__all__ = [
    "folding_terms",
    "merging_terms",
    "norm_backward_terms",
    "norm_terms",
    "numerical_terms",
    "sync_terms",
]


def _shared_mean(z: np.ndarray, norm: str, groups: int) -> np.ndarray:
    """The mean that each entry of z takes part in, beside it: of the axes that `SHARED` names."""
    blocks = z.reshape(z.shape[0], groups, z.shape[1] // groups, -1)
    means = blocks.mean(axis=SHARED[norm], keepdims=True)
    return np.broadcast_to(means, blocks.shape).reshape(z.shape)


def _beside(row: np.ndarray, z: np.ndarray) -> np.ndarray:
    """One value a channel, as a table like z."""
    return np.broadcast_to(row.reshape(-1, *[1] * (z.ndim - 2)), z.shape)


def norm_terms(norm: str) -> Any:
    """The terms of a forward pass: x, the mean and beta. Its arguments are x, gamma, beta, (groups), eps.

    >>> terms = norm_terms("layer")(Probe((np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), 3.0)))
    >>> terms["y"]["mu"]
    array([[-1., -1.]])
    """

    def terms(probe: Probe) -> Terms:
        x, gamma, beta, *groups, eps = probe.given
        x, G = x.astype(np.float64), groups[0] if groups else 1
        mu = _shared_mean(x, norm, G)
        slope = _beside(gamma, x) / np.sqrt(_shared_mean((x - mu) ** 2, norm, G) + eps)
        return {"y": {"x": slope * x, "mu": -slope * mu, "shift": _beside(beta, x)}}

    return terms


def norm_backward_terms(probe: Probe) -> Terms:
    """The terms of a backward pass, for any norm: the direct term, the mean path, the variance path.

    >>> from bncourse.reference.family import layernorm_forward
    >>> _, cache = layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=3.0)
    >>> norm_backward_terms(Probe((np.array([[1.0, 0.0]]), cache)))["dx"]["mean"]
    array([[-0.25, -0.25]])
    """
    dy, cache = probe.given
    assert isinstance(cache, NormCache)
    g = _beside(cache.gamma, dy) * dy
    dx = {
        "direct": cache.inv_std * g,
        "mean": -cache.inv_std * _shared_mean(g, cache.norm, cache.groups),
        "variance": -cache.inv_std * cache.x_hat * _shared_mean(g * cache.x_hat, cache.norm, cache.groups),
    }
    rest = (0, *range(2, dy.ndim))
    dgamma, dbeta = (dy * cache.x_hat).sum(axis=rest), dy.sum(axis=rest)
    return {"dx": dx, "dgamma": {"dgamma": dgamma}, "dbeta": {"dbeta": dbeta}}


def folding_terms(probe: Probe) -> Terms:
    """The terms of a folded layer: the scaled weights; of the bias, the old one, the mean and beta.

    >>> one = np.ones(1)
    >>> sorted(folding_terms(Probe((np.ones((1, 2)), None, one, one, one, one, 3.0)))["b"])
    ['bias', 'mu', 'shift']
    """
    W, b, gamma, beta, mean, var, eps = probe.given
    scale = gamma / np.sqrt(var + eps)
    bias = {"bias": scale * (0 if b is None else b), "mu": -scale * mean, "shift": beta}
    return {"W": {"weights": W * scale.reshape(-1, *[1] * (W.ndim - 1))}, "b": bias}


def merging_terms(probe: Probe) -> Terms:
    """The terms of merged statistics: a's and b's part; of the variance, within and between.

    >>> row = np.ones(1)
    >>> merging_terms(Probe((1, row, row, 3, 5 * row, row)))["var"]["between"]
    array([3.])
    """
    count_a, mean_a, var_a, count_b, mean_b, var_b = probe.given
    a, b = count_a / (count_a + count_b), count_b / (count_a + count_b)
    return {
        "count": {"a": np.asarray(count_a), "b": np.asarray(count_b)},
        "mean": {"a": a * mean_a, "b": b * mean_b},
        "var": {"within": a * var_a + b * var_b, "between": a * b * (mean_b - mean_a) ** 2},
    }


def sync_terms(probe: Probe) -> Terms:
    """The terms of a backward pass over workers; the workers' dx laid one below the other.

    >>> from bncourse.reference.sync import syncbn_forward
    >>> _, caches = syncbn_forward([np.array([[1.0]]), np.array([[3.0]])], np.ones(1), np.zeros(1), eps=3.0)
    >>> sync_terms(Probe(([np.array([[1.0]]), np.array([[0.0]])], caches)))["dxs"]["mean"].ravel()
    array([-0.25, -0.25])
    """
    dys, caches = probe.given
    _, dgamma, dbeta = syncbn_backward(dys, caches)
    one = caches[0]
    slope, x_hat = one.gamma * one.inv_std, np.concatenate([cache.x_hat for cache in caches])
    dxs = {
        "direct": slope * np.concatenate(dys),
        "mean": -slope * dbeta / one.count * np.ones_like(x_hat),
        "variance": -slope * x_hat * dgamma / one.count,
    }
    return {"dxs": dxs, "dgamma": {"dgamma": dgamma}, "dbeta": {"dbeta": dbeta}}


def numerical_terms(probe: Probe) -> Terms:
    """The whole of it, for a factor.

    >>> numerical_terms(Probe((lambda x: x**2, np.array([3.0]), np.ones(1), 1e-3)))["dx"]["dx"].round(6)
    array([6.])
    """
    fn, x, dy, h = probe.given
    return {"dx": {"dx": numerical_gradient(fn, x, dy, h=h)}}
