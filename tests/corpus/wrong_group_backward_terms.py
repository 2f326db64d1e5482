# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong backward passes of group norm: counts, paths, signs, gamma and std in dx."""

import numpy as np

from corpus.registry import program


def _params(dy, cache):
    """dgamma and dbeta, right: these programs get only dx wrong."""
    return (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


def _blocks(t, cache):
    """(N, C, H, W) -> (N, G, C/G·H·W)"""
    return t.reshape(len(t), cache.groups, -1)


def _dx_hat(dy, cache):
    return dy * cache.gamma[:, None, None]


# --- group-backward.n-for-d


@program(check="groupnorm_backward", code="group-backward.n-for-d")
def sums_over_n(dy, cache):
    N = dy.shape[0]
    g, v = _blocks(_dx_hat(dy, cache), cache), _blocks(cache.x_hat, cache)
    t = g - g.sum(-1, keepdims=True) / N - v * (g * v).sum(-1, keepdims=True) / N
    return t.reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.n-for-d")
def cs231n_transpose_with_n(dout, cache):
    N, C, H, W = dout.shape
    g = _dx_hat(dout, cache).reshape(N * cache.groups, -1).T
    v = cache.x_hat.reshape(N * cache.groups, -1).T
    dx = 1.0 / N * (N * g - np.sum(g, axis=0) - v * np.sum(g * v, axis=0))
    return dx.T.reshape(N, C, H, W) * cache.inv_std, *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.n-for-d")
def loops_len_dy(dy, cache):
    n = len(dy)
    k = dy.shape[1] // cache.groups
    dxhat = _dx_hat(dy, cache)
    dx = np.zeros(dy.shape)
    for i in range(n):
        for c in range(0, dy.shape[1], k):
            g, v = dxhat[i, c : c + k], cache.x_hat[i, c : c + k]
            dx[i, c : c + k] = cache.inv_std[i, c] * (g - g.sum() / n - v * (g * v).sum() / n)
    return dx, *_params(dy, cache)


# --- group-backward.no-1/M


@program(check="groupnorm_backward", code="group-backward.no-1/M")
def sums_for_means(dy, cache):
    g, v = _blocks(_dx_hat(dy, cache), cache), _blocks(cache.x_hat, cache)
    t = g - np.sum(g, -1, keepdims=True) - v * np.sum(g * v, -1, keepdims=True)
    return t.reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.no-1/M")
def staged_without_division(dout, cache):
    N, C, H, W = dout.shape
    G = cache.groups
    five = (N, G, C // G, H, W)
    inv = cache.inv_std.reshape(N, G, C // G, 1, 1)
    xc = cache.x_hat.reshape(five) / inv
    dxhat = _dx_hat(dout, cache).reshape(five)
    ax = (2, 3, 4)
    dvar = np.sum(dxhat * xc, axis=ax, keepdims=True) * -0.5 * inv**3
    dmu = np.sum(-dxhat * inv, axis=ax, keepdims=True)
    dx = dxhat * inv + 2 * xc * dvar + dmu
    return dx.reshape(dout.shape), *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.no-1/M")
def einsum_sums(dy, cache):
    N, C, H, W = dy.shape
    g = np.einsum("nchw,c->nchw", dy, cache.gamma).reshape(N, cache.groups, -1, H, W)
    v = cache.x_hat.reshape(g.shape)
    s = np.einsum("ngkhw->ng", g)[:, :, None, None, None]
    p = np.einsum("ngkhw,ngkhw->ng", g, v)[:, :, None, None, None]
    return cache.inv_std * (g - s - v * p).reshape(dy.shape), *_params(dy, cache)


# --- group-backward.gamma-outside


@program(check="groupnorm_backward", code="group-backward.gamma-outside")
def gamma_in_front(dy, cache):
    d, v = _blocks(dy, cache), _blocks(cache.x_hat, cache)
    t = d - d.mean(-1, keepdims=True) - v * (d * v).mean(-1, keepdims=True)
    dx = cache.gamma[:, None, None] * cache.inv_std * t.reshape(dy.shape)
    return dx, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.gamma-outside")
def batchnorm_bracket(dout, cache):
    N, C, H, W = dout.shape
    M = C // cache.groups * H * W
    d = dout.reshape(N, cache.groups, M)
    v = cache.x_hat.reshape(N, cache.groups, M)
    t = M * d - d.sum(2, keepdims=True) - v * (d * v).sum(2, keepdims=True)
    dx = np.einsum("nchw,c->nchw", t.reshape(dout.shape) * cache.inv_std / M, cache.gamma)
    return dx, *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.gamma-outside")
def scaled_at_the_end_of_the_loop(dy, cache):
    k = dy.shape[1] // cache.groups
    dx = np.zeros(dy.shape)
    for n in range(len(dy)):
        for c in range(dy.shape[1]):
            block = slice(c // k * k, c // k * k + k)
            m1 = dy[n, block].mean()
            m2 = (dy[n, block] * cache.x_hat[n, block]).mean()
            # γ は最後に
            dx[n, c] = cache.gamma[c] * cache.inv_std[n, c] * (dy[n, c] - m1 - cache.x_hat[n, c] * m2)
    return dx, *_params(dy, cache)


# --- group-backward.no-mean-path


@program(check="groupnorm_backward", code="group-backward.no-mean-path")
def projection_only(dy, cache):
    g, v = _blocks(_dx_hat(dy, cache), cache), _blocks(cache.x_hat, cache)
    t = g - v * (g * v).mean(-1, keepdims=True)
    return t.reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.no-mean-path")
def staged_dx_is_dxc(dout, cache):
    N, C, H, W = dout.shape
    r = lambda t: t.reshape(N * cache.groups, -1)  # noqa: E731
    inv = cache.inv_std.reshape(N * cache.groups, -1)[:, :1]
    dxhat, xc = r(_dx_hat(dout, cache)), r(cache.x_hat) / inv
    dvar = -0.5 * inv**3 * np.sum(dxhat * xc, axis=1, keepdims=True)
    dxc = dxhat * inv + 2.0 / xc.shape[1] * xc * dvar
    return dxc.reshape(dout.shape), *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.no-mean-path")
def split_two_terms(dy, cache):
    G = cache.groups
    parts = []
    for g, v, s in zip(
        np.split(_dx_hat(dy, cache), G, axis=1),
        np.split(cache.x_hat, G, axis=1),
        np.split(cache.inv_std, G, axis=1),
        strict=True,
    ):
        parts.append(s * (g - v * np.mean(g * v, axis=(1, 2, 3), keepdims=True)))
    return np.concatenate(parts, axis=1), *_params(dy, cache)


# --- group-backward.no-variance-path


@program(check="groupnorm_backward", code="group-backward.no-variance-path")
def centred_blocks(dy, cache):
    g = _blocks(_dx_hat(dy, cache), cache)
    return (g - g.mean(-1, keepdims=True)).reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.no-variance-path")
def std_is_a_number(dout, cache):
    N, C, H, W = dout.shape
    dxmu = (_dx_hat(dout, cache) * cache.inv_std).reshape(N, cache.groups, C // cache.groups, H, W)
    dmu = -dxmu.sum(axis=(2, 3, 4))
    dx = dxmu + dmu[:, :, None, None, None] / dxmu[0, 0].size
    return dx.reshape(dout.shape), *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.no-variance-path")
def centring_matrix(dy, cache):
    rows = _dx_hat(dy, cache).reshape(len(dy) * cache.groups, -1)
    M = rows.shape[1]
    rows = rows @ (np.eye(M) - np.full((M, M), 1 / M))
    return rows.reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


# --- group-backward.constant-statistics


@program(check="groupnorm_backward", code="group-backward.constant-statistics")
def direct_path_only(dy, cache):
    return _dx_hat(dy, cache) * cache.inv_std, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.constant-statistics")
def group_loop_scale_only(dout, cache):
    k = dout.shape[1] // cache.groups
    dx = np.empty(dout.shape)
    for q in range(cache.groups):
        s = slice(q * k, q * k + k)
        escala = cache.gamma[s].reshape(1, k, 1, 1) * cache.inv_std[:, s]
        dx[:, s] = dout[:, s] * escala
    return dx, *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.constant-statistics")
def divided_by_std(dy, cache):
    std = 1 / cache.inv_std
    dx = np.moveaxis(np.moveaxis(dy, 1, -1) * cache.gamma, -1, 1)
    return dx / std, np.einsum("nchw,nchw->c", dy, cache.x_hat), np.einsum("nchw->c", dy)


# --- group-backward.mean-term-sign


@program(check="groupnorm_backward", code="group-backward.mean-term-sign")
def plus_block_mean(dy, cache):
    g, v = _blocks(_dx_hat(dy, cache), cache), _blocks(cache.x_hat, cache)
    t = g + g.mean(-1, keepdims=True) - v * (g * v).mean(-1, keepdims=True)
    return t.reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.mean-term-sign")
def dmu_positive(dout, cache):
    N, C, H, W = dout.shape
    r = lambda t: t.reshape(N * cache.groups, -1)  # noqa: E731
    inv = r(cache.inv_std)[:, :1]
    dxhat, xc = r(_dx_hat(dout, cache)), r(cache.x_hat) / inv
    M = xc.shape[1]
    dvar = -0.5 * inv**3 * (dxhat * xc).sum(1, keepdims=True)
    dmu = (dxhat * inv).sum(1, keepdims=True)
    dx = dxhat * inv + 2 * xc * dvar / M + dmu / M
    return dx.reshape(dout.shape), *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.mean-term-sign")
def loop_with_plus(dy, cache):
    k = dy.shape[1] // cache.groups
    dx = np.zeros(dy.shape)
    for n in range(len(dy)):
        for c in range(0, dy.shape[1], k):
            g = dy[n, c : c + k] * cache.gamma[c : c + k, None, None]
            v = cache.x_hat[n, c : c + k]
            # 平均的导数
            dx[n, c : c + k] = cache.inv_std[n, c] * (g + np.mean(g) - v * np.mean(g * v))
    return dx, *_params(dy, cache)


# --- group-backward.variance-term-sign


@program(check="groupnorm_backward", code="group-backward.variance-term-sign")
def plus_projection(dy, cache):
    g, v = _blocks(_dx_hat(dy, cache), cache), _blocks(cache.x_hat, cache)
    t = g - g.mean(-1, keepdims=True) + v * (g * v).mean(-1, keepdims=True)
    return t.reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.variance-term-sign")
def dvar_without_minus(dout, cache):
    N, C, H, W = dout.shape
    G = cache.groups
    five = (N, G, C // G, H, W)
    inv = cache.inv_std.reshape(N, G, -1)[:, :, :1, None, None]
    xc = cache.x_hat.reshape(five) / inv
    dxhat = _dx_hat(dout, cache).reshape(five)
    dvar = 0.5 * inv**3 * np.sum(dxhat * xc, axis=(2, 3, 4), keepdims=True)
    dxc = dxhat * inv + 2 * xc * dvar / xc[0, 0].size
    dx = dxc - dxc.mean(axis=(2, 3, 4), keepdims=True)
    return dx.reshape(dout.shape), *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.variance-term-sign")
def jacobian_sign(dy, cache):
    rows = _dx_hat(dy, cache).reshape(len(dy) * cache.groups, -1)
    hats = cache.x_hat.reshape(rows.shape)
    M = rows.shape[1]
    out = []
    for g, v in zip(rows, hats, strict=True):
        J = np.eye(M) - np.ones((M, M)) / M + np.outer(v, v) / M
        out.append(J @ g)
    return np.array(out).reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


# --- group-backward.gamma-missing


@program(check="groupnorm_backward", code="group-backward.gamma-missing")
def dout_taken_for_dxhat(dout, cache):
    dxhat, v = _blocks(dout, cache), _blocks(cache.x_hat, cache)
    t = dxhat - dxhat.mean(-1, keepdims=True) - v * (dxhat * v).mean(-1, keepdims=True)
    return t.reshape(dout.shape) * cache.inv_std, *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.gamma-missing")
def m_bracket_without_gamma(dy, cache):
    N, C, H, W = dy.shape
    M = C // cache.groups * H * W
    d = dy.reshape(N * cache.groups, M)
    v = cache.x_hat.reshape(N * cache.groups, M)
    t = M * d - np.sum(d, 1, keepdims=True) - v * np.sum(d * v, 1, keepdims=True)
    return cache.inv_std / M * t.reshape(dy.shape), *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.gamma-missing")
def staged_skips_gamma(dy, cache):
    N, C, H, W = dy.shape
    five = (N, cache.groups, C // cache.groups, H, W)
    std = 1 / cache.inv_std.reshape(*five[:3], 1, 1)
    d, xmu = dy.reshape(five), cache.x_hat.reshape(five) * std
    ax = (2, 3, 4)
    dstd = -(d * xmu).sum(ax, keepdims=True) / std**2
    dvar = dstd / (2 * std)
    dxmu = d / std + 2 * xmu * dvar / d[0, 0].size
    dx = dxmu - dxmu.mean(ax, keepdims=True)
    return dx.reshape(dy.shape), *_params(dy, cache)


# --- group-backward.std-multiplied


@program(check="groupnorm_backward", code="group-backward.std-multiplied")
def divided_by_inv_std(dy, cache):
    g, v = _blocks(_dx_hat(dy, cache), cache), _blocks(cache.x_hat, cache)
    t = g - g.mean(-1, keepdims=True) - v * (g * v).mean(-1, keepdims=True)
    return t.reshape(dy.shape) / cache.inv_std, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.std-multiplied")
def times_std_in_five_axes(dout, cache):
    N, C, H, W = dout.shape
    five = (N, cache.groups, C // cache.groups, H, W)
    std = np.sqrt(cache.inv_std**-2).reshape(*five[:3], 1, 1)
    g, v = _dx_hat(dout, cache).reshape(five), cache.x_hat.reshape(five)
    m = lambda t: t.mean(axis=(2, 3, 4), keepdims=True)  # noqa: E731
    return (std * (g - m(g) - v * m(g * v))).reshape(dout.shape), *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.std-multiplied")
def loop_with_the_root(dy, cache):
    k = dy.shape[1] // cache.groups
    dx = np.zeros(dy.shape)
    for n in range(len(dy)):
        for c in range(0, dy.shape[1], k):
            s = slice(c, c + k)
            g, v = _dx_hat(dy, cache)[n, s], cache.x_hat[n, s]
            wurzel = 1 / cache.inv_std[n, c, 0, 0]
            dx[n, s] = (g - g.mean() - v * (g * v).mean()) * wurzel
    return dx, *_params(dy, cache)
