"""Two more ways to write the staged backward pass, as other authors write it. Chapter: staged-backward.

Nine steps (the Chinese seed document, after Kratzert 2016) and xc/std (the Korean one). Same letters
as everywhere: xc (N, D) is the centred input, std (D,) is sqrt(var + eps), dz the gradient of z.
"""

from typing import NamedTuple

import numpy as np

from bncourse.conventions import Batch, FloatBatch, FloatRow, Row
from bncourse.reference.inputs import check_dy, check_forward

__all__ = [
    "NineStepCache",
    "XcStdCache",
    "nine_step_backward",
    "nine_step_forward",
    "xc_std_backward",
    "xc_std_forward",
]

Gradients = tuple[FloatBatch, FloatRow, FloatRow]


class NineStepCache(NamedTuple):
    """What the nine steps keep.

    >>> NineStepCache._fields
    ('x_hat', 'gamma', 'xc', 'inv_std', 'std')
    """

    x_hat: FloatBatch
    gamma: FloatRow
    xc: FloatBatch
    inv_std: FloatRow
    std: FloatRow


def nine_step_forward(
    x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5
) -> tuple[FloatBatch, NineStepCache]:
    """Batch norm in training, in nine numbered steps.

    x (N, D) with N >= 2, gamma (D,), beta (D,) -> y (N, D) and the cache of `nine_step_backward`.
    Raises ShapeError or StateError, as `batchnorm_forward` does.

    >>> nine_step_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=3.0)[0].ravel()
    array([-0.5,  0.5])
    """
    x, gamma, beta, eps = check_forward(x, gamma, beta, eps)
    mu = x.mean(axis=0)  # 1
    xc = x - mu  # 2
    sq = xc**2  # 3
    var = sq.mean(axis=0)  # 4
    std = np.sqrt(var + eps)  # 5
    inv_std = 1 / std  # 6
    x_hat = xc * inv_std  # 7
    scaled = gamma * x_hat  # 8
    y = scaled + beta  # 9
    return y, NineStepCache(x_hat, gamma, xc, inv_std, std)


def nine_step_backward(dy: Batch, cache: NineStepCache) -> Gradients:
    """The nine steps in reverse, and step 0, where two gradients of x meet.

    dy (N, D) and the cache of `nine_step_forward` -> dx (N, D), dgamma (D,), dbeta (D,).
    Raises ShapeError when dy has not the shape of y.

    >>> _, cache = nine_step_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=3.0)
    >>> nine_step_backward(np.array([[1.0], [0.0]]), cache)[0].ravel()
    array([ 0.1875, -0.1875])
    """
    x_hat, gamma, xc, inv_std, std = cache
    dy = check_dy(dy, x_hat)
    N = len(dy)
    dscaled, dbeta = dy, dy.sum(axis=0)  # 9
    dx_hat, dgamma = gamma * dscaled, (x_hat * dscaled).sum(axis=0)  # 8
    dxc, dinv_std = inv_std * dx_hat, (xc * dx_hat).sum(axis=0)  # 7
    dstd = -dinv_std / std**2  # 6
    dvar = dstd / (2 * std)  # 5
    dsq = np.ones_like(dy) * dvar / N  # 4
    dxc = dxc + 2 * xc * dsq  # 3, added to what step 7 gave
    dmu = -dxc.sum(axis=0)  # 2
    dx_mean = np.ones_like(dy) * dmu / N  # 1
    dx = dxc + dx_mean  # 0
    return dx, dgamma, dbeta


class XcStdCache(NamedTuple):
    """What the xc/std form keeps.

    >>> XcStdCache._fields
    ('xc', 'x_hat', 'std', 'gamma')
    """

    xc: FloatBatch
    x_hat: FloatBatch
    std: FloatRow
    gamma: FloatRow


def xc_std_forward(x: Batch, gamma: Row, beta: Row, *, eps: float = 1e-5) -> tuple[FloatBatch, XcStdCache]:
    """Batch norm in training, dividing by std. eps stands inside the root: the backward needs it there.

    x (N, D) with N >= 2, gamma (D,), beta (D,) -> y (N, D) and the cache of `xc_std_backward`.
    Raises ShapeError or StateError, as `batchnorm_forward` does.

    >>> xc_std_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=3.0)[0].ravel()
    array([-0.5,  0.5])
    """
    x, gamma, beta, eps = check_forward(x, gamma, beta, eps)
    xc = x - x.mean(axis=0)
    std = np.sqrt((xc**2).mean(axis=0) + eps)
    x_hat = xc / std
    return gamma * x_hat + beta, XcStdCache(xc, x_hat, std, gamma)


def xc_std_backward(dy: Batch, cache: XcStdCache) -> Gradients:
    """Backward through the division xc / std, without a node for 1 / std.

    dy (N, D) and the cache of `xc_std_forward` -> dx (N, D), dgamma (D,), dbeta (D,).
    Raises ShapeError when dy has not the shape of y.

    >>> _, cache = xc_std_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=3.0)
    >>> xc_std_backward(np.array([[1.0], [0.0]]), cache)[0].ravel()
    array([ 0.1875, -0.1875])
    """
    xc, x_hat, std, gamma = cache
    dy = check_dy(dy, xc)
    N = len(dy)
    dbeta, dgamma = dy.sum(axis=0), (dy * x_hat).sum(axis=0)
    dx_hat = gamma * dy
    dxc = dx_hat / std
    dstd = -(dx_hat * xc / std**2).sum(axis=0)
    dvar = dstd / (2 * std)
    dxc = dxc + 2 * xc * dvar / N
    dmu = dxc.sum(axis=0)  # minus the gradient of mu, which is why it is subtracted
    dx = dxc - dmu / N
    return dx, dgamma, dbeta
