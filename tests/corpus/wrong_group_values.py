# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong group norm: counts, averaged variances, the mean that stays in, eps, the root, gamma and beta."""

import numpy as np

from corpus.registry import program


def _ch(p):
    """One value a channel, beside (N, C, H, W)."""
    return p.reshape(1, -1, 1, 1)


def _rows(x, groups):
    """One row for each group of each example: (N·G, C/G·H·W)."""
    return x.reshape(x.shape[0] * groups, -1)


# --- group.mean-of-variances


@program(check="groupnorm_forward", code="group.mean-of-variances")
def channel_variances_averaged(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, C // groups, H, W)
    mean = z.mean(axis=(2, 3, 4), keepdims=True)
    var = z.var(axis=(3, 4), keepdims=True).mean(axis=2, keepdims=True)
    z = (z - mean) / np.sqrt(var + eps)
    return _ch(gamma) * z.reshape(x.shape) + _ch(beta)


@program(check="groupnorm_forward", code="group.mean-of-variances")
def accumulated_in_the_group(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    k = C // groups
    y = np.zeros(x.shape)
    for n in range(N):
        for g in range(groups):
            m = v = 0.0
            for c in range(g * k, (g + 1) * k):
                m += x[n, c].mean() / k
                v += x[n, c].var() / k
            y[n, g * k : (g + 1) * k] = (x[n, g * k : (g + 1) * k] - m) / np.sqrt(v + eps)
    return y * gamma[:, None, None] + beta[:, None, None]


@program(check="groupnorm_forward", code="group.mean-of-variances")
def instance_statistics_pooled(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    m = x.mean((2, 3)).reshape(N, groups, -1).mean(-1)
    v = x.var((2, 3)).reshape(N, groups, -1).mean(-1)
    spread = lambda s: np.repeat(s, C // groups, axis=1)[:, :, None, None]  # noqa: E731
    return (x - spread(m)) / np.sqrt(spread(v) + eps) * _ch(gamma) + _ch(beta)


# --- group.n-for-d


@program(check="groupnorm_forward", code="group.n-for-d")
def both_sums_over_n(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, -1)
    mu = z.sum(axis=2, keepdims=True) / N
    zc = z - mu
    var = (zc**2).sum(axis=2, keepdims=True) / N
    z = zc / np.sqrt(var + eps)
    return _ch(gamma) * z.reshape(x.shape) + _ch(beta)


@program(check="groupnorm_forward", code="group.n-for-d")
def len_of_the_batch(x, gamma, beta, groups, eps):
    n = len(x)
    z = x.reshape(n, groups, x.shape[1] // groups, *x.shape[2:])
    m = np.einsum("ngkhw->ng", z) / n
    d = z - m[:, :, None, None, None]
    v = np.einsum("ngkhw,ngkhw->ng", d, d) / n
    y = np.einsum("ngkhw,ng->ngkhw", d, (v + eps) ** -0.5)
    return np.einsum("nchw,c->nchw", y.reshape(x.shape), gamma) + _ch(beta)


@program(check="groupnorm_forward", code="group.n-for-d")
def transposed_layernorm_with_n(x, gamma, beta, groups, eps):
    # wie in CS231n: Zeilen sind Gruppen
    N = x.shape[0]
    t = _rows(x, groups).T
    mu = t.sum(0) / N
    t = t - mu
    t = t / np.sqrt((t**2).sum(0) / N + eps)
    return t.T.reshape(x.shape) * _ch(gamma) + _ch(beta)


# --- group.divided-by-channels


@program(check="groupnorm_forward", code="group.divided-by-channels")
def k_channels_in_a_group(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    k = C // groups
    z = x.reshape(N, groups, k, H, W)
    mu = z.sum(axis=(2, 3, 4), keepdims=True) / k
    zc = z - mu
    var = (zc * zc).sum(axis=(2, 3, 4), keepdims=True) / k
    return _ch(gamma) * (zc / np.sqrt(var + eps)).reshape(x.shape) + _ch(beta)


@program(check="groupnorm_forward", code="group.divided-by-channels")
def shape_two_is_the_count(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, C // groups, H * W)
    count = z.shape[2]
    mean = np.einsum("ngks->ng", z)[..., None, None] / count
    d = z - mean
    var = np.einsum("ngks,ngks->ng", d, d)[..., None, None] / count
    return (d * (var + eps) ** -0.5).reshape(x.shape) * _ch(gamma) + _ch(beta)


@program(check="groupnorm_forward", code="group.divided-by-channels")
def loops_divide_by_size(x, gamma, beta, groups, eps):
    # 그룹 크기로 나눈다
    N, C, H, W = x.shape
    size = C // groups
    y = np.zeros(x.shape)
    for n in range(N):
        for g in range(groups):
            b = x[n, g * size : (g + 1) * size]
            m = b.sum() / size
            v = ((b - m) ** 2).sum() / size
            y[n, g * size : (g + 1) * size] = (b - m) / np.sqrt(v + eps)
    return y * _ch(gamma) + _ch(beta)


# --- group.rms


@program(check="groupnorm_forward", code="group.rms")
def root_mean_square(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, C // groups, H, W)
    ms = (z**2).mean(axis=(2, 3, 4), keepdims=True)
    return _ch(gamma) * (z / np.sqrt(ms + eps)).reshape(x.shape) + _ch(beta)


@program(check="groupnorm_forward", code="group.rms")
def rows_over_their_rms(x, gamma, beta, groups, eps):
    r = _rows(x, groups)
    rms = np.sqrt(np.einsum("rm,rm->r", r, r) / r.shape[1] + eps)
    y = (r / rms[:, None]).reshape(x.shape)
    return y * gamma[:, None, None] + beta[:, None, None]


@program(check="groupnorm_forward", code="group.rms")
def split_and_square(x, gamma, beta, groups, eps):
    parts = []
    for p in np.split(x, groups, axis=1):
        energie = np.square(p).mean(axis=(1, 2, 3), keepdims=True)
        parts.append(p * (energie + eps) ** -0.5)
    return np.concatenate(parts, axis=1) * _ch(gamma) + _ch(beta)


# --- group.bessel


@program(check="groupnorm_forward", code="group.bessel")
def ddof_one(x, gamma, beta, groups, eps):
    r = _rows(x, groups)
    r = (r - r.mean(1, keepdims=True)) / np.sqrt(r.var(1, ddof=1, keepdims=True) + eps)
    return _ch(gamma) * r.reshape(x.shape) + _ch(beta)


@program(check="groupnorm_forward", code="group.bessel")
def m_minus_one(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    M = C // groups * H * W
    z = x.reshape(N, groups, M)
    zc = z - z.sum(-1, keepdims=True) / M
    s2 = (zc**2).sum(-1, keepdims=True) / (M - 1)
    return (zc / np.sqrt(s2 + eps)).reshape(x.shape) * _ch(gamma) + _ch(beta)


@program(check="groupnorm_forward", code="group.bessel")
def torch_var_in_old_code(x, weight, bias, groups, eps):
    N, C, H, W = x.shape
    x = x.reshape(N, groups, -1)
    mean = x.mean(-1)[..., None]
    var = np.var(x, axis=-1, ddof=1)[..., None]  # x.var(-1)
    x = (x - mean) / (var + eps) ** 0.5
    return x.reshape(N, C, H, W) * weight.reshape(1, C, 1, 1) + bias.reshape(1, C, 1, 1)


# --- group.eps-outside


@program(check="groupnorm_forward", code="group.eps-outside")
def std_plus_eps(x, gamma, beta, groups, eps):
    r = _rows(x, groups)
    r = (r - r.mean(1, keepdims=True)) / (r.std(1, keepdims=True) + eps)
    return _ch(gamma) * r.reshape(x.shape) + _ch(beta)


@program(check="groupnorm_forward", code="group.eps-outside")
def root_of_var_then_eps(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, C // groups, H, W)
    ax = (2, 3, 4)
    mean, var = z.mean(ax, keepdims=True), z.var(ax, keepdims=True)
    return ((z - mean) / (np.sqrt(var) + eps)).reshape(x.shape) * _ch(gamma) + _ch(beta)


@program(check="groupnorm_forward", code="group.eps-outside")
def loop_over_groups_std(x, gamma, beta, groups, eps):
    out = np.zeros(x.shape)
    for n, example in enumerate(x):
        pieces = [(p - p.mean()) / (p.std() + eps) for p in np.split(example, groups)]
        out[n] = np.concatenate(pieces) * gamma[:, None, None] + beta[:, None, None]
    return out


# --- group.eps-missing


@program(check="groupnorm_forward", code="group.eps-missing")
def over_std(x, gamma, beta, groups, eps):
    r = _rows(x, groups)
    return _ch(gamma) * ((r - r.mean(1, keepdims=True)) / r.std(1, keepdims=True)).reshape(x.shape) + _ch(
        beta
    )


@program(check="groupnorm_forward", code="group.eps-missing")
def eps_as_decoration(x, gamma, beta, groups, eps=1e-5):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, -1)
    zc = z - z.mean(2, keepdims=True)
    ivar = 1.0 / np.sqrt((zc**2).mean(2, keepdims=True))
    return (zc * ivar).reshape(x.shape) * _ch(gamma) + _ch(beta)


@program(check="groupnorm_forward", code="group.eps-missing")
def unit_rows_by_norm(x, gamma, beta, groups, eps):
    # ベクトルの長さで割る
    r = _rows(x, groups)
    r = r - r.mean(axis=1, keepdims=True)
    r = r / np.linalg.norm(r, axis=1, keepdims=True) * np.sqrt(r.shape[1])
    return r.reshape(x.shape) * gamma[:, None, None] + beta[:, None, None]


# --- group.no-root


@program(check="groupnorm_forward", code="group.no-root")
def over_the_variance(x, gamma, beta, groups, eps):
    r = _rows(x, groups)
    r = (r - r.mean(1, keepdims=True)) / (r.var(1, keepdims=True) + eps)
    return _ch(gamma) * r.reshape(x.shape) + _ch(beta)


@program(check="groupnorm_forward", code="group.no-root")
def inverse_of_var(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, C // groups, H, W)
    d = z - z.mean((2, 3, 4), keepdims=True)
    inv = np.reciprocal(np.einsum("ngkhw,ngkhw->ng", d, d) / d[0, 0].size + eps)
    return np.einsum("ngkhw,ng->ngkhw", d, inv).reshape(x.shape) * _ch(gamma) + _ch(beta)


@program(check="groupnorm_forward", code="group.no-root")
def sigma_squared_below(x, gamma, beta, groups, eps):
    k = x.shape[1] // groups
    y = np.empty(x.shape)
    for i in range(0, x.shape[1], k):
        b = x[:, i : i + k]
        sigma = b.std(axis=(1, 2, 3), keepdims=True)
        y[:, i : i + k] = (b - b.mean(axis=(1, 2, 3), keepdims=True)) / (sigma**2 + eps)
    return y * _ch(gamma) + _ch(beta)


# --- group.gamma-missing


@program(check="groupnorm_forward", code="group.gamma-missing")
def plus_beta_only(x, gamma, beta, groups, eps):
    r = _rows(x, groups)
    r = (r - r.mean(1, keepdims=True)) / np.sqrt(r.var(1, keepdims=True) + eps)
    return r.reshape(x.shape) + _ch(beta)


@program(check="groupnorm_forward", code="group.gamma-missing")
def loop_forgets_scale(x, gamma, beta, groups, eps):
    out = []
    for part, b in zip(np.split(x, groups, axis=1), np.split(beta, groups), strict=True):
        m = part.mean(axis=(1, 2, 3), keepdims=True)
        s = np.sqrt(part.var(axis=(1, 2, 3), keepdims=True) + eps)
        out.append((part - m) / s + b[:, None, None])
    return np.concatenate(out, axis=1)


@program(check="groupnorm_forward", code="group.gamma-missing")
def scaled_copy_not_returned(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, -1)
    z = (z - z.mean(-1)[..., None]) * (z.var(-1)[..., None] + eps) ** -0.5
    z = z.reshape(N, C, H, W)
    np.multiply(z, _ch(gamma))
    return z + _ch(beta)


# --- group.beta-missing


@program(check="groupnorm_forward", code="group.beta-missing")
def times_gamma_only(x, gamma, beta, groups, eps):
    r = _rows(x, groups)
    r = (r - r.mean(1, keepdims=True)) / np.sqrt(r.var(1, keepdims=True) + eps)
    return r.reshape(x.shape) * _ch(gamma)


@program(check="groupnorm_forward", code="group.beta-missing")
def affine_without_shift(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, C // groups, H, W)
    ax = (2, 3, 4)
    z = (z - z.mean(ax, keepdims=True)) / np.sqrt(z.var(ax, keepdims=True) + eps)
    z = z * gamma.reshape(1, groups, -1, 1, 1)
    return z.reshape(N, C, H, W)


@program(check="groupnorm_forward", code="group.beta-missing")
def loops_scale_only(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    k = C // groups
    y = np.zeros((N, C, H, W))
    for n in range(N):
        for c in range(C):
            g = c // k
            b = x[n, g * k : (g + 1) * k]
            y[n, c] = gamma[c] * (x[n, c] - b.mean()) / np.sqrt(b.var() + eps)
    return y


# --- group.gamma-beta-axis


@program(check="groupnorm_forward", code="group.gamma-beta-axis")
def table_broadcast(x, gamma, beta, groups, eps):
    r = _rows(x, groups)
    r = (r - r.mean(1, keepdims=True)) / np.sqrt(r.var(1, keepdims=True) + eps)
    return gamma * r.reshape(x.shape) + beta


@program(check="groupnorm_forward", code="group.gamma-beta-axis")
def reshaped_to_the_end(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, groups, C // groups, H, W)
    ax = (2, 3, 4)
    z = ((z - z.mean(ax, keepdims=True)) / np.sqrt(z.var(ax, keepdims=True) + eps)).reshape(N, C, H, W)
    return z * gamma.reshape(1, 1, 1, C) + beta.reshape(1, 1, 1, C)


@program(check="groupnorm_forward", code="group.gamma-beta-axis")
def einsum_letter_w(x, gamma, beta, groups, eps):
    z = x.reshape(len(x), groups, -1)
    zc = z - np.einsum("ngm->ng", z)[..., None] / z.shape[2]
    z = zc / np.sqrt(np.einsum("ngm,ngm->ng", zc, zc)[..., None] / z.shape[2] + eps)
    return np.einsum("nchw,w->nchw", z.reshape(x.shape), gamma) + beta[None, None, None]
