# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong group norm: which numbers share one mean and one variance."""

import numpy as np

from corpus.registry import program


def _ch(p):
    """One value a channel, beside (N, C, H, W)."""
    return p.reshape(1, -1, 1, 1)


# --- group.size-for-number


@program(check="groupnorm_forward", code="group.size-for-number")
def groups_channels_in_each(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, C // groups, groups, H, W)
    mean = z.mean(axis=(2, 3, 4), keepdims=True)
    var = z.var(axis=(2, 3, 4), keepdims=True)
    z = (z - mean) / np.sqrt(var + eps)
    return _ch(gamma) * z.reshape(N, C, H, W) + _ch(beta)


@program(check="groupnorm_forward", code="group.size-for-number")
def slices_of_length_groups(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    y = np.zeros((N, C, H, W))
    for n in range(N):
        for start in range(0, C, groups):
            block = x[n, start : start + groups]
            y[n, start : start + groups] = (block - block.mean()) / np.sqrt(block.var() + eps)
    return y * gamma[:, None, None] + beta[:, None, None]


@program(check="groupnorm_forward", code="group.size-for-number")
def flat_blocks_of_size_g(x, gamma, beta, G, eps):
    N, C, H, W = x.shape
    rows = x.reshape(-1, G * H * W)
    rows = rows - rows.mean(1)[:, None]
    rows = rows / np.sqrt(np.mean(rows**2, 1) + eps)[:, None]
    out = rows.reshape(x.shape)
    return np.einsum("nchw,c->nchw", out, gamma) + _ch(beta)


# --- group.interleaved


@program(check="groupnorm_forward", code="group.interleaved")
def c_over_g_first(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, C // groups, groups, H, W)
    mean = z.mean(axis=(1, 3, 4), keepdims=True)
    var = z.var(axis=(1, 3, 4), keepdims=True)
    x_hat = ((z - mean) / np.sqrt(var + eps)).reshape(x.shape)
    return _ch(gamma) * x_hat + _ch(beta)


@program(check="groupnorm_forward", code="group.interleaved")
def step_slices(x, gamma, beta, groups, eps):
    out = np.empty(x.shape)
    for g in range(groups):
        part = x[:, g::groups]
        m = part.mean(axis=(1, 2, 3), keepdims=True)
        v = part.var(axis=(1, 2, 3), keepdims=True)
        out[:, g::groups] = (part - m) / np.sqrt(v + eps)
    return out * _ch(gamma) + _ch(beta)


@program(check="groupnorm_forward", code="group.interleaved")
def channel_modulo_groups(x, gamma, beta, groups, eps):
    # 通道编号对组数取余
    N, C, H, W = x.shape
    y = np.zeros(x.shape)
    for n in range(N):
        for g in range(groups):
            idx = [c for c in range(C) if c % groups == g]
            v = x[n, idx]
            xc = v - v.sum() / v.size
            y[n, idx] = xc * ((xc**2).sum() / v.size + eps) ** -0.5
    return y * gamma.reshape(C, 1, 1) + beta.reshape(C, 1, 1)


# --- group.per-pixel


@program(check="groupnorm_forward", code="group.per-pixel")
def axis_two_only(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, -1, H, W)
    z = (z - z.mean(2, keepdims=True)) / np.sqrt(z.var(2, keepdims=True) + eps)
    return _ch(gamma) * z.reshape(N, C, H, W) + _ch(beta)


@program(check="groupnorm_forward", code="group.per-pixel")
def split_over_channels(x, gamma, beta, groups, eps):
    def norm(part):
        m = part.mean(axis=1, keepdims=True)
        return (part - m) / np.sqrt(((part - m) ** 2).mean(axis=1, keepdims=True) + eps)

    parts = [norm(p) for p in np.split(x, groups, axis=1)]
    return np.concatenate(parts, axis=1) * gamma[:, None, None] + beta[:, None, None]


@program(check="groupnorm_forward", code="group.per-pixel")
def channels_last_groups(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    t = x.transpose(0, 2, 3, 1).reshape(N, H, W, groups, C // groups)
    c = t - np.einsum("nhwgk->nhwg", t)[..., None] / (C // groups)
    v = np.einsum("nhwgk,nhwgk->nhwg", c, c)[..., None] / (C // groups)
    t = (c / np.sqrt(v + eps)).reshape(N, H, W, C) * gamma + beta
    return t.transpose(0, 3, 1, 2)


# --- group.per-channel


@program(check="groupnorm_forward", code="group.per-channel")
def grouped_but_axes_three_four(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, C // groups, H, W)
    mu = z.mean(axis=(3, 4), keepdims=True)
    var = z.var(axis=(3, 4), keepdims=True)
    return ((z - mu) / np.sqrt(var + eps)).reshape(x.shape) * _ch(gamma) + _ch(beta)


@program(check="groupnorm_forward", code="group.per-channel")
def groups_not_used(x, gamma, beta, groups, eps):
    mean = np.mean(x, axis=(2, 3), keepdims=True)
    var = np.var(x, axis=(2, 3), keepdims=True)
    return _ch(gamma) * (x - mean) / np.sqrt(var + eps) + _ch(beta)


@program(check="groupnorm_forward", code="group.per-channel")
def loop_over_channels_of_the_group(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    k = C // groups
    out = np.zeros(x.shape)
    for n in range(N):
        for g in range(groups):
            for c in range(g * k, (g + 1) * k):
                a = x[n, c]
                out[n, c] = gamma[c] * (a - a.mean()) / np.sqrt(a.var() + eps) + beta[c]
    return out


# --- group.one-group


@program(check="groupnorm_forward", code="group.one-group")
def layer_norm_of_images(x, gamma, beta, groups, eps):
    ax = (1, 2, 3)
    x_hat = (x - x.mean(ax, keepdims=True)) / np.sqrt(x.var(ax, keepdims=True) + eps)
    return _ch(gamma) * x_hat + _ch(beta)


@program(check="groupnorm_forward", code="group.one-group")
def group_axis_in_the_mean(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, C // groups, H, W)
    mu = z.mean(axis=(1, 2, 3, 4), keepdims=True)
    zc = z - mu
    var = (zc**2).mean(axis=(1, 2, 3, 4), keepdims=True)
    y = (zc * (var + eps) ** -0.5).reshape(N, C, H, W)
    return y * gamma.reshape(1, C, 1, 1) + beta.reshape(1, C, 1, 1)


@program(check="groupnorm_forward", code="group.one-group")
def flat_examples(x, gamma, beta, groups, eps):
    # 例ごとに一つの平均
    y = []
    for e in x:
        v = e.flatten()
        d = v - np.mean(v)
        y.append((d / np.sqrt(d @ d / len(d) + eps)).reshape(e.shape))
    return np.stack(y) * gamma[:, None, None] + beta[:, None, None]


# --- group.without-width


@program(check="groupnorm_forward", code="group.without-width")
def axes_two_three(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, C // groups, H, W)
    mean = z.mean(axis=(2, 3), keepdims=True)  # the axes of H and W?
    var = z.var(axis=(2, 3), keepdims=True)
    z = (z - mean) / np.sqrt(var + eps)
    return _ch(gamma) * z.reshape(x.shape) + _ch(beta)


@program(check="groupnorm_forward", code="group.without-width")
def einsum_keeps_w(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    k = C // groups
    z = x.reshape(N, groups, k, H, W)
    mu = np.einsum("ngkhw->ngw", z) / (k * H)
    d = z - mu[:, :, None, None, :]
    s = np.einsum("ngkhw,ngkhw->ngw", d, d) / (k * H)
    y = np.einsum("ngkhw,ngw->ngkhw", d, 1 / np.sqrt(s + eps)).reshape(N, C, H, W)
    return y * _ch(gamma) + _ch(beta)


@program(check="groupnorm_forward", code="group.without-width")
def columns_of_a_group(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    t = x.reshape(N, groups, (C // groups) * H, W)
    t = (t - t.mean(2, keepdims=True)) / np.sqrt(t.var(2, keepdims=True) + eps)
    return t.reshape(N, C, H, W) * gamma[:, None, None] + beta[:, None, None]


# --- group.without-height


@program(check="groupnorm_forward", code="group.without-height")
def axes_two_four(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, -1, H, W)
    mean = np.mean(z, axis=(2, -1), keepdims=True)
    var = np.var(z, axis=(2, -1), keepdims=True)
    return _ch(gamma) * ((z - mean) / np.sqrt(var + eps)).reshape(x.shape) + _ch(beta)


@program(check="groupnorm_forward", code="group.without-height")
def lines_of_a_group(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    k = C // groups
    y = np.empty(x.shape)
    for n in range(N):
        for g in range(groups):
            for h in range(H):
                b = x[n, g * k : (g + 1) * k, h]
                y[n, g * k : (g + 1) * k, h] = (b - b.mean()) / np.sqrt(b.var() + eps)
    return y * gamma.reshape(C, 1, 1) + beta.reshape(C, 1, 1)


@program(check="groupnorm_forward", code="group.without-height")
def split_then_axes_one_three(x, gamma, beta, groups, eps):
    done = []
    for p in np.split(x, groups, axis=1):
        c = p - p.mean(axis=(1, 3), keepdims=True)
        done.append(c / np.sqrt((c * c).mean(axis=(1, 3), keepdims=True) + eps))
    return np.concatenate(done, 1) * _ch(gamma) + _ch(beta)


# --- group.batch-axis


@program(check="groupnorm_forward", code="group.batch-axis")
def zero_in_the_axes(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, C // groups, H, W)
    ax = (0, 2, 3, 4)
    z = (z - z.mean(ax, keepdims=True)) / np.sqrt(z.var(ax, keepdims=True) + eps)
    return _ch(gamma) * z.reshape(x.shape) + _ch(beta)


@program(check="groupnorm_forward", code="group.batch-axis")
def split_without_axes(x, gamma, beta, groups, eps):
    parts = np.array_split(x, groups, axis=1)
    parts = [(p - p.mean()) / np.sqrt(p.var() + eps) for p in parts]
    return np.concatenate(parts, axis=1) * gamma[:, None, None] + beta[:, None, None]


@program(check="groupnorm_forward", code="group.batch-axis")
def one_slice_for_the_whole_batch(x, gamma, beta, groups, eps):
    k = x.shape[1] // groups
    y = np.zeros(x.shape)
    for g in range(groups):
        s = slice(g * k, g * k + k)
        promedio = np.average(x[:, s])
        desv = np.sqrt(np.average((x[:, s] - promedio) ** 2) + eps)
        y[:, s] = _ch(gamma[s]) * (x[:, s] - promedio) / desv + _ch(beta[s])
    return y


# --- group.batch-norm


@program(check="groupnorm_forward", code="group.batch-norm")
def spatial_batchnorm_pasted(x, gamma, beta, groups, eps):
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    return _ch(gamma) * (x - mu) / np.sqrt(var + eps) + _ch(beta)


@program(check="groupnorm_forward", code="group.batch-norm")
def grouped_shape_batch_axes(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, C // groups, H, W)
    zc = z - z.mean(axis=(0, 3, 4), keepdims=True)
    z = zc / np.sqrt(np.square(zc).mean(axis=(0, 3, 4), keepdims=True) + eps)
    return np.reshape(z, x.shape) * _ch(gamma) + _ch(beta)


@program(check="groupnorm_forward", code="group.batch-norm")
def rows_as_in_cs231n(x, gamma, beta, G, eps):
    N, C, H, W = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)
    rows = (rows - rows.mean(0)) / np.sqrt(rows.var(0) + eps) * gamma + beta
    return rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)
