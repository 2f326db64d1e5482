"""Wrong twins of spatial batch norm, backward: paths, gamma, dgamma and dbeta.

Chapters: convolutions, gradient-checking.

dy (N, C, H, W). Read each beside the right lines:

    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

import numpy as np

from bncourse.mistakes.twin import twin
from bncourse.reference.channels import Maps, NormCache

__all__ = ["SPATIAL_BACKWARD_TERMS"]

Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]


@twin("spatial-backward.no-mean-path", "the version without the mean path")
def no_mean_path(dy: Maps, cache: NormCache) -> Gradients:
    """mu is treated as a constant."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    dx = cache.inv_std * (g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("spatial-backward.no-variance-path", "the version without the variance path")
def no_variance_path(dy: Maps, cache: NormCache) -> Gradients:
    """var is treated as a constant."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("spatial-backward.constant-statistics", "the version that treats mean and variance as constants")
def constant_statistics(dy: Maps, cache: NormCache) -> Gradients:
    """Neither path."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    dx = cache.inv_std * g
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("spatial-backward.mean-term-sign", "the version with the sign of the mean term turned")
def mean_term_sign(dy: Maps, cache: NormCache) -> Gradients:
    """A plus for a minus."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    dx = cache.inv_std * (g + mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("spatial-backward.variance-term-sign", "the version with the sign of the variance term turned")
def variance_term_sign(dy: Maps, cache: NormCache) -> Gradients:
    """A plus for a minus."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g + x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("spatial-backward.gamma-missing", "the version without gamma in dx")
def gamma_missing(dy: Maps, cache: NormCache) -> Gradients:
    """As if y were x_hat."""
    x_hat, g = cache.x_hat, dy
    mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("spatial-backward.std-multiplied", "the version that multiplies by std instead of dividing")
def std_multiplied(dy: Maps, cache: NormCache) -> Gradients:
    """inv_std upside down."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    dx = (1 / cache.inv_std) * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("spatial-backward.dgamma-mean", "the version whose dgamma is a mean, not a sum")
def dgamma_mean(dy: Maps, cache: NormCache) -> Gradients:
    """gamma is used N·H·W times, so as many parts are added."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).mean(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("spatial-backward.dbeta-mean", "the version whose dbeta is a mean, not a sum")
def dbeta_mean(dy: Maps, cache: NormCache) -> Gradients:
    """beta is used N·H·W times, so as many parts are added."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.mean(axis=(0, 2, 3))


@twin("spatial-backward.dgamma-extra-gamma", "the version with a gamma too many in dgamma")
def dgamma_extra_gamma(dy: Maps, cache: NormCache) -> Gradients:
    """g stands where dy belongs."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (g * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("spatial-backward.dbeta-extra-gamma", "the version with a gamma too many in dbeta")
def dbeta_extra_gamma(dy: Maps, cache: NormCache) -> Gradients:
    """g stands where dy belongs."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), g.sum(axis=(0, 2, 3))


@twin("spatial-backward.dgamma-dbeta-swapped", "the version with dgamma and dbeta exchanged")
def dgamma_dbeta_swapped(dy: Maps, cache: NormCache) -> Gradients:
    """Same shape, so nothing complains."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, dy.sum(axis=(0, 2, 3)), (dy * x_hat).sum(axis=(0, 2, 3))


SPATIAL_BACKWARD_TERMS = (
    no_mean_path, no_variance_path, constant_statistics, mean_term_sign, variance_term_sign,
    gamma_missing, std_multiplied, dgamma_mean, dbeta_mean, dgamma_extra_gamma, dbeta_extra_gamma,
    dgamma_dbeta_swapped,
)  # fmt: skip
