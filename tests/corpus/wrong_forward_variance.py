# ruff: noqa: RET504, RUF059, SIM, B007, PIE, C4
"""Wrong forward passes: the variance and eps."""

import math

import numpy as np

from corpus.registry import program

EPS = 1e-5


# --- forward.bessel


@program(check="batchnorm_forward", code="forward.bessel")
def unbiased_like_matlab(x, gamma, beta, eps):
    mu = np.mean(x, axis=0)
    sigma2 = np.var(x, axis=0, ddof=1)  # MATLAB's var(x) divides by N-1
    xhat = (x - mu) / np.sqrt(sigma2 + eps)
    y = gamma * xhat + beta
    return y


@program(check="batchnorm_forward", code="forward.bessel")
def sum_of_squares_n_minus_one(x, gamma, beta, eps=1e-5):
    N, D = x.shape
    sample_mean = x.sum(axis=0) / N
    diff = x - sample_mean
    sample_var = (diff * diff).sum(axis=0) / (N - 1)
    out = diff / (sample_var + eps) ** 0.5
    out = out * gamma + beta
    cache = (x, sample_mean, sample_var, gamma, eps)
    return out, cache


@program(check="batchnorm_forward", code="forward.bessel")
def welford_unbiased(x, gamma, beta, eps):
    mean, M2, n = 0.0, 0.0, 0
    for row in x:
        n += 1
        delta = row - mean
        mean = mean + delta / n
        M2 = M2 + delta * (row - mean)
    variance = M2 / (n - 1)
    return gamma * ((x - mean) / np.sqrt(variance + eps)) + beta


@program(check="batchnorm_forward", code="forward.bessel")
def covariance_diagonal(x, gamma, beta, eps):
    v = np.diag(np.atleast_2d(np.cov(x, rowvar=False)))  # 共分散行列の対角成分が分散
    return (x - x.mean(0)) / np.sqrt(v + eps) * gamma + beta


# --- forward.eps-outside


@program(check="batchnorm_forward", code="forward.eps-outside")
def std_plus_eps(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    std = x.std(axis=0)
    x_norm = (x - mu) / (std + eps)  # avoid division by zero
    return gamma * x_norm + beta


@program(check="batchnorm_forward", code="forward.eps-outside")
def z_score_columns(X, g, b, e):
    def zscore(col):
        m = col.mean()
        s = math.sqrt(((col - m) ** 2).mean())
        return (col - m) / (s + e)

    Z = np.stack([zscore(X[:, j]) for j in range(X.shape[1])], axis=1)
    return Z * g + b


@program(check="batchnorm_forward", code="forward.eps-outside")
def staged_root_then_eps(x, gamma, beta, eps):
    N = x.shape[0]
    mu = 1.0 / N * np.sum(x, axis=0)
    xmu = x - mu
    sq = xmu**2
    var = 1.0 / N * np.sum(sq, axis=0)
    sqrtvar = np.sqrt(var) + eps
    ivar = 1.0 / sqrtvar
    xhat = xmu * ivar
    gammax = gamma * xhat
    out = gammax + beta
    return out, (xhat, gamma, xmu, ivar, sqrtvar, var, eps)


# --- forward.eps-squared


@program(check="batchnorm_forward", code="forward.eps-squared")
def eps_power_two(x, gamma, beta, eps):
    mean = np.mean(x, axis=0, keepdims=True)
    var = np.mean((x - mean) ** 2, axis=0, keepdims=True)
    return gamma * (x - mean) / np.sqrt(var + eps**2) + beta


@program(check="batchnorm_forward", code="forward.eps-squared")
def hypotenuse(x, gamma, beta, eps):
    # sqrt(std^2 + eps^2): hypot est plus stable
    ecart = x.std(0)
    return (x - x.mean(0)) / np.hypot(ecart, eps) * gamma + beta


@program(check="batchnorm_forward", code="forward.eps-squared")
def eps_times_eps_in_loop(x, gamma, beta, eps):
    n, d = x.shape
    cols = []
    for j in range(d):
        c = x[:, j] - x[:, j].sum() / n
        v = np.dot(c, c) / n
        cols.append(gamma[j] * c / math.sqrt(v + eps * eps) + beta[j])
    return np.array(cols).T


# --- forward.eps-missing


@program(check="batchnorm_forward", code="forward.eps-missing")
def plain_standardise(x, gamma, beta, eps):
    return gamma * (x - x.mean(axis=0)) / x.std(axis=0) + beta


@program(check="batchnorm_forward", code="forward.eps-missing")
def eps_only_in_cache(x, gamma, beta, eps):
    mu = x.mean(0)
    var = x.var(0)
    inv_std = 1 / np.sqrt(var)
    x_hat = (x - mu) * inv_std
    out = gamma * x_hat + beta
    return out, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma, "eps": eps}


