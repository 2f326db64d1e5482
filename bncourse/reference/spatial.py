"""Batch norm for images and sequences: one mean and one variance a channel. Chapter: convolutions.

x (N, C, *spatial), with any number of spatial axes; gamma, beta (C,). A feature map is made by one
filter at every place, so all its places are examples of one feature.
"""

from bncourse.conventions import Row
from bncourse.reference.channels import (
    Channels,
    FloatChannels,
    FloatMaps,
    Maps,
    NormCache,
    channel_backward,
    channel_forward,
)
from bncourse.reference.forward import batchnorm_forward

__all__ = ["serialised_batchnorm", "spatial_batchnorm_backward", "spatial_batchnorm_forward"]


def spatial_batchnorm_forward(
    x: Maps, gamma: Channels, beta: Channels, *, eps: float = 1e-5
) -> tuple[FloatMaps, NormCache]:
    """Normalise each channel over the batch and all spatial axes, then scale and shift it.

    x (N, C, *spatial), gamma (C,), beta (C,) -> y like x and the cache of `spatial_batchnorm_backward`.
    With no spatial axis this is `batchnorm_forward`; with N = 1 it is instance norm. The variance is
    biased and eps, in units of x squared, stands inside the root. Raises ShapeError or StateError; one
    is when a channel holds a single value.
    Source: Ioffe and Szegedy 2015 (arXiv 1502.03167), section 3.2.

    >>> import numpy as np
    >>> x = np.array([[[1.0, 3.0]], [[1.0, 3.0]]])  # two examples, one channel, two places
    >>> spatial_batchnorm_forward(x, np.array([4.0]), np.array([10.0]), eps=3.0)[0].tolist()
    [[[8.0, 12.0]], [[8.0, 12.0]]]
    """
    return channel_forward("batch", x, gamma, beta, eps=eps)


def spatial_batchnorm_backward(dy: Maps, cache: NormCache) -> tuple[FloatMaps, FloatChannels, FloatChannels]:
    """Gradients of the loss with respect to x, gamma and beta.

    dy (N, C, *spatial) and the cache of `spatial_batchnorm_forward` -> dx like dy, dgamma (C,), dbeta (C,).
    Raises ShapeError when dy has not the shape of y, StateError for the cache of another norm.

    >>> import numpy as np
    >>> x = np.array([[[1.0, 3.0]]])
    >>> _, cache = spatial_batchnorm_forward(x, np.ones(1), np.zeros(1), eps=3.0)
    >>> spatial_batchnorm_backward(np.array([[[1.0, 0.0]]]), cache)[0].tolist()
    [[[0.1875, -0.1875]]]
    """
    return channel_backward("batch", dy, cache)


def serialised_batchnorm(x: Maps, gamma: Row, beta: Row, *, eps: float = 1e-5) -> FloatMaps:
    """NOT batch norm for images: every cell (channel and place) is a feature of its own. For the lab.

    x (N, C, *spatial) with N >= 2, gamma and beta of shape (C·S,), one value a cell, in the order of
    x.reshape(N, -1) -> y like x. Shifting an image changes its statistics; a cell that is always the
    same, such as a padded border, is erased to beta. Raises ShapeError or StateError.
    Source: the convolution section of the Japanese seed document on the graph, for comparison.

    >>> import numpy as np
    >>> x = np.array([[[1.0, 3.0]], [[1.0, 7.0]]])
    >>> serialised_batchnorm(x, np.ones(2), np.zeros(2)).round(3).tolist()
    [[[0.0, -1.0]], [[0.0, 1.0]]]
    """
    cells = x.reshape(len(x), -1)
    y, _ = batchnorm_forward(cells, gamma, beta, eps=eps)
    return y.reshape(x.shape)
