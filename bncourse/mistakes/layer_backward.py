"""Wrong twins of layer norm, backward. Chapters: small-batches, gradient-checking.

dy (N, D). Read each beside the right lines:

    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

import numpy as np

from bncourse.conventions import Batch
from bncourse.mistakes.twin import twin
from bncourse.reference.channels import NormCache

__all__ = ["LAYER_BACKWARD"]

Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]


@twin("layer-backward.no-mean-path", "the version without the mean path")
def no_mean_path(dy: Batch, cache: NormCache) -> Gradients:
    """mu is treated as a constant."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@twin("layer-backward.no-variance-path", "the version without the variance path")
def no_variance_path(dy: Batch, cache: NormCache) -> Gradients:
    """var is treated as a constant."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@twin("layer-backward.constant-statistics", "the version that treats mean and variance as constants")
def constant_statistics(dy: Batch, cache: NormCache) -> Gradients:
    """Neither path."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    dx = cache.inv_std * g
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@twin("layer-backward.mean-term-sign", "the version with the sign of the mean term turned")
def mean_term_sign(dy: Batch, cache: NormCache) -> Gradients:
    """A plus for a minus."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g + mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@twin("layer-backward.variance-term-sign", "the version with the sign of the variance term turned")
def variance_term_sign(dy: Batch, cache: NormCache) -> Gradients:
    """A plus for a minus."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g + x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@twin("layer-backward.batch-axis", "the version that takes the two means of dx over the batch (axis 0)")
def batch_axis(dy: Batch, cache: NormCache) -> Gradients:
    """The backward of batch norm."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.mean(axis=0, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=0, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@twin("layer-backward.n-for-d", "the version that divides both sums in dx by N, not by D")
def n_for_d(dy: Batch, cache: NormCache) -> Gradients:
    """A line of batch norm, with only its axis changed."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.sum(axis=1, keepdims=True) / len(dy)
    mean_g_x_hat = (g * x_hat).sum(axis=1, keepdims=True) / len(dy)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@twin("layer-backward.mean-term-n-for-d", "the version that divides the sum of the mean path by N, not by D")
def mean_term_n_for_d(dy: Batch, cache: NormCache) -> Gradients:
    """The other term is right."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.sum(axis=1, keepdims=True) / len(dy)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@twin(
    "layer-backward.variance-term-n-for-d",
    "the version that divides the sum of the variance path by N, not by D",
)
def variance_term_n_for_d(dy: Batch, cache: NormCache) -> Gradients:
    """The other term is right."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).sum(axis=1, keepdims=True) / len(dy)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@twin("layer-backward.no-1/D", "the version that lacks 1/D on both paths")
def no_1_over_d(dy: Batch, cache: NormCache) -> Gradients:
    """Sums where means belong."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.sum(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).sum(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@twin("layer-backward.gamma-outside", "the version that multiplies by gamma after the means, not before")
def gamma_outside(dy: Batch, cache: NormCache) -> Gradients:
    """Right in batch norm; here gamma differs within one mean."""
    x_hat, g = cache.x_hat, dy
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.gamma * cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@twin("layer-backward.gamma-missing", "the version without gamma in dx")
def gamma_missing(dy: Batch, cache: NormCache) -> Gradients:
    """As if y were x_hat."""
    x_hat, g = cache.x_hat, dy
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@twin("layer-backward.std-multiplied", "the version that multiplies by std instead of dividing")
def std_multiplied(dy: Batch, cache: NormCache) -> Gradients:
    """inv_std upside down."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = (1 / cache.inv_std) * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@twin("layer-backward.dgamma-axis", "the version whose dgamma is summed over the features, not the batch")
def dgamma_axis(dy: Batch, cache: NormCache) -> Gradients:
    """One value an example, of shape (N,). It fits only when N = D."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=1), dy.sum(axis=0)


@twin("layer-backward.dbeta-axis", "the version whose dbeta is summed over the features, not the batch")
def dbeta_axis(dy: Batch, cache: NormCache) -> Gradients:
    """One value an example, of shape (N,). It fits only when N = D."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=1)


@twin("layer-backward.dgamma-mean", "the version whose dgamma is a mean, not a sum")
def dgamma_mean(dy: Batch, cache: NormCache) -> Gradients:
    """Every use of gamma adds its part."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).mean(axis=0), dy.sum(axis=0)


@twin("layer-backward.dbeta-mean", "the version whose dbeta is a mean, not a sum")
def dbeta_mean(dy: Batch, cache: NormCache) -> Gradients:
    """Every use of beta adds its part."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.mean(axis=0)


@twin("layer-backward.dgamma-extra-gamma", "the version with a gamma too many in dgamma")
def dgamma_extra_gamma(dy: Batch, cache: NormCache) -> Gradients:
    """g stands where dy belongs."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (g * x_hat).sum(axis=0), dy.sum(axis=0)


@twin("layer-backward.dbeta-extra-gamma", "the version with a gamma too many in dbeta")
def dbeta_extra_gamma(dy: Batch, cache: NormCache) -> Gradients:
    """g stands where dy belongs."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=0), g.sum(axis=0)


@twin("layer-backward.dgamma-dbeta-swapped", "the version with dgamma and dbeta exchanged")
def dgamma_dbeta_swapped(dy: Batch, cache: NormCache) -> Gradients:
    """Same shape, so nothing complains."""
    x_hat, g = cache.x_hat, dy * cache.gamma
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, dy.sum(axis=0), (dy * x_hat).sum(axis=0)


LAYER_BACKWARD = (
    no_mean_path, no_variance_path, constant_statistics, mean_term_sign, variance_term_sign, batch_axis,
    n_for_d, mean_term_n_for_d, variance_term_n_for_d, no_1_over_d, gamma_outside, gamma_missing,
    std_multiplied, dgamma_axis, dbeta_axis, dgamma_mean, dbeta_mean, dgamma_extra_gamma,
    dbeta_extra_gamma, dgamma_dbeta_swapped,
)  # fmt: skip
