"""Wrong twins of group norm, backward: paths, gamma, dgamma and dbeta.

Chapters: small-batches, gradient-checking.

dy (N, C, H, W). Read each beside the right lines:

    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

import numpy as np

from bncourse.mistakes.twin import twin
from bncourse.reference.channels import Maps, NormCache

__all__ = ["GROUP_BACKWARD_TERMS"]

Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]


@twin("group-backward.no-mean-path", "the version without the mean path")
def no_mean_path(dy: Maps, cache: NormCache) -> Gradients:
    """mu is treated as a constant."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.no-variance-path", "the version without the variance path")
def no_variance_path(dy: Maps, cache: NormCache) -> Gradients:
    """var is treated as a constant."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g = (dy * cache.gamma[:, None, None]).reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.constant-statistics", "the version that treats mean and variance as constants")
def constant_statistics(dy: Maps, cache: NormCache) -> Gradients:
    """Neither path."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g = (dy * cache.gamma[:, None, None]).reshape(blocks)
    dx = cache.inv_std * g.reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.mean-term-sign", "the version with the sign of the mean term turned")
def mean_term_sign(dy: Maps, cache: NormCache) -> Gradients:
    """A plus for a minus."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g + mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.variance-term-sign", "the version with the sign of the variance term turned")
def variance_term_sign(dy: Maps, cache: NormCache) -> Gradients:
    """A plus for a minus."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g + x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.gamma-outside", "the version that multiplies by gamma after the means, not before")
def gamma_outside(dy: Maps, cache: NormCache) -> Gradients:
    """Right in batch norm; here gamma differs within one mean."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = dy.reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.gamma[:, None, None] * cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.gamma-missing", "the version without gamma in dx")
def gamma_missing(dy: Maps, cache: NormCache) -> Gradients:
    """As if y were x_hat."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = dy.reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.std-multiplied", "the version that multiplies by std instead of dividing")
def std_multiplied(dy: Maps, cache: NormCache) -> Gradients:
    """inv_std upside down."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = (1 / cache.inv_std) * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.dgamma-axis", "the version whose dgamma is summed over the channels, not the batch")
def dgamma_axis(dy: Maps, cache: NormCache) -> Gradients:
    """One value an example, of shape (N,). It fits only when N = C."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(1, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.dbeta-axis", "the version whose dbeta is summed over the channels, not the batch")
def dbeta_axis(dy: Maps, cache: NormCache) -> Gradients:
    """One value an example, of shape (N,). It fits only when N = C."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(1, 2, 3))


@twin("group-backward.dgamma-mean", "the version whose dgamma is a mean, not a sum")
def dgamma_mean(dy: Maps, cache: NormCache) -> Gradients:
    """Every use of gamma adds its part."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).mean(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.dbeta-mean", "the version whose dbeta is a mean, not a sum")
def dbeta_mean(dy: Maps, cache: NormCache) -> Gradients:
    """Every use of beta adds its part."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.mean(axis=(0, 2, 3))


@twin("group-backward.dgamma-extra-gamma", "the version with a gamma too many in dgamma")
def dgamma_extra_gamma(dy: Maps, cache: NormCache) -> Gradients:
    """g stands where dy belongs."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.gamma[:, None, None] * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.dbeta-extra-gamma", "the version with a gamma too many in dbeta")
def dbeta_extra_gamma(dy: Maps, cache: NormCache) -> Gradients:
    """g stands where dy belongs."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), (dy * cache.gamma[:, None, None]).sum(axis=(0, 2, 3))


@twin("group-backward.dgamma-dbeta-swapped", "the version with dgamma and dbeta exchanged")
def dgamma_dbeta_swapped(dy: Maps, cache: NormCache) -> Gradients:
    """Same shape, so nothing complains."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, dy.sum(axis=(0, 2, 3)), (dy * cache.x_hat).sum(axis=(0, 2, 3))


@twin("group-backward.dgamma-per-group", "the version whose dgamma is summed over the channels of a group")
def dgamma_per_group(dy: Maps, cache: NormCache) -> Gradients:
    """gamma has one value a channel, whatever the statistics share."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dgamma = (dy * cache.x_hat).reshape(blocks).sum(axis=(0, 2, 3, 4))
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, dgamma.repeat(C // G), dy.sum(axis=(0, 2, 3))


GROUP_BACKWARD_TERMS = (
    no_mean_path, no_variance_path, constant_statistics, mean_term_sign, variance_term_sign,
    gamma_outside, gamma_missing, std_multiplied, dgamma_axis, dbeta_axis, dgamma_mean, dbeta_mean,
    dgamma_extra_gamma, dbeta_extra_gamma, dgamma_dbeta_swapped, dgamma_per_group,
)  # fmt: skip
