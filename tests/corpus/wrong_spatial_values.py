# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong batch norm for images: what is divided by what, eps, the root, gamma and beta."""

import numpy as np

from corpus.registry import program


def _ch(p):
    """One value a channel, beside (N, C, H, W)."""
    return p.reshape(1, -1, 1, 1)


# --- spatial.divided-by-n


@program(check="spatial_batchnorm_forward", code="spatial.divided-by-n")
def n_from_shape_zero(x, gamma, beta, eps):
    N = x.shape[0]
    mu = np.sum(x, axis=(0, 2, 3), keepdims=True) / N
    xmu = x - mu
    var = np.sum(xmu**2, axis=(0, 2, 3), keepdims=True) / N
    x_hat = xmu / np.sqrt(var + eps)
    return _ch(gamma) * x_hat + _ch(beta)


@program(check="spatial_batchnorm_forward", code="spatial.divided-by-n")
def len_of_x(x, gamma, beta, eps):
    m = len(x)
    mean = np.einsum("nchw->c", x) / m
    d = x - mean[:, None, None]
    var = np.einsum("nchw,nchw->c", d, d) / m
    scale = gamma / np.sqrt(var + eps)
    return d * scale[:, None, None] + beta[:, None, None]


@program(check="spatial_batchnorm_forward", code="spatial.divided-by-n")
def channel_loop_over_n(x, gamma, beta, eps):
    N, C, H, W = x.shape
    y = np.zeros((N, C, H, W))
    for c in range(C):
        somme = 0.0
        for n in range(N):
            somme += x[n, c].sum()
        moyenne = somme / N
        carres = 0.0
        for n in range(N):
            carres += ((x[n, c] - moyenne) ** 2).sum()
        variance = carres / N
        y[:, c] = gamma[c] * (x[:, c] - moyenne) / np.sqrt(variance + eps) + beta[c]
    return y


# --- spatial.mean-divided-by-n


@program(check="spatial_batchnorm_forward", code="spatial.mean-divided-by-n")
def sum_over_all_then_n(x, gamma, beta, eps):
    N, C, H, W = x.shape
    mu = x.sum(axis=(0, 2, 3)) / N
    xc = x - mu[None, :, None, None]
    var = (xc**2).mean(axis=(0, 2, 3))
    return _ch(gamma) * xc / np.sqrt(_ch(var) + eps) + _ch(beta)


@program(check="spatial_batchnorm_forward", code="spatial.mean-divided-by-n")
def mean_by_hand_var_by_numpy(x, gamma, beta, eps):
    mean = np.sum(x, axis=(0, 2, 3), keepdims=True) / x.shape[0]
    var = np.var(x, axis=(0, 2, 3), keepdims=True)
    return (x - mean) / np.sqrt(var + eps) * _ch(gamma) + _ch(beta)


@program(check="spatial_batchnorm_forward", code="spatial.mean-divided-by-n")
def rows_with_the_old_n(x, gamma, beta, eps):
    N, C, H, W = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)
    mu = 1.0 / N * np.sum(rows, axis=0)
    diff = rows - mu
    var = np.mean(diff * diff, axis=0)
    out = gamma * diff / np.sqrt(var + eps) + beta
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2)


# --- spatial.variance-divided-by-n


@program(check="spatial_batchnorm_forward", code="spatial.variance-divided-by-n")
def variance_summed_then_n(x, gamma, beta, eps):
    N, C, H, W = x.shape
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = ((x - mu) ** 2).sum(axis=(0, 2, 3), keepdims=True) / N
    x_hat = (x - mu) / np.sqrt(var + eps)
    return _ch(gamma) * x_hat + _ch(beta)


@program(check="spatial_batchnorm_forward", code="spatial.variance-divided-by-n")
def channels_first_rows(x, gamma, beta, eps):
    N, C, H, W = x.shape
    z = np.swapaxes(x, 0, 1).reshape(C, -1)
    z = z - z.mean(1, keepdims=True)
    v = (z @ z.T).diagonal() / N
    z = z * (gamma / np.sqrt(v + eps))[:, None] + beta[:, None]
    return np.swapaxes(z.reshape(C, N, H, W), 0, 1)


