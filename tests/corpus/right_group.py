# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Right group norm, forward and backward, of every kind that must be accepted."""

import math

import numpy as np

from corpus.registry import program


@program(check="groupnorm_forward", code=None)
def paper(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, C // groups, H, W)
    mean = z.mean(axis=(2, 3, 4), keepdims=True)
    var = z.var(axis=(2, 3, 4), keepdims=True)
    z = (z - mean) / np.sqrt(var + eps)
    return z.reshape(N, C, H, W) * gamma.reshape(1, C, 1, 1) + beta.reshape(1, C, 1, 1)


@program(check="groupnorm_forward", code=None)
def rows_of_groups_as_in_cs231n(x, gamma, beta, G, eps):
    N, C, H, W = x.shape
    rows = x.reshape(N * G, C // G * H * W).T
    mu = rows.mean(axis=0)
    xmu = rows - mu
    var = np.mean(xmu**2, axis=0)
    xhat = (xmu / np.sqrt(var + eps)).T.reshape(N, C, H, W)
    return gamma[np.newaxis, :, np.newaxis, np.newaxis] * xhat + beta[np.newaxis, :, np.newaxis, np.newaxis]


@program(check="groupnorm_forward", code=None)
def split_and_concatenate(x, gamma, beta, groups, eps):
    parts = []
    for p in np.split(x, groups, axis=1):
        m = p.mean(axis=(1, 2, 3), keepdims=True)
        s = np.sqrt(p.var(axis=(1, 2, 3), keepdims=True) + eps)
        parts.append((p - m) / s)
    return np.concatenate(parts, axis=1) * gamma[:, None, None] + beta[:, None, None]


@program(check="groupnorm_forward", code=None)
def loop_over_examples_and_groups(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    k = C // groups
    y = np.zeros(x.shape, dtype=gamma.dtype)
    for n in range(N):
        for g in range(groups):
            s = slice(g * k, (g + 1) * k)
            d = x[n, s] - x[n, s].mean()
            y[n, s] = gamma[s, None, None] * d / np.sqrt(np.mean(d * d) + eps) + beta[s, None, None]
    return y


@program(check="groupnorm_forward", code=None)
def channel_belongs_to_group(x, gamma, beta, groups, eps):
    # 채널 c의 그룹은 c // k
    N, C, H, W = x.shape
    k = C // groups
    y = np.empty((N, C, H, W))
    for n in range(N):
        for c in range(C):
            g = c // k
            block = x[n, g * k : g * k + k].ravel().tolist()
            m = math.fsum(block) / len(block)
            v = math.fsum((a - m) ** 2 for a in block) / len(block)
            y[n, c] = gamma[c] * (x[n, c] - m) / math.sqrt(v + eps) + beta[c]
    return y


@program(check="groupnorm_forward", code=None)
def einsum_blocks(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, -1)
    M = z.shape[-1]
    d = z - np.einsum("ngm->ng", z)[..., None] / M
    inv = (np.einsum("ngm,ngm->ng", d, d) / M + eps) ** -0.5
    y = np.einsum("ngm,ng->ngm", d, inv).reshape(x.shape)
    return np.einsum("nchw,c->nchw", y, gamma) + beta[:, None, None]


@program(check="groupnorm_forward", code=None)
def statistics_repeated_to_channels(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    k = C // groups
    cm = x.mean(axis=(2, 3)).reshape(N, groups, k)
    cv = x.var(axis=(2, 3)).reshape(N, groups, k)
    mean = cm.mean(-1)
    var = cv.mean(-1) + cm.var(-1)  # within and between
    mean = np.repeat(mean, k, axis=1)[:, :, None, None]
    std = np.sqrt(np.repeat(var, k, axis=1) + eps)[:, :, None, None]
    return (x - mean) / std * gamma[:, None, None] + beta[:, None, None]


@program(check="groupnorm_forward", code=None)
def affine_in_five_axes(x, weight, bias, num_groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, num_groups, -1, H, W)
    w, b = (p.reshape(1, num_groups, -1, 1, 1) for p in (weight, bias))
    d = z - z.mean((2, 3, 4), keepdims=True)
    return (w * d * (np.square(d).mean((2, 3, 4), keepdims=True) + eps) ** -0.5 + b).reshape(N, C, H, W), None


# --- backward


@program(check="groupnorm_backward", code=None)
def simplified(dy, cache):
    N = len(dy)
    g = (dy * cache.gamma[:, None, None]).reshape(N, cache.groups, -1)
    v = cache.x_hat.reshape(g.shape)
    t = g - g.mean(-1, keepdims=True) - v * (g * v).mean(-1, keepdims=True)
    dgamma, dbeta = (dy * cache.x_hat).sum((0, 2, 3)), dy.sum((0, 2, 3))
    return t.reshape(dy.shape) * cache.inv_std, dgamma, dbeta


@program(check="groupnorm_backward", code=None)
def staged_in_five_axes(dout, cache):
    N, C, H, W = dout.shape
    G = cache.groups
    five = (N, G, C // G, H, W)
    ax = (2, 3, 4)
    inv = cache.inv_std.reshape(N, G, C // G, 1, 1)
    xc = cache.x_hat.reshape(five) / inv
    dxhat = (dout * cache.gamma.reshape(1, C, 1, 1)).reshape(five)
    M = C // G * H * W
    dvar = np.sum(dxhat * xc, axis=ax, keepdims=True) * -0.5 * inv**3
    dmu = -np.sum(dxhat * inv, axis=ax, keepdims=True)
    dx = dxhat * inv + 2 * xc * dvar / M + dmu / M
    dgamma = np.sum(dout * cache.x_hat, axis=(0, 2, 3))
    dbeta = np.sum(dout, axis=(0, 2, 3))
    return dx.reshape(N, C, H, W), dgamma, dbeta


@program(check="groupnorm_backward", code=None)
def cs231n_transposed_rows(dout, cache):
    N, C, H, W = dout.shape
    NG = N * cache.groups
    dxhat = (dout * cache.gamma[None, :, None, None]).reshape(NG, -1).T
    v = cache.x_hat.reshape(NG, -1).T
    ivar = cache.inv_std[:, :: C // cache.groups].reshape(NG)
    D = len(v)
    dx = ivar / D * (D * dxhat - dxhat.sum(0) - v * (dxhat * v).sum(0))
    dbeta = dout.sum(axis=(0, 2, 3))
    dgamma = (dout * cache.x_hat).sum(axis=(0, 2, 3))
    return dx.T.reshape(N, C, H, W), dgamma, dbeta


@program(check="groupnorm_backward", code=None)
def split_by_groups(dy, cache):
    G = cache.groups
    arrays = (dy * cache.gamma[:, None, None], cache.x_hat, cache.inv_std)
    parts = []
    for g, v, s in zip(*(np.split(a, G, axis=1) for a in arrays), strict=True):
        mean = lambda t: t.mean(axis=(1, 2, 3), keepdims=True)  # noqa: E731
        parts.append(s * (g - mean(g) - v * mean(g * v)))
    dgamma = np.einsum("nchw,nchw->c", dy, cache.x_hat)
    return np.concatenate(parts, axis=1), dgamma, np.einsum("nchw->c", dy)


@program(check="groupnorm_backward", code=None)
def jacobian_a_block(dy, cache):
    rows = (dy * cache.gamma[:, None, None]).reshape(len(dy) * cache.groups, -1)
    hats = cache.x_hat.reshape(rows.shape)
    M = rows.shape[1]
    dx = [g - np.ones((M, M)) @ g / M - np.outer(v, v) @ g / M for g, v in zip(rows, hats, strict=True)]
    dgamma, dbeta = np.zeros(dy.shape[1]), np.zeros(dy.shape[1])
    for d, v in zip(dy, cache.x_hat, strict=True):
        dgamma += (d * v).sum(axis=(1, 2))
        dbeta += d.sum(axis=(1, 2))
    return np.array(dx).reshape(dy.shape) * cache.inv_std, dgamma, dbeta


@program(check="groupnorm_backward", code=None)
def from_sums_of_the_channels(dy, cache):
    # 先求每个通道的和，再按组合并（与 C++ 内核一样）
    N, C, H, W = dy.shape
    k = C // cache.groups
    ds = (dy * cache.x_hat).sum((2, 3))
    db = dy.sum((2, 3))
    merge = lambda s: np.repeat((s * cache.gamma).reshape(N, -1, k).sum(-1), k, axis=1)  # noqa: E731
    a = merge(db)[:, :, None, None] / (k * H * W)
    b = merge(ds)[:, :, None, None] / (k * H * W)
    dx = cache.inv_std * (dy * cache.gamma[:, None, None] - a - cache.x_hat * b)
    return dx, ds.sum(0), db.sum(0)
