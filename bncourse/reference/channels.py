"""What every norm with channels has in common: a table of axes, the checks, scale and shift, the cache.

Chapters: convolutions, small-batches.

    N  examples           C  channels, in G groups of C/G neighbours
    S  positions: H·W pixels of an image, T steps of a sequence, 1 for plain features
    x  (N, C, *spatial), seen as blocks (N, G, C/G, S); gamma, beta (C,), one value a channel

Features last, as in (B, T, C)? np.moveaxis(x, -1, 1) brings them to the second place.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Real

from bncourse.conventions import as_float, check_eps, check_row
from bncourse.errors import ShapeError, StateError
from bncourse.reference.inputs import check_dy
from bncourse.reference.normalise import normalise, normalise_backward

__all__ = ["SHARED", "NormCache", "channel_backward", "channel_forward"]

Maps = Real[np.ndarray, "N C *spatial"]
FloatMaps = Float[np.ndarray, "N C *spatial"]
Channels = Real[np.ndarray, " C"]
FloatChannels = Float[np.ndarray, " C"]

# The axes of (N, G, C/G, S) that one mean and one variance are shared over.
SHARED: dict[str, tuple[int, ...]] = {
    "batch": (0, 3),
    "instance": (3,),
    "group": (2, 3),
    "layer": (1, 2, 3),
    "rms": (1, 2, 3),
}
# What to try when a statistic would be taken of a single value.
_ROOM = {
    "batch": "a larger batch or larger maps",
    "instance": "larger maps, or groupnorm_forward",
    "group": "fewer groups",
    "layer": "more features",
}


@dataclass(frozen=True, eq=False)
class NormCache:
    """What a norm keeps for its backward pass. inv_std has ones for axes, so that it broadcasts beside x.

    >>> x = np.arange(12.0).reshape(2, 3, 2)
    >>> _, cache = channel_forward("instance", x, np.ones(3), np.zeros(3))
    >>> cache.norm, cache.x_hat.shape, cache.inv_std.shape
    ('instance', (2, 3, 2), (2, 3, 1))
    """

    norm: str
    x_hat: FloatMaps
    inv_std: Float[np.ndarray, "..."]
    gamma: FloatChannels
    groups: int = 1


def _beside(row: np.ndarray, ndim: int) -> np.ndarray:
    """One value a channel, with an axis of size 1 for each spatial axis."""
    return row.reshape(-1, *[1] * (ndim - 2))


def _blocks(z: np.ndarray, groups: int) -> np.ndarray:
    """(N, C, *spatial) seen as (N, G, C/G, S)."""
    N, C = z.shape[:2]
    return z.reshape(N, groups, C // groups, -1)


def _check_maps(norm: str, x: Maps, groups: int) -> np.ndarray:
    maps = as_float(x, "x")
    if maps.ndim < 2 or maps.size == 0:
        raise ShapeError(
            "x has axes (N examples, C channels, ...) and holds a value",
            got=f"shape {maps.shape}",
            hint="x of shape (N, C, H, W), (N, C, T) or (N, C)",
        )
    C = maps.shape[1]
    if groups < 1 or C % groups:
        fits = ", ".join(str(g) for g in range(1, C + 1) if C % g == 0)
        raise StateError(
            "groups divides the number of channels", got=f"groups = {groups}, C = {C}", hint=f"one of {fits}"
        )
    shape = _blocks(maps, groups).shape
    if norm in _ROOM and all(shape[axis] == 1 for axis in SHARED[norm]):
        raise ShapeError(
            f"{norm} norm takes each mean and variance of at least two values",
            got=f"one, for x of shape {maps.shape} and groups = {groups}",
            hint=_ROOM[norm],
        )
    return maps


def _check_channels(value: Channels, name: str, maps: np.ndarray) -> FloatChannels:
    row, C = as_float(value, name), maps.shape[1]
    if row.shape != (C,):
        raise ShapeError(
            f"{name} has one value a channel, shape ({C},)", got=f"shape {row.shape}", hint=f"np.ones({C})"
        )
    return check_row(row, name, C).astype(maps.dtype)


def channel_forward(
    norm: str, x: Maps, gamma: Channels, beta: Channels | None, *, groups: int = 1, eps: float = 1e-5
) -> tuple[FloatMaps, NormCache]:
    """Normalise over the axes that `SHARED` names, then scale and shift each channel.

    x (N, C, *spatial), gamma (C,), beta (C,) or None -> y of the shape and dtype of x, and the cache.
    The functions with a norm's own name call this one. Raises ShapeError or StateError.

    >>> y, _ = channel_forward("layer", np.array([[1.0, 3.0]]), np.array([2.0, 4.0]), np.ones(2), eps=3.0)
    >>> y
    array([[0., 3.]])
    """
    maps, eps = _check_maps(norm, x, groups), float(check_eps(eps))
    gamma = _check_channels(gamma, "gamma", maps)
    beta = np.zeros_like(gamma) if beta is None else _check_channels(beta, "beta", maps)
    x_hat, inv_std = normalise(_blocks(maps, groups), SHARED[norm], eps=eps, centred=norm != "rms")
    x_hat = x_hat.reshape(maps.shape)
    if groups > 1:  # (N, G, 1, 1): each group's value, for each of its channels
        inv_std = inv_std.repeat(maps.shape[1] // groups, axis=2)
    inv_std = inv_std.reshape(len(inv_std), -1, *[1] * (maps.ndim - 2))
    y = _beside(gamma, maps.ndim) * x_hat + _beside(beta, maps.ndim)
    return y, NormCache(norm, x_hat, inv_std, gamma, groups)


def channel_backward(norm: str, dy: Maps, cache: NormCache) -> tuple[FloatMaps, FloatChannels, FloatChannels]:
    """Gradients of the loss with respect to x, gamma and beta, for the norm of that name.

    dy (N, C, *spatial) and the cache of `channel_forward` -> dx like dy, dgamma (C,), dbeta (C,).
    gamma is applied before the means are taken: in a norm that shares over channels it is not the
    same for all the values of one mean. Raises ShapeError when dy has not the shape of y,
    StateError when the cache is that of another norm.

    >>> _, cache = channel_forward("layer", np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=3.0)
    >>> channel_backward("layer", np.array([[1.0, 0.0]]), cache)[0]
    array([[ 0.1875, -0.1875]])
    """
    if cache.norm != norm:
        raise StateError(
            f"the cache is that of {norm} norm", got=f"one of {cache.norm} norm", hint="its own backward"
        )
    x_hat, groups = cache.x_hat, cache.groups
    dy = check_dy(dy, x_hat)
    rest = (0, *range(2, dy.ndim))  # all axes but that of the channels
    dbeta = dy.sum(axis=rest, dtype=np.float64).astype(dy.dtype)
    dgamma = (dy * x_hat).sum(axis=rest, dtype=np.float64).astype(dy.dtype)
    dx_hat = _beside(cache.gamma, dy.ndim) * dy
    inv_std = cache.inv_std.reshape(len(cache.inv_std), groups, -1, 1)
    dx = normalise_backward(
        _blocks(dx_hat, groups), _blocks(x_hat, groups), inv_std, SHARED[norm], centred=norm != "rms"
    )
    return dx.reshape(dy.shape), dgamma, dbeta