@program(check="batchnorm_forward", code="forward.eps-missing")
def norm_of_column(x, gamma, beta, eps):
    xc = x - x.mean(axis=0)
    length = np.linalg.norm(xc, axis=0) / len(x) ** 0.5  # 표준편차 = 길이 / sqrt(N)
    return np.multiply(gamma, xc / length) + beta


# --- forward.eps-ignored


@program(check="batchnorm_forward", code="forward.eps-ignored")
def literal_eps(x, gamma, beta, eps):
    mu = np.mean(x, 0)
    var = np.var(x, 0)
    x_hat = (x - mu) / np.sqrt(var + 1e-5)
    return gamma * x_hat + beta


@program(check="batchnorm_forward", code="forward.eps-ignored")
def eps_overwritten(x, gamma, beta, eps):
    eps = 1e-5
    B = x.shape[0]
    mean = np.einsum("bi->i", x) / B
    xc = x - mean
    var = np.einsum("bi,bi->i", xc, xc) / B
    return np.einsum("i,bi->bi", gamma / np.sqrt(var + eps), xc) + beta


@program(check="batchnorm_forward", code="forward.eps-ignored")
def module_constant(x, gamma, beta, eps):
    def normalize(a):
        a = a - a.mean(axis=0)
        return a / np.sqrt((a**2).mean(axis=0) + EPS)

    return normalize(x) * gamma + beta


@program(check="batchnorm_forward", code="forward.eps-ignored")
def keras_default(x, gamma, beta, eps):
    epsilon = 0.001  # the default in Keras
    mean, variance = x.mean(axis=0), x.var(axis=0)
    inv = gamma / np.sqrt(variance + epsilon)
    return (x - mean) * inv + beta


# --- forward.no-root


