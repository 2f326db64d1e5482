# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong layer norm: axes, N for D, and the mean that stays in."""

import numpy as np

from corpus.registry import program

# --- layer.batch-axis


@program(check="layernorm_forward", code="layer.batch-axis")
def copied_from_batchnorm(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@program(check="layernorm_forward", code="layer.batch-axis")
def transposed_once_too_often(x, gamma, beta, eps):
    xt = x.T
    xt = xt - xt.mean(axis=1, keepdims=True)
    xt = xt / np.sqrt((xt**2).mean(axis=1, keepdims=True) + eps)
    return xt.T * gamma + beta


@program(check="layernorm_forward", code="layer.batch-axis")
def feature_loop(x, gamma, beta, eps):
    N, D = x.shape
    cols = []
    for d in range(D):
        m = sum(x[:, d]) / N
        v = sum((x[:, d] - m) ** 2) / N
        cols.append(gamma[d] * (x[:, d] - m) / np.sqrt(v + eps) + beta[d])
    return np.stack(cols, axis=-1)


# --- layer.whole-table


@program(check="layernorm_forward", code="layer.whole-table")
def axis_forgotten(x, gamma, beta, eps):
    return gamma * (x - x.mean()) / np.sqrt(x.var() + eps) + beta


@program(check="layernorm_forward", code="layer.whole-table")
def flat_standardisation(x, gamma, beta, eps):
    v = x.reshape(-1)
    m = v.sum() / len(v)
    c = v - m
    s = np.sqrt(c @ c / len(v) + eps)
    return (c / s).reshape(x.shape) * gamma + beta


@program(check="layernorm_forward", code="layer.whole-table")
def torch_normalized_shape_of_x(input, weight, bias, eps):
    def layer_norm(t, normalized_shape, w, b, eps):
        dim = tuple(range(t.ndim - len(normalized_shape), t.ndim))
        m = t.mean(dim, keepdims=True)
        return (t - m) * (t.var(dim, keepdims=True) + eps) ** -0.5 * w + b

    return layer_norm(input, input.shape, weight, bias, eps)


# --- layer.n-for-d


@program(check="layernorm_forward", code="layer.n-for-d")
def both_sums_over_n(x, gamma, beta, eps):
    N = x.shape[0]
    mu = np.sum(x, axis=1, keepdims=True) / N
    xc = x - mu
    var = np.sum(xc**2, axis=1, keepdims=True) / N
    return gamma * xc / np.sqrt(var + eps) + beta


@program(check="layernorm_forward", code="layer.n-for-d")
def len_is_not_the_width(x, gamma, beta, eps):
    n = len(x)  # 特徴の数のつもり
    y = np.zeros(x.shape)
    for i, row in enumerate(x):
        m = row.sum() / n
        v = ((row - m) ** 2).sum() / n
        y[i] = (row - m) / np.sqrt(v + eps) * gamma + beta
    return y


@program(check="layernorm_forward", code="layer.n-for-d")
def einsum_over_the_wrong_count(x, gamma, beta, eps):
    D, N = x.shape  # wrong way round
    mean = np.einsum("ij->i", x) / D
    d = x - mean[:, None]
    var = np.einsum("ij,ij->i", d, d) / D
    return np.einsum("ij,i,j->ij", d, (var + eps) ** -0.5, gamma) + beta


# --- layer.mean-n-for-d


@program(check="layernorm_forward", code="layer.mean-n-for-d")
def mean_by_hand(x, gamma, beta, eps):
    N, D = x.shape
    mu = 1 / N * np.sum(x, axis=1, keepdims=True)
    xmu = x - mu
    var = 1 / D * np.sum(xmu**2, axis=1, keepdims=True)
    return gamma * (xmu / np.sqrt(var + eps)) + beta


@program(check="layernorm_forward", code="layer.mean-n-for-d")
def summed_with_ones(x, gamma, beta, eps):
    N, D = x.shape
    mean = x @ np.ones((D, 1)) / N
    c = x - mean
    var = (c * c) @ np.ones((D, 1)) / D
    return c / np.sqrt(var + eps) * gamma + beta


@program(check="layernorm_forward", code="layer.mean-n-for-d")
def mean_by_hand_var_by_numpy(x, gamma, beta, eps):
    mean = np.sum(x, axis=-1, keepdims=True) / len(x)
    var = np.var(x, axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(var + eps) * gamma + beta


@program(check="layernorm_forward", code="layer.mean-n-for-d")
def row_loop_mean_over_batch_size(x, gamma, beta, eps):
    batch_size, dim = x.shape
    rows = []
    for r in x:
        media = 0.0
        for a in r:
            media += a
        media /= batch_size
        varianza = np.mean((r - media) ** 2)
        rows.append(gamma * (r - media) / np.sqrt(varianza + eps) + beta)
    return np.array(rows)


# --- layer.variance-n-for-d


@program(check="layernorm_forward", code="layer.variance-n-for-d")
def variance_by_hand(x, gamma, beta, eps):
    N = x.shape[0]
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).sum(axis=1, keepdims=True) / N
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


@program(check="layernorm_forward", code="layer.variance-n-for-d")
def norm_of_the_row(x, gamma, beta, eps):
    xc = x - x.mean(-1)[:, None]
    length = np.linalg.norm(xc, axis=-1)
    std = np.sqrt(length**2 / len(x) + eps)
    return xc / std[:, None] * gamma + beta


@program(check="layernorm_forward", code="layer.variance-n-for-d")
def diagonal_of_gram(x, gamma, beta, eps):
    m = x.shape[0]
    c = x - np.average(x, axis=1).reshape(-1, 1)
    s = np.diag(c @ c.T) / m  # 분산
    return gamma * (c.T / np.sqrt(s + eps)).T + beta


# --- layer.rms


@program(check="layernorm_forward", code="layer.rms")
def llama_habit(x, gamma, beta, eps):
    rms = np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + eps)
    return gamma * x / rms + beta


