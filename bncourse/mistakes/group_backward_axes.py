"""Wrong twins of group norm, backward: what the two means run over.

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

__all__ = ["GROUP_BACKWARD_AXES"]

Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]


@twin("group-backward.size-for-number", "the version that takes the number of groups for their size in dx")
def size_for_number(dy: Maps, cache: NormCache) -> Gradients:
    """groups channels in each of C/groups groups."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, C // G, G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin(
    "group-backward.interleaved",
    "the version whose two means of dx run over every G-th channel, not over neighbours",
)
def interleaved(dy: Maps, cache: NormCache) -> Gradients:
    """The two axes are there, and the means run over the wrong one."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, C // G, G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(1, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(1, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin(
    "group-backward.per-pixel",
    "the version that takes the two means of dx a pixel, over the channels of its group",
)
def per_pixel(dy: Maps, cache: NormCache) -> Gradients:
    """The places are left out."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=2, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=2, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin(
    "group-backward.per-channel",
    "the version that takes the two means of dx a channel: the backward of instance norm",
)
def per_channel(dy: Maps, cache: NormCache) -> Gradients:
    """The channels of a group are not put together."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin(
    "group-backward.one-group",
    "the version that takes the two means of dx over all channels: the backward of layer norm",
)
def one_group(dy: Maps, cache: NormCache) -> Gradients:
    """The groups are never looked at."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(1, 2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(1, 2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.batch-axis", "the version that takes the two means of dx over the batch as well")
def batch_axis(dy: Maps, cache: NormCache) -> Gradients:
    """An example's gradient depends on the others."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(0, 2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.batch-norm", "the version that takes the two means of dx as batch norm does")
def batch_norm(dy: Maps, cache: NormCache) -> Gradients:
    """A channel over the batch, and the groups are not looked at."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(0, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.without-width", "the version that leaves the last axis out of the two means of dx")
def without_width(dy: Maps, cache: NormCache) -> Gradients:
    """One axis is missing."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.without-height", "the version that leaves the fourth axis out of the two means of dx")
def without_height(dy: Maps, cache: NormCache) -> Gradients:
    """One axis is missing."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.mean(axis=(2, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.n-for-d", "the version that divides both sums in dx by N, not by the size of a block")
def n_for_d(dy: Maps, cache: NormCache) -> Gradients:
    """A line of batch norm, with only its axes changed."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.sum(axis=(2, 3, 4), keepdims=True) / N
    mean_g_x_hat = (g * x_hat).sum(axis=(2, 3, 4), keepdims=True) / N
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("group-backward.no-1/M", "the version that lacks 1/M on both paths, M the size of a block")
def no_1_over_m(dy: Maps, cache: NormCache) -> Gradients:
    """Sums where means belong."""
    (N, C, H, W), G = dy.shape, cache.groups
    blocks = (N, G, C // G, H, W)
    g, x_hat = (dy * cache.gamma[:, None, None]).reshape(blocks), cache.x_hat.reshape(blocks)
    mean_g = g.sum(axis=(2, 3, 4), keepdims=True)
    mean_g_x_hat = (g * x_hat).sum(axis=(2, 3, 4), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat).reshape(dy.shape)
    return dx, (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


GROUP_BACKWARD_AXES = (
    size_for_number, interleaved, per_pixel, per_channel, one_group, batch_axis, batch_norm,
    without_width, without_height, n_for_d, no_1_over_m,
)  # fmt: skip