@program(check="batchnorm_forward", code="forward.no-root")
def divides_by_variance(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    return gamma * ((x - mu) / (var + eps)) + beta


@program(check="batchnorm_forward", code="forward.no-root")
def power_minus_one(x, gamma, beta, eps):
    sigma = ((x - x.mean(0)) ** 2).mean(0)
    # (sigma + eps)^-1
    return beta + gamma * (x - x.mean(0)) * np.power(sigma + eps, -1.0)


@program(check="batchnorm_forward", code="forward.no-root")
def reciprocal_of_var(x, gamma, beta, eps):
    N, D = x.shape
    y = np.empty((N, D))
    for d in range(D):
        mu = sum(x[n, d] for n in range(N)) / N
        var = sum((x[n, d] - mu) ** 2 for n in range(N)) / N
        inv = 1.0 / (var + eps)
        for n in range(N):
            y[n, d] = gamma[d] * (x[n, d] - mu) * inv + beta[d]
    return y


# --- forward.variance-about-zero


@program(check="batchnorm_forward", code="forward.variance-about-zero")
def mean_of_squares(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    var = (x**2).mean(axis=0)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


@program(check="batchnorm_forward", code="forward.variance-about-zero")
def sq_of_wrong_node(x, gamma, beta, eps):
    N = len(x)
    mu = x.sum(0) / N
    xc = x - mu
    sq = np.square(x)  # ④
    var = sq.sum(0) / N
    std = np.sqrt(var + eps)
    x_hat = xc / std
    return x_hat * gamma + beta, (x_hat, 1 / std, gamma)


@program(check="batchnorm_forward", code="forward.variance-about-zero")
def gram_matrix_variance(X, gamma, beta, eps):
    n = X.shape[0]
    P = np.eye(n) - np.ones((n, n)) / n
    S = np.diag(X.T @ X) / n
    return (P @ X) @ np.diag(gamma / np.sqrt(S + eps)) + beta


# --- forward.not-centred


@program(check="batchnorm_forward", code="forward.not-centred")
def only_scaled(x, gamma, beta, eps):
    var = np.var(x, axis=0)
    x_hat = x / np.sqrt(var + eps)
    return gamma * x_hat + beta


@program(check="batchnorm_forward", code="forward.not-centred")
def wrong_variable_in_numerator(x, gamma, beta, eps):
    mean = x.mean(axis=0, keepdims=True)
    x_centered = x - mean
    var = (x_centered**2).mean(axis=0, keepdims=True)
    std = np.sqrt(var + eps)
    x_norm = x / std  # 归一化
    return x_norm * gamma.reshape(1, -1) + beta.reshape(1, -1)


@program(check="batchnorm_forward", code="forward.not-centred")
def scale_without_shift(x, gamma, beta, eps):
    scale = gamma / np.sqrt(x.var(0) + eps)
    return np.stack([scale * row + beta for row in x])


# --- forward.one-pass


@program(check="batchnorm_forward", code="forward.one-pass")
def e_x2_minus_e_x_2(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    var = (x**2).mean(axis=0) - mu**2
    return gamma * (x - mu) / np.sqrt(np.maximum(var, 0) + eps) + beta


@program(check="batchnorm_forward", code="forward.one-pass")
def sums_in_one_loop(x, gamma, beta, eps):
    N, D = x.shape
    s = np.zeros(D, dtype=x.dtype)
    s2 = np.zeros(D, dtype=x.dtype)
    for i in range(N):
        s = s + x[i]
        s2 = s2 + x[i] * x[i]
    mu = s / N
    var = np.abs(s2 / N - mu * mu)  # abs: sometimes it came out negative
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


@program(check="batchnorm_forward", code="forward.one-pass")
def einsum_moments(x, gamma, beta, eps):
    n = x.shape[0]
    m1 = np.einsum("nd->d", x) / n
    m2 = np.einsum("nd,nd->d", x, x) / n
    rstd = 1 / np.sqrt(np.clip(m2 - m1 * m1, 0, None) + eps)
    return (x - m1) * rstd * gamma + beta, (m1, rstd)


# --- forward.float16-sums


@program(check="batchnorm_forward", code="forward.float16-sums")
def half_precision_means(x, gamma, beta, eps):
    mu = x.mean(axis=0, dtype=np.float16)
    var = ((x - mu) ** 2).mean(axis=0, dtype=np.float16)
    return gamma * (x - mu) / np.sqrt(var.astype(x.dtype) + eps) + beta


@program(check="batchnorm_forward", code="forward.float16-sums")
def half_accumulator(x, gamma, beta, eps):
    N, D = x.shape
    total = np.zeros(D, np.float16)  # save memory
    for row in x:
        total += row.astype(np.float16)
    mu = (total / np.float16(N)).astype(np.float64)
    total = np.zeros(D, np.float16)
    for row in x:
        total += ((row - mu) ** 2).astype(np.float16)
    var = (total / np.float16(N)).astype(np.float64)
    return gamma * ((x - mu) / np.sqrt(var + eps)) + beta


@program(check="batchnorm_forward", code="forward.float16-sums")
def amp_style(x, gamma, beta, eps):
    h = x.astype(np.float16)
    mu = np.sum(h, axis=0, dtype=np.float16) / np.float16(len(h))
    xc = x - mu
    var = np.sum((xc * xc).astype(np.float16), axis=0, dtype=np.float16) / np.float16(len(h))
    return xc / np.sqrt(var.astype(np.float32) + eps) * gamma + beta