@program(check="spatial_batchnorm_forward", code="spatial.variance-divided-by-n")
def norm_squared_over_batch(x, gamma, beta, eps):
    # 分散＝二乗ノルム / N
    out = np.empty(x.shape, dtype=np.float64)
    for c in range(x.shape[1]):
        xc = x[:, c] - np.mean(x[:, c])
        var = np.linalg.norm(xc) ** 2 / x.shape[0]
        out[:, c] = xc / np.sqrt(var + eps) * gamma[c] + beta[c]
    return out


# --- spatial.bessel


@program(check="spatial_batchnorm_forward", code="spatial.bessel")
def ddof_one(x, gamma, beta, eps):
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), ddof=1, keepdims=True)
    return _ch(gamma) * (x - mu) / np.sqrt(var + eps) + _ch(beta)


@program(check="spatial_batchnorm_forward", code="spatial.bessel")
def m_minus_one(x, gamma, beta, eps):
    N, C, H, W = x.shape
    M = N * H * W
    mu = x.sum((0, 2, 3)) / M
    xc = x - mu[:, None, None]
    s2 = (xc**2).sum((0, 2, 3)) / (M - 1)
    return (gamma / np.sqrt(s2 + eps))[:, None, None] * xc + beta[:, None, None]


@program(check="spatial_batchnorm_forward", code="spatial.bessel")
def torch_var_default(x, gamma, beta, eps):
    def var(t, dim):  # torch.var: unbiased=True
        k = np.prod([t.shape[d] for d in dim])
        return t.var(dim, keepdims=True) * k / (k - 1)

    dim = (0, 2, 3)
    x_hat = (x - x.mean(dim, keepdims=True)) * (var(x, dim) + eps) ** -0.5
    return x_hat * _ch(gamma) + _ch(beta)


# --- spatial.eps-outside


@program(check="spatial_batchnorm_forward", code="spatial.eps-outside")
def std_plus_eps(x, gamma, beta, eps):
    ax = (0, 2, 3)
    x_hat = (x - x.mean(ax, keepdims=True)) / (x.std(ax, keepdims=True) + eps)
    return _ch(gamma) * x_hat + _ch(beta)


@program(check="spatial_batchnorm_forward", code="spatial.eps-outside")
def rows_divided_by_root_plus_eps(x, gamma, beta, eps):
    N, C, H, W = x.shape
    t = x.transpose(0, 2, 3, 1).reshape(-1, C)
    mean = t.mean(0)
    sqrt_var = np.sqrt(((t - mean) ** 2).mean(0))
    t = gamma * ((t - mean) / (sqrt_var + eps)) + beta
    return t.reshape(N, H, W, C).transpose(0, 3, 1, 2)


@program(check="spatial_batchnorm_forward", code="spatial.eps-outside")
def pro_kanal_abweichung(x, gamma, beta, eps):
    kanaele = []
    for c in range(x.shape[1]):
        k = x[:, c, :, :]
        abweichung = np.std(k) + eps  # nie null
        kanaele.append(gamma[c] * (k - np.mean(k)) / abweichung + beta[c])
    return np.stack(kanaele, axis=1)


# --- spatial.eps-missing


@program(check="spatial_batchnorm_forward", code="spatial.eps-missing")
def divides_by_std(x, gamma, beta, eps):
    ax = (0, 2, 3)
    return _ch(gamma) * (x - x.mean(ax, keepdims=True)) / x.std(ax, keepdims=True) + _ch(beta)


@program(check="spatial_batchnorm_forward", code="spatial.eps-missing")
def eps_never_used(x, gamma, beta, eps=1e-5):
    N, C, H, W = x.shape
    M = N * H * W
    mu = np.einsum("nchw->c", x) / M
    xc = np.moveaxis(x, 1, -1) - mu
    var = np.einsum("nhwc,nhwc->c", xc, xc) / M
    y = xc / np.sqrt(var) * gamma + beta
    return np.moveaxis(y, -1, 1)


@program(check="spatial_batchnorm_forward", code="spatial.eps-missing")
def max_with_eps(x, gamma, beta, eps):
    # only against zero
    mean = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    std = np.sqrt(np.where(var == 0, eps, var))
    return (x - mean) / std * _ch(gamma) + _ch(beta)


# --- spatial.no-root


@program(check="spatial_batchnorm_forward", code="spatial.no-root")
def over_var_plus_eps(x, gamma, beta, eps):
    mean = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    return _ch(gamma) * ((x - mean) / (var + eps)) + _ch(beta)


