# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong backward passes of group norm: over which numbers the two means of dx are taken."""

import numpy as np

from corpus.registry import program


def _params(dy, cache):
    """dgamma and dbeta, right: these programs get only dx wrong."""
    return (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


# --- group-backward.size-for-number


@program(check="groupnorm_backward", code="group-backward.size-for-number")
def groups_channels_in_each(dy, cache):
    N, C, H, W = dy.shape
    G = cache.groups
    g = (dy * cache.gamma[:, None, None]).reshape(N, C // G, G, H, W)
    v = cache.x_hat.reshape(N, C // G, G, H, W)
    ax = (2, 3, 4)
    t = g - g.mean(ax, keepdims=True) - v * (g * v).mean(ax, keepdims=True)
    return t.reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.size-for-number")
def slices_of_length_groups(dout, cache):
    N, C, H, W = dout.shape
    size = cache.groups
    dx = np.zeros(dout.shape)
    for n in range(N):
        for start in range(0, C, size):
            s = slice(start, start + size)
            g = dout[n, s] * cache.gamma[s, None, None]
            v = cache.x_hat[n, s]
            dx[n, s] = cache.inv_std[n, s] * (g - g.mean() - v * (g * v).mean())
    return dx, *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.size-for-number")
def rows_of_g_times_hw(dy, cache):
    N, C, H, W = dy.shape
    M = cache.groups * H * W
    rows = (dy * cache.gamma.reshape(1, C, 1, 1)).reshape(-1, M)
    v = cache.x_hat.reshape(-1, M)
    dx = rows - rows.sum(1, keepdims=True) / M - v * (rows * v).sum(1, keepdims=True) / M
    return dx.reshape(N, C, H, W) * cache.inv_std, *_params(dy, cache)


# --- group-backward.interleaved


@program(check="groupnorm_backward", code="group-backward.interleaved")
def c_over_g_before_g(dy, cache):
    N, C, H, W = dy.shape
    G = cache.groups
    split = lambda t: t.reshape(N, C // G, G, H, W)  # noqa: E731
    g, v = split(dy * cache.gamma[:, None, None]), split(cache.x_hat)
    m1 = g.mean(axis=(1, 3, 4), keepdims=True)
    m2 = (g * v).mean(axis=(1, 3, 4), keepdims=True)
    return cache.inv_std * (g - m1 - v * m2).reshape(dy.shape), *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.interleaved")
def step_slices(dout, cache):
    dxhat = dout * cache.gamma.reshape(1, -1, 1, 1)
    dx = np.empty(dout.shape)
    for k in range(cache.groups):
        g, v = dxhat[:, k :: cache.groups], cache.x_hat[:, k :: cache.groups]
        a = g.mean((1, 2, 3), keepdims=True)
        b = (g * v).mean((1, 2, 3), keepdims=True)
        dx[:, k :: cache.groups] = g - a - v * b
    dx *= cache.inv_std
    return dx, *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.interleaved")
def modulo_index(dy, cache):
    # c % G で組を決める
    N, C, H, W = dy.shape
    of_group = np.arange(C) % cache.groups
    dx = np.zeros(dy.shape)
    for n in range(N):
        for k in range(cache.groups):
            mine = of_group == k
            g = dy[n, mine] * cache.gamma[mine, None, None]
            v = cache.x_hat[n, mine]
            dx[n, mine] = (g - g.sum() / g.size - v * (g * v).sum() / g.size) * cache.inv_std[n, mine]
    return dx, *_params(dy, cache)


# --- group-backward.per-pixel


@program(check="groupnorm_backward", code="group-backward.per-pixel")
def axis_two_of_five(dy, cache):
    N, C, H, W = dy.shape
    g = (dy * cache.gamma[:, None, None]).reshape(N, cache.groups, -1, H, W)
    v = cache.x_hat.reshape(g.shape)
    dx = g - g.mean(2, keepdims=True) - v * (g * v).mean(2, keepdims=True)
    return dx.reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.per-pixel")
def split_axis_one(dout, cache):
    dxhat = np.einsum("nchw,c->nchw", dout, cache.gamma)
    parts = []
    for g, v in zip(
        np.split(dxhat, cache.groups, axis=1), np.split(cache.x_hat, cache.groups, axis=1), strict=True
    ):
        k = g.shape[1]
        parts.append(g - g.sum(1, keepdims=True) / k - v * (g * v).sum(1, keepdims=True) / k)
    return np.concatenate(parts, axis=1) * cache.inv_std, *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.per-pixel")
def channels_last_last_axis(dy, cache):
    N, C, H, W = dy.shape
    shape = (N, H, W, cache.groups, C // cache.groups)
    g = (np.moveaxis(dy, 1, -1) * cache.gamma).reshape(shape)
    v = np.moveaxis(cache.x_hat, 1, -1).reshape(shape)
    t = g - np.mean(g, -1, keepdims=True) - v * np.mean(g * v, -1, keepdims=True)
    return np.moveaxis(t.reshape(N, H, W, C), -1, 1) * cache.inv_std, *_params(dy, cache)


# --- group-backward.per-channel


@program(check="groupnorm_backward", code="group-backward.per-channel")
def instance_norm_backward(dy, cache):
    g = dy * cache.gamma[:, None, None]
    m = lambda t: t.mean(axis=(2, 3), keepdims=True)  # noqa: E731
    return cache.inv_std * (g - m(g) - cache.x_hat * m(g * cache.x_hat)), *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.per-channel")
def maps_in_a_loop(dout, cache):
    N, C, H, W = dout.shape
    M = H * W
    dx = np.zeros_like(dout)
    for n in range(N):
        for c in range(C):
            d, v = dout[n, c], cache.x_hat[n, c]
            t = M * d - np.sum(d) - v * np.sum(d * v)
            dx[n, c] = cache.gamma[c] * cache.inv_std[n, c, 0, 0] / M * t
    return dx, *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.per-channel")
def staged_last_two_axes(dy, cache):
    N, C, H, W = dy.shape
    G = cache.groups
    five = (N, G, C // G, H, W)
    inv = cache.inv_std.reshape(N, G, C // G, 1, 1)
    xc = cache.x_hat.reshape(five) / inv
    dxhat = (dy * cache.gamma.reshape(1, C, 1, 1)).reshape(five)
    dvar = -0.5 * inv**3 * (dxhat * xc).sum((3, 4), keepdims=True)
    dxc = dxhat * inv + 2 * xc * dvar / (H * W)
    dx = dxc - dxc.sum((3, 4), keepdims=True) / (H * W)
    return dx.reshape(dy.shape), *_params(dy, cache)


# --- group-backward.one-group


@program(check="groupnorm_backward", code="group-backward.one-group")
def all_but_the_batch(dy, cache):
    ax = (1, 2, 3)
    g = dy * cache.gamma[:, None, None]
    dx = g - g.mean(ax, keepdims=True) - cache.x_hat * (g * cache.x_hat).mean(ax, keepdims=True)
    return dx * cache.inv_std, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.one-group")
def flat_layernorm_rows(dout, cache):
    N, C, H, W = dout.shape
    g = (dout * cache.gamma.reshape(1, C, 1, 1)).reshape(N, -1)
    v = cache.x_hat.reshape(N, -1)
    D = g.shape[1]
    dx = D * g - g.sum(1, keepdims=True) - v * (g * v).sum(1, keepdims=True)
    return dx.reshape(dout.shape) * cache.inv_std / D, *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.one-group")
def group_axis_summed_too(dy, cache):
    # 그룹 축까지 더해 버림
    N, C, H, W = dy.shape
    g = np.einsum("nchw,c->nchw", dy, cache.gamma).reshape(N, cache.groups, -1)
    v = cache.x_hat.reshape(g.shape)
    M = C * H * W
    s = np.einsum("ngm->n", g)[:, None, None] / M
    p = np.einsum("ngm,ngm->n", g, v)[:, None, None] / M
    return (g - s - v * p).reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


# --- group-backward.without-width


@program(check="groupnorm_backward", code="group-backward.without-width")
def axes_two_three(dy, cache):
    N, C, H, W = dy.shape
    g = (dy * cache.gamma[:, None, None]).reshape(N, cache.groups, -1, H, W)
    v = cache.x_hat.reshape(g.shape)
    t = g - g.mean((2, 3), keepdims=True) - v * (g * v).mean((2, 3), keepdims=True)
    return t.reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.without-width")
def einsum_keeps_w(dout, cache):
    N, C, H, W = dout.shape
    k = C // cache.groups
    g = (dout * cache.gamma.reshape(1, C, 1, 1)).reshape(N, cache.groups, k, H, W)
    v = cache.x_hat.reshape(N, cache.groups, k, H, W)
    s = np.einsum("ngkhw->ngw", g)[:, :, None, None] / (k * H)
    p = np.einsum("ngkhw,ngkhw->ngw", g, v)[:, :, None, None] / (k * H)
    return cache.inv_std * np.reshape(g - s - v * p, dout.shape), *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.without-width")
def columns_of_each_group(dy, cache):
    N, C, H, W = dy.shape
    k = C // cache.groups
    dxhat = dy * cache.gamma[:, None, None]
    dx = np.zeros(dy.shape)
    for n in range(N):
        for q in range(0, C, k):
            for w in range(W):
                g, v = dxhat[n, q : q + k, :, w], cache.x_hat[n, q : q + k, :, w]
                dx[n, q : q + k, :, w] = (g - g.mean() - v * (g * v).mean()) * cache.inv_std[n, q, 0, 0]
    return dx, *_params(dy, cache)


# --- group-backward.without-height


@program(check="groupnorm_backward", code="group-backward.without-height")
def axes_two_four(dy, cache):
    N, C, H, W = dy.shape
    mean = lambda t: t.mean(axis=(2, 4), keepdims=True)  # noqa: E731
    g = (dy * cache.gamma[:, None, None]).reshape(N, cache.groups, -1, H, W)
    v = cache.x_hat.reshape(g.shape)
    return (g - mean(g) - v * mean(g * v)).reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.without-height")
def split_axes_one_three(dout, cache):
    G = cache.groups
    dxhat = np.split(dout * cache.gamma.reshape(1, -1, 1, 1), G, axis=1)
    done = []
    for g, v in zip(dxhat, np.split(cache.x_hat, G, axis=1), strict=True):
        ax = (1, 3)
        done.append(g - g.mean(ax, keepdims=True) - v * (g * v).mean(ax, keepdims=True))
    return np.concatenate(done, 1) * cache.inv_std, *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.without-height")
def lines_of_each_group(dy, cache):
    N, C, H, W = dy.shape
    k = C // cache.groups
    M = k * W
    dx = np.zeros(dy.shape)
    for h in range(H):
        g = (dy[:, :, h] * cache.gamma[:, None]).reshape(N, cache.groups, M)
        v = cache.x_hat[:, :, h].reshape(N, cache.groups, M)
        t = g - g.sum(-1, keepdims=True) / M - v * (g * v).sum(-1, keepdims=True) / M
        dx[:, :, h] = t.reshape(N, C, W) * cache.inv_std[:, :, 0]
    return dx, *_params(dy, cache)


# --- group-backward.batch-axis


@program(check="groupnorm_backward", code="group-backward.batch-axis")
def zero_in_the_axes(dy, cache):
    N, C, H, W = dy.shape
    ax = (0, 2, 3, 4)
    g = (dy * cache.gamma[:, None, None]).reshape(N, cache.groups, -1, H, W)
    v = cache.x_hat.reshape(g.shape)
    t = g - g.mean(ax, keepdims=True) - v * (g * v).mean(ax, keepdims=True)
    return t.reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.batch-axis")
def split_mean_of_everything(dout, cache):
    k = dout.shape[1] // cache.groups
    dx = dout * cache.gamma[None, :, None, None]
    for q in range(cache.groups):
        s = slice(q * k, (q + 1) * k)
        g, v = dx[:, s].copy(), cache.x_hat[:, s]
        dx[:, s] = g - np.mean(g) - v * np.mean(g * v)
    return dx * cache.inv_std, *_params(dout, cache)


@program(check="groupnorm_backward", code="group-backward.batch-axis")
def einsum_to_g(dy, cache):
    N, C, H, W = dy.shape
    g = np.einsum("nchw,c->nchw", dy, cache.gamma).reshape(N, cache.groups, -1)
    v = cache.x_hat.reshape(N, cache.groups, -1)
    M = N * g.shape[2]
    s, p = np.einsum("ngm->g", g) / M, np.einsum("ngm,ngm->g", g, v) / M
    dx = g - s[:, None] - v * p[:, None]
    return cache.inv_std * dx.reshape(dy.shape), *_params(dy, cache)


# --- group-backward.batch-norm


@program(check="groupnorm_backward", code="group-backward.batch-norm")
def spatial_batchnorm_formula(dy, cache):
    ax = (0, 2, 3)
    g = dy * cache.gamma[:, None, None]
    dx = g - g.mean(ax, keepdims=True) - cache.x_hat * (g * cache.x_hat).mean(ax, keepdims=True)
    return cache.inv_std * dx, *_params(dy, cache)


@program(check="groupnorm_backward", code="group-backward.batch-norm")
def dgamma_and_dbeta_reused(dout, cache):
    N, C, H, W = dout.shape
    M = N * H * W
    dgamma, dbeta = _params(dout, cache)
    # 与批归一化相同
    t = dout - dbeta[:, None, None] / M - cache.x_hat * dgamma[:, None, None] / M
    return cache.gamma[:, None, None] * cache.inv_std * t, dgamma, dbeta


@program(check="groupnorm_backward", code="group-backward.batch-norm")
def channel_after_channel(dy, cache):
    dx = np.empty(dy.shape)
    for c in range(dy.shape[1]):
        g, v = cache.gamma[c] * dy[:, c], cache.x_hat[:, c]
        dx[:, c] = cache.inv_std[:, c] * (g - np.average(g) - v * np.average(g * v))
    return dx, *_params(dy, cache)