@program(check="layernorm_forward", code="layer.rms")
def norm_over_root_d(x, gamma, beta, eps):
    D = x.shape[1]
    out = []
    for row in x:
        ms = (row @ row) / D
        out.append(row * (ms + eps) ** -0.5 * gamma + beta)
    return np.stack(out)


@program(check="layernorm_forward", code="layer.rms")
def einsum_mean_square(x, weight, bias, eps):
    s = np.einsum("nd,nd->n", x, x) / x.shape[-1]
    return np.einsum("nd,n,d->nd", x, 1 / np.sqrt(s + eps), weight) + bias


# --- layer.variance-about-zero


@program(check="layernorm_forward", code="layer.variance-about-zero")
def mean_of_squares(x, gamma, beta, eps):
    mu = x.mean(axis=1, keepdims=True)
    var = (x**2).mean(axis=1, keepdims=True)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


@program(check="layernorm_forward", code="layer.variance-about-zero")
def sq_before_xmu(x, gamma, beta, eps):
    N, D = x.shape
    mu = np.sum(x, 1, keepdims=True) / D
    sq = x * x
    var = np.sum(sq, 1, keepdims=True) / D
    xmu = x - mu
    ivar = 1 / np.sqrt(var + eps)
    return gamma * (xmu * ivar) + beta


@program(check="layernorm_forward", code="layer.variance-about-zero")
def row_dot_row(x, gamma, beta, eps):
    y = np.empty(x.shape)
    for i in range(len(x)):
        s = np.dot(x[i], x[i]) / x.shape[1]
        y[i] = gamma * (x[i] - np.mean(x[i])) / np.sqrt(s + eps) + beta
    return y


# --- layer.not-centred


@program(check="layernorm_forward", code="layer.not-centred")
def divided_by_std_only(x, gamma, beta, eps):
    std = np.sqrt(x.var(axis=1, keepdims=True) + eps)
    return gamma * x / std + beta


@program(check="layernorm_forward", code="layer.not-centred")
def mu_used_for_var_only(x, gamma, beta, eps):
    mu = x.mean(axis=-1)[:, np.newaxis]
    var = np.square(x - mu).mean(axis=-1)[:, np.newaxis]
    x_norm = x * (1 / np.sqrt(var + eps))
    out = x_norm * gamma + beta
    return out, (x_norm, var)


@program(check="layernorm_forward", code="layer.not-centred")
def list_of_scaled_rows(x, gamma, beta, eps):
    # 平均は引かない
    return np.array([r / (np.var(r) + eps) ** 0.5 * gamma + beta for r in x])