@program(check="spatial_batchnorm_forward", code="spatial.no-root")
def power_minus_one(x, gamma, beta, eps):
    C = x.shape[1]
    out = np.zeros(x.shape)
    for c in range(C):
        mu = x[:, c].mean()
        inv = (np.mean((x[:, c] - mu) ** 2) + eps) ** -1
        out[:, c] = gamma[c] * (x[:, c] - mu) * inv + beta[c]
    return out


@program(check="spatial_batchnorm_forward", code="spatial.no-root")
def sigma_is_the_variance(x, gamma, beta, eps):
    z = np.swapaxes(x, 0, 1).reshape(x.shape[1], -1)
    mu = np.mean(z, axis=1)[None, :, None, None]
    sigma = np.var(z, axis=1)[None, :, None, None] + eps
    x_norm = (x - mu) / sigma
    y = x_norm * gamma[:, None, None]
    return y + beta[:, None, None]


# --- spatial.gamma-missing


@program(check="spatial_batchnorm_forward", code="spatial.gamma-missing")
def shift_only(x, gamma, beta, eps):
    ax = (0, 2, 3)
    x_hat = (x - x.mean(ax, keepdims=True)) / np.sqrt(x.var(ax, keepdims=True) + eps)
    return x_hat + _ch(beta)


@program(check="spatial_batchnorm_forward", code="spatial.gamma-missing")
def y_from_the_wrong_variable(x, gamma, beta, eps):
    N, C, H, W = x.shape
    r = x.transpose(0, 2, 3, 1).reshape(-1, C)
    r_hat = (r - r.mean(0)) / np.sqrt(r.var(0) + eps)
    gammax = gamma * r_hat  # noqa: F841
    out = r_hat + beta
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2)


@program(check="spatial_batchnorm_forward", code="spatial.gamma-missing")
def loop_without_scale(x, gamma, beta, eps):
    y = np.array(x, dtype=float)
    for c, b in enumerate(beta):
        y[:, c] -= y[:, c].mean()
        y[:, c] /= np.sqrt((y[:, c] ** 2).mean() + eps)
        y[:, c] += b
    return y


# --- spatial.beta-missing


@program(check="spatial_batchnorm_forward", code="spatial.beta-missing")
def scale_only(x, gamma, beta, eps):
    ax = (0, 2, 3)
    x_hat = (x - x.mean(ax, keepdims=True)) / np.sqrt(x.var(ax, keepdims=True) + eps)
    return _ch(gamma) * x_hat


@program(check="spatial_batchnorm_forward", code="spatial.beta-missing")
def einsum_scale(x, gamma, beta, eps):
    M = x.size // x.shape[1]
    xc = x - np.einsum("nchw->c", x)[:, None, None] / M
    inv = 1 / np.sqrt(np.einsum("nchw,nchw->c", xc, xc) / M + eps)
    # 卷积后面不需要偏置
    return np.einsum("nchw,c,c->nchw", xc, inv, gamma)


@program(check="spatial_batchnorm_forward", code="spatial.beta-missing")
def sum_result_thrown_away(x, gamma, beta, eps):
    N, C, H, W = x.shape
    rows = np.moveaxis(x, 1, 3).reshape(-1, C)
    rows = (rows - rows.mean(0)) / np.sqrt(rows.var(0) + eps)
    out = rows * gamma
    out + beta
    return np.moveaxis(out.reshape(N, H, W, C), 3, 1)


# --- spatial.gamma-beta-axis


@program(check="spatial_batchnorm_forward", code="spatial.gamma-beta-axis")
def broadcast_as_in_a_table(x, gamma, beta, eps):
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


@program(check="spatial_batchnorm_forward", code="spatial.gamma-beta-axis")
def nones_in_front(x, gamma, beta, eps):
    ax = (0, 2, 3)
    z = (x - x.mean(ax, keepdims=True)) * (x.var(ax, keepdims=True) + eps) ** -0.5
    return z * gamma[None, None, None, :] + beta[None, None, None, :]


@program(check="spatial_batchnorm_forward", code="spatial.gamma-beta-axis")
def letters_confused(x, gamma, beta, eps):
    C = x.shape[1]
    z = np.stack([(x[:, c] - x[:, c].mean()) / np.sqrt(x[:, c].var() + eps) for c in range(C)], axis=1)
    return np.einsum("nchw,w->nchw", z, gamma) + beta.reshape(1, 1, 1, -1)
