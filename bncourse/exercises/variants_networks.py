"""Other ways to the same mistake: norms of images, layers and groups, folding, the numerical gradient.

Chapters: convolutions, small-batches, ship-and-scale, gradient-checking.

As in `variants`: the numbers are other than those of the twin, and the name is the same. A backward pass
in steps over the wrong axes gives other numbers than two means over them: x_hat does not sum to 0 there, so
what comes back through the variance also goes through the mean. And rows of channels (M, C) may lie the
other way, one row a channel (C, M).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["NETWORK_VARIANTS"]

Function = Callable[..., Any]


def _row(values: Any) -> Any:
    return values[:, None, None]


def _in_steps(axes: tuple[int, ...], blocks: Callable[[Any, Any], tuple[int, ...]] | None = None) -> Function:
    """dx in steps, the sums over `axes` of the maps, or of the blocks that blocks(dy, cache) shapes."""

    def backward(dy: Any, cache: Any) -> Any:
        maps = dy.ndim > 2
        g = dy * (_row(cache.gamma) if maps else cache.gamma)
        shape = blocks(dy, cache) if blocks else dy.shape
        inv_std = np.broadcast_to(cache.inv_std, dy.shape)
        g, x_hat, inv = (np.reshape(z, shape) for z in (g, cache.x_hat, inv_std))
        m = np.prod([shape[axis] for axis in axes])
        dvar = (-0.5 * g * x_hat * inv**2).sum(axis=axes, keepdims=True)
        dxc = g * inv + 2 * (x_hat / inv) * dvar / m
        dx = dxc - dxc.sum(axis=axes, keepdims=True) / m
        rest = (0, 2, 3) if maps else 0
        return dx.reshape(dy.shape), (dy * cache.x_hat).sum(axis=rest), dy.sum(axis=rest)

    return backward


def _groups(dy: Any, cache: Any) -> tuple[int, ...]:
    N, C, H, W = dy.shape
    return N, cache.groups, C // cache.groups, H, W


def _sizes(dy: Any, cache: Any) -> tuple[int, ...]:
    N, C, H, W = dy.shape
    return N, C // cache.groups, cache.groups, H, W


def _as_rows(z: Any, transposed: bool) -> Any:
    """One row a channel, right or without the transpose."""
    return (z.transpose(1, 0, 2, 3) if transposed else z).reshape(z.shape[1], -1)


def _as_maps(rows: Any, shape: tuple[int, ...], transposed: bool) -> Any:
    N, C, H, W = shape
    return rows.reshape(C, N, H, W).transpose(1, 0, 2, 3) if transposed else rows.reshape(shape)


def _forward_in_rows(there: bool, back: bool) -> Function:
    def forward(x: Any, gamma: Any, beta: Any, *, eps: float = 1e-5) -> Any:
        rows = _as_rows(x, there)
        mu, var = rows.mean(axis=1, keepdims=True), rows.var(axis=1, keepdims=True)
        y = gamma[:, None] * (rows - mu) / np.sqrt(var + eps) + beta[:, None]
        return _as_maps(y, x.shape, back)

    return forward


def _backward_in_rows(there: bool, back: bool, of_x_hat: bool) -> Function:
    def backward(dy: Any, cache: Any) -> Any:
        rows, x_hat = _as_rows(dy, there), _as_rows(cache.x_hat, of_x_hat)
        slope = (cache.gamma * cache.inv_std.ravel())[:, None]
        means = rows.mean(axis=1, keepdims=True), (rows * x_hat).mean(axis=1, keepdims=True)
        dx = slope * (rows - means[0] - x_hat * means[1])
        return _as_maps(dx, dy.shape, back), (rows * x_hat).sum(axis=1), rows.sum(axis=1)

    return backward


def _about_the_wrong_mean(x: Any, gamma: Any, beta: Any, *, eps: float = 1e-5) -> Any:
    mu = x.sum(axis=(0, 2, 3), keepdims=True) / len(x)
    var = ((x - mu) ** 2).mean(axis=(0, 2, 3), keepdims=True)
    return _row(gamma) * (x - mu) / np.sqrt(var + eps) + _row(beta)


def _about_the_right_mean(x: Any, gamma: Any, beta: Any, *, eps: float = 1e-5) -> Any:
    mu = x.sum(axis=1, keepdims=True) / len(x)
    return gamma * (x - mu) / np.sqrt(x.var(axis=1, keepdims=True) + eps) + beta


def _first_columns(W: Any, b: Any, gamma: Any, beta: Any, mean: Any, var: Any, *, eps: float = 1e-5) -> Any:
    """Input by input in a loop: it stops only where there are more inputs than outputs."""
    scale, folded = gamma / np.sqrt(var + eps), W.copy()
    for place in range(W.shape[1]):
        folded[:, place] *= scale[place]
    return folded, ((0 if b is None else b) - mean) * scale + beta


def _divided_by_two(fn: Function, x: Any, dy: Any, *, h: float = 1e-5) -> Any:
    """The mean of both sides, not divided by the step."""
    dx = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[index] = h
        dx[index] = ((fn(x + step) - fn(x - step)) * dy).sum() / 2
    return dx


def _left_above(fn: Function, x: Any, dy: Any, *, h: float = 1e-5) -> Any:
    """First down, then up: all entries before this one stay at x + h."""
    at, dx = np.array(x, dtype=np.float64), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        at[index] -= h
        y_down = fn(at.copy())
        at[index] += 2 * h
        dx[index] = ((fn(at.copy()) - y_down) * dy).sum() / (2 * h)
    return dx


# By subject: (code, function with the arguments of the subject's twins).
NETWORK_VARIANTS: dict[str, tuple[tuple[str, Function], ...]] = {
    "spatial": (
        ("spatial.reshape-there", _forward_in_rows(False, True)),
        ("spatial.reshape-back", _forward_in_rows(True, False)),
        ("spatial.reshape-both", _forward_in_rows(False, False)),
        ("spatial.mean-divided-by-n", _about_the_wrong_mean),
    ),
    "spatial-backward": (
        ("spatial-backward.per-pixel", _in_steps((1,))),
        ("spatial-backward.per-instance", _in_steps((2, 3))),
        ("spatial-backward.per-cell", _in_steps((0,))),
        ("spatial-backward.without-width", _in_steps((0, 2))),
        ("spatial-backward.without-height", _in_steps((0, 3))),
        ("spatial-backward.reshape-there", _backward_in_rows(False, True, False)),
        ("spatial-backward.reshape-back", _backward_in_rows(True, False, True)),
        ("spatial-backward.reshape-both", _backward_in_rows(False, False, False)),
        ("spatial-backward.reshape-dy", _backward_in_rows(False, True, True)),
    ),
    "layer": (("layer.mean-n-for-d", _about_the_right_mean),),
    "layer-backward": (("layer-backward.batch-axis", _in_steps((0,))),),
    "group-backward": (
        ("group-backward.size-for-number", _in_steps((2, 3, 4), _sizes)),
        ("group-backward.interleaved", _in_steps((1, 3, 4), _sizes)),
        ("group-backward.per-pixel", _in_steps((2,), _groups)),
        ("group-backward.per-channel", _in_steps((3, 4), _groups)),
        ("group-backward.one-group", _in_steps((1, 2, 3, 4), _groups)),
        ("group-backward.batch-axis", _in_steps((0, 2, 3, 4), _groups)),
        ("group-backward.batch-norm", _in_steps((0, 3, 4), _groups)),
        ("group-backward.without-width", _in_steps((2, 3), _groups)),
        ("group-backward.without-height", _in_steps((2, 4), _groups)),
    ),
    "folding": (("folding.input-axis", _first_columns),),
    "numerical-gradient": (
        ("numerical-gradient.not-divided", _divided_by_two),
        ("numerical-gradient.not-restored", _left_above),
    ),
}
