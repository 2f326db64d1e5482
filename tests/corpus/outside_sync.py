"""Wrong backward passes over workers that no code names: the checker has to say that it does not know."""

import numpy as np

from corpus.registry import program


def _sums(dys, caches):
    dgamma = sum((dy * c.x_hat).sum(0) for dy, c in zip(dys, caches, strict=True))
    return dgamma, sum(dy.sum(0) for dy in dys)


def _dxs(dys, caches, S, Sx):
    """dx of every worker from two sums, whatever they hold."""
    return [
        c.gamma * c.inv_std * (dy - S / c.count - c.x_hat * Sx / c.count)
        for dy, c in zip(dys, caches, strict=True)
    ]


@program(check="syncbn_backward", code="outside")
def sums_of_the_others(dys, caches):
    dgamma, dbeta = _sums(dys, caches)
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        S, Sx = dbeta - dy.sum(0), dgamma - (dy * c.x_hat).sum(0)
        dxs += _dxs([dy], [c], S, Sx)
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="outside")
def broadcast_from_rank_zero(dys, caches):
    dgamma, dbeta = _sums(dys, caches)
    m, p = dys[0].mean(0), (dys[0] * caches[0].x_hat).mean(0)
    dxs = [c.gamma * c.inv_std * (dy - m - c.x_hat * p) for dy, c in zip(dys, caches, strict=True)]
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="outside")
def gamma_squared(dys, caches):
    dgamma, dbeta = _sums(dys, caches)
    dxs = [t * c.gamma for t, c in zip(_dxs(dys, caches, dbeta, dgamma), caches, strict=True)]
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="outside")
def clipped_gradients(dys, caches):
    dys = [np.clip(dy, -0.5, 0.5) for dy in dys]
    dgamma, dbeta = _sums(dys, caches)
    return _dxs(dys, caches, dbeta, dgamma), dgamma, dbeta


@program(check="syncbn_backward", code="outside")
def x_hat_centred_again_at_home(dys, caches):
    dgamma, dbeta = _sums(dys, caches)
    dxs = []
    for dy, c in zip(dys, caches, strict=True):
        xh = c.x_hat - c.x_hat.mean(0)  # 平均を 0 に
        dxs.append(c.gamma * c.inv_std * (dy - dbeta / c.count - xh * dgamma / c.count))
    return dxs, dgamma, dbeta


@program(check="syncbn_backward", code="outside")
def mean_over_the_features_too(dys, caches):
    dgamma, dbeta = _sums(dys, caches)
    S = np.full(dbeta.shape, dbeta.mean())
    return _dxs(dys, caches, S, dgamma), dgamma, dbeta


@program(check="syncbn_backward", code="outside")
def inv_std_of_the_neighbour(dys, caches):
    dgamma, dbeta = _sums(dys, caches)
    dxs = _dxs(dys, caches, dbeta, dgamma)
    inv = caches[0].inv_std
    return [dx / inv * np.roll(inv, 1) for dx in dxs], dgamma, dbeta


@program(check="syncbn_backward", code="outside")
def absolute_values_summed(dys, caches):
    dgamma = sum(np.abs(dy * c.x_hat).sum(0) for dy, c in zip(dys, caches, strict=True))
    dbeta = sum(np.abs(dy).sum(0) for dy in dys)
    return _dxs(dys, caches, dbeta, dgamma), dgamma, dbeta
