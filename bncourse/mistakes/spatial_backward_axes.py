"""Wrong twins of spatial batch norm, backward: what the two means run over.

Chapters: convolutions, gradient-checking.

dy (N, C, H, W). Read each beside the right lines:

    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))

and those that reshape beside the same in rows:

    N, C, H, W = dy.shape
    rows = dy.transpose(0, 2, 3, 1).reshape(-1, C)
    x_hat = cache.x_hat.transpose(0, 2, 3, 1).reshape(-1, C)
    dx = rows - rows.mean(axis=0) - x_hat * (rows * x_hat).mean(axis=0)
    dx = (cache.gamma * cache.inv_std.reshape(C) * dx).reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return dx, (rows * x_hat).sum(axis=0), rows.sum(axis=0)
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

import numpy as np

from bncourse.mistakes.twin import twin
from bncourse.reference.channels import Maps, NormCache

__all__ = ["SPATIAL_BACKWARD_AXES"]

Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]


@twin("spatial-backward.per-instance", "the version that takes the two means of dx an image")
def per_instance(dy: Maps, cache: NormCache) -> Gradients:
    """The backward of instance norm."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(2, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("spatial-backward.per-pixel", "the version that takes the two means of dx a pixel, over the channels")
def per_pixel(dy: Maps, cache: NormCache) -> Gradients:
    """The channels instead of all else."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=1, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=1, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("spatial-backward.per-cell", "the version that takes the two means of dx a cell, over the batch only")
def per_cell(dy: Maps, cache: NormCache) -> Gradients:
    """The backward of the serialised reading."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=0, keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=0, keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("spatial-backward.without-width", "the version that leaves the last axis out of the two means of dx")
def without_width(dy: Maps, cache: NormCache) -> Gradients:
    """Two of the three axes."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 2), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("spatial-backward.without-height", "the version that leaves the third axis out of the two means of dx")
def without_height(dy: Maps, cache: NormCache) -> Gradients:
    """Two of the three axes."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin("spatial-backward.divided-by-n", "the version that divides both sums in dx by N, not by N·H·W")
def divided_by_n(dy: Maps, cache: NormCache) -> Gradients:
    """The number of images, not of values."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.sum(axis=(0, 2, 3), keepdims=True) / len(dy)
    mean_g_x_hat = (g * x_hat).sum(axis=(0, 2, 3), keepdims=True) / len(dy)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin(
    "spatial-backward.mean-term-divided-by-n",
    "the version that divides the sum of the mean path by N, not by N·H·W",
)
def mean_term_divided_by_n(dy: Maps, cache: NormCache) -> Gradients:
    """The other term is right."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.sum(axis=(0, 2, 3), keepdims=True) / len(dy)
    mean_g_x_hat = (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin(
    "spatial-backward.variance-term-divided-by-n",
    "the version that divides the sum of the variance path by N, not by N·H·W",
)
def variance_term_divided_by_n(dy: Maps, cache: NormCache) -> Gradients:
    """The other term is right."""
    x_hat, g = cache.x_hat, dy * cache.gamma[:, None, None]
    mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
    mean_g_x_hat = (g * x_hat).sum(axis=(0, 2, 3), keepdims=True) / len(dy)
    dx = cache.inv_std * (g - mean_g - x_hat * mean_g_x_hat)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@twin(
    "spatial-backward.reshape-there",
    "the version that reshapes dy and x_hat to rows without a transpose first",
)
def reshape_there(dy: Maps, cache: NormCache) -> Gradients:
    """The values of other channels stand in a column."""
    N, C, H, W = dy.shape
    rows = dy.reshape(-1, C)
    x_hat = cache.x_hat.reshape(-1, C)
    dx = rows - rows.mean(axis=0) - x_hat * (rows * x_hat).mean(axis=0)
    dx = (cache.gamma * cache.inv_std.reshape(C) * dx).reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return dx, (rows * x_hat).sum(axis=0), rows.sum(axis=0)


@twin(
    "spatial-backward.reshape-dy",
    "the version that reshapes dy to rows of channels without a transpose, and x_hat with one",
)
def reshape_dy(dy: Maps, cache: NormCache) -> Gradients:
    """What belongs together no longer stands together."""
    N, C, H, W = dy.shape
    rows = dy.reshape(-1, C)
    x_hat = cache.x_hat.transpose(0, 2, 3, 1).reshape(-1, C)
    dx = rows - rows.mean(axis=0) - x_hat * (rows * x_hat).mean(axis=0)
    dx = (cache.gamma * cache.inv_std.reshape(C) * dx).reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return dx, (rows * x_hat).sum(axis=0), rows.sum(axis=0)


@twin("spatial-backward.reshape-back", "the version that reshapes the rows of dx back without a transpose")
def reshape_back(dy: Maps, cache: NormCache) -> Gradients:
    """Every value is right and stands in another place."""
    N, C, H, W = dy.shape
    rows = dy.transpose(0, 2, 3, 1).reshape(-1, C)
    x_hat = cache.x_hat.transpose(0, 2, 3, 1).reshape(-1, C)
    dx = rows - rows.mean(axis=0) - x_hat * (rows * x_hat).mean(axis=0)
    dx = (cache.gamma * cache.inv_std.reshape(C) * dx).reshape(N, C, H, W)
    return dx, (rows * x_hat).sum(axis=0), rows.sum(axis=0)


@twin("spatial-backward.reshape-both", "the version that reshapes there and back without a transpose")
def reshape_both(dy: Maps, cache: NormCache) -> Gradients:
    """Values come back to their places, with the sums of others."""
    N, C, H, W = dy.shape
    rows = dy.reshape(-1, C)
    x_hat = cache.x_hat.reshape(-1, C)
    dx = rows - rows.mean(axis=0) - x_hat * (rows * x_hat).mean(axis=0)
    dx = (cache.gamma * cache.inv_std.reshape(C) * dx).reshape(N, C, H, W)
    return dx, (rows * x_hat).sum(axis=0), rows.sum(axis=0)


SPATIAL_BACKWARD_AXES = (
    per_instance, per_pixel, per_cell, without_width, without_height, divided_by_n,
    mean_term_divided_by_n, variance_term_divided_by_n, reshape_there, reshape_dy, reshape_back,
    reshape_both,
)  # fmt: skip
