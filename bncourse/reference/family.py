"""Layer, instance, group and RMS norm: batch norm's formula over other axes. Chapter: small-batches.

x (N, C, *spatial); gamma, beta (C,), one value a channel (a feature, when x is (N, D)). None of them
looks at another example, so training and use are the same function, and a batch of one is enough.

    instance  each channel of each example             group(groups=C)
    group     each group of channels of each example
    layer     all channels of each example             group(groups=1)
    rms       as layer, without the mean and without beta
"""

from bncourse.reference.channels import (
    Channels,
    FloatChannels,
    FloatMaps,
    Maps,
    NormCache,
    channel_backward,
    channel_forward,
)

__all__ = [
    "groupnorm_backward",
    "groupnorm_forward",
    "instancenorm_backward",
    "instancenorm_forward",
    "layernorm_backward",
    "layernorm_forward",
    "rmsnorm_backward",
    "rmsnorm_forward",
]

Output = tuple[FloatMaps, NormCache]
Gradients = tuple[FloatMaps, FloatChannels, FloatChannels]


def layernorm_forward(x: Maps, gamma: Channels, beta: Channels, *, eps: float = 1e-5) -> Output:
    """Normalise each example over its channels and places, then scale and shift each channel.

    x (N, C, *spatial), often (N, D); gamma, beta (C,) -> y like x and the cache of `layernorm_backward`.
    In PyTorch gamma has one value a place as well; for (N, D) the two agree. Raises ShapeError or StateError.
    Source: Ba, Kiros and Hinton 2016 (arXiv 1607.06450), equation 3.

    >>> import numpy as np
    >>> layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=3.0)[0]
    array([[-0.5,  0.5]])
    """
    return channel_forward("layer", x, gamma, beta, eps=eps)


def layernorm_backward(dy: Maps, cache: NormCache) -> Gradients:
    """Gradients of the loss with respect to x, gamma and beta.

    dy (N, C, *spatial) and the cache of `layernorm_forward` -> dx like dy, dgamma (C,), dbeta (C,).
    Raises ShapeError when dy has not the shape of y, StateError for the cache of another norm.

    >>> import numpy as np
    >>> _, cache = layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=3.0)
    >>> layernorm_backward(np.array([[1.0, 0.0]]), cache)[0]
    array([[ 0.1875, -0.1875]])
    """
    return channel_backward("layer", dy, cache)


def instancenorm_forward(x: Maps, gamma: Channels, beta: Channels, *, eps: float = 1e-5) -> Output:
    """Normalise each channel of each example over its places, then scale and shift each channel.

    x (N, C, *spatial) with at least two places; gamma, beta (C,) -> y like x and the cache of
    `instancenorm_backward`. Raises ShapeError or StateError.
    Source: Ulyanov, Vedaldi and Lempitsky 2016 (arXiv 1607.08022).

    >>> import numpy as np
    >>> instancenorm_forward(np.array([[[1.0, 3.0]]]), np.ones(1), np.zeros(1), eps=3.0)[0]
    array([[[-0.5,  0.5]]])
    """
    return channel_forward("instance", x, gamma, beta, eps=eps)


def instancenorm_backward(dy: Maps, cache: NormCache) -> Gradients:
    """Gradients of the loss with respect to x, gamma and beta.

    dy (N, C, *spatial) and the cache of `instancenorm_forward` -> dx like dy, dgamma (C,), dbeta (C,).
    Raises ShapeError when dy has not the shape of y, StateError for the cache of another norm.

    >>> import numpy as np
    >>> _, cache = instancenorm_forward(np.array([[[1.0, 3.0]]]), np.ones(1), np.zeros(1), eps=3.0)
    >>> instancenorm_backward(np.array([[[1.0, 0.0]]]), cache)[0]
    array([[[ 0.1875, -0.1875]]])
    """
    return channel_backward("instance", dy, cache)


def groupnorm_forward(x: Maps, gamma: Channels, beta: Channels, groups: int, *, eps: float = 1e-5) -> Output:
    """Normalise each group of neighbouring channels of each example, then scale and shift each channel.

    x (N, C, *spatial), gamma, beta (C,) and the number of groups, a divisor of C -> y like x and the cache
    of `groupnorm_backward`. Raises ShapeError or StateError.
    Source: Wu and He 2018 (arXiv 1803.08494), section 3.

    >>> import numpy as np
    >>> x = np.array([[1.0, 3.0, 5.0, 9.0]])
    >>> groupnorm_forward(x, np.ones(4), np.zeros(4), groups=2, eps=3.0)[0].round(3)
    array([[-0.5  ,  0.5  , -0.756,  0.756]])
    """
    return channel_forward("group", x, gamma, beta, groups=groups, eps=eps)


def groupnorm_backward(dy: Maps, cache: NormCache) -> Gradients:
    """Gradients of the loss with respect to x, gamma and beta.

    dy (N, C, *spatial) and the cache of `groupnorm_forward` -> dx like dy, dgamma (C,), dbeta (C,).
    Raises ShapeError when dy has not the shape of y, StateError for the cache of another norm.

    >>> import numpy as np
    >>> _, cache = groupnorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), groups=1, eps=3.0)
    >>> groupnorm_backward(np.array([[1.0, 0.0]]), cache)[0]
    array([[ 0.1875, -0.1875]])
    """
    return channel_backward("group", dy, cache)


def rmsnorm_forward(x: Maps, gamma: Channels, *, eps: float = 1e-5) -> Output:
    """Divide each example by the root of its mean square, then scale each channel. No mean, no beta.

    x (N, C, *spatial), often (N, D); gamma (C,) -> y like x and the cache of `rmsnorm_backward`. The paper
    has no eps; here it stands inside the root, as in PyTorch. Raises ShapeError or StateError.
    Source: Zhang and Sennrich 2019 (arXiv 1910.07467), equation 4.

    >>> import numpy as np
    >>> rmsnorm_forward(np.array([[1.0, 3.0]]), np.ones(2), eps=4.0)[0].round(3)
    array([[0.333, 1.   ]])
    """
    return channel_forward("rms", x, gamma, None, eps=eps)


def rmsnorm_backward(dy: Maps, cache: NormCache) -> tuple[FloatMaps, FloatChannels]:
    """Gradients of the loss with respect to x and gamma.

    dy (N, C, *spatial) and the cache of `rmsnorm_forward` -> dx like dy, dgamma (C,).
    Raises ShapeError when dy has not the shape of y, StateError for the cache of another norm.

    >>> import numpy as np
    >>> _, cache = rmsnorm_forward(np.array([[1.0, 3.0]]), np.ones(2), eps=4.0)
    >>> rmsnorm_backward(np.array([[0.0, 9.0]]), cache)[0]
    array([[-0.5,  1.5]])
    """
    dx, dgamma, _ = channel_backward("rms", dy, cache)
    return dx, dgamma
