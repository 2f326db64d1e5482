# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Right forward passes, of every kind that must be accepted."""

import math
from collections import namedtuple
from functools import reduce

import numpy as np

from corpus.registry import program


@program(check="batchnorm_forward", code=None)
def textbook(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma * x_hat + beta


@program(check="batchnorm_forward", code=None)
def kratzert_steps(x, gamma, beta, eps):
    N, D = x.shape
    mu = 1.0 / N * np.sum(x, axis=0)
    xmu = x - mu
    sq = xmu**2
    var = 1.0 / N * np.sum(sq, axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1.0 / sqrtvar
    xhat = xmu * ivar
    gammax = gamma * xhat
    out = gammax + beta
    cache = (xhat, gamma, xmu, ivar, sqrtvar, var, eps)
    return out, cache


@program(check="batchnorm_forward", code=None)
def eps_by_name_only(x, gamma, beta, *, eps):
    xc = x - x.mean(0, keepdims=True)
    return xc * (np.square(xc).mean(0, keepdims=True) + eps) ** -0.5 * gamma + beta


@program(check="batchnorm_forward", code=None)
def einsum_everywhere(x, gamma, beta, eps=1e-5):
    n = x.shape[0]
    mu = np.einsum("nd->d", x) / n
    xc = x - mu
    var = np.einsum("nd,nd->d", xc, xc) / n
    return np.einsum("nd,d,d->nd", xc, 1 / np.sqrt(var + eps), gamma) + beta


@program(check="batchnorm_forward", code=None)
def three_loops(x, gamma, beta, eps):
    N, D = x.shape
    y = np.zeros((N, D), dtype=np.result_type(x, gamma))
    for d in range(D):
        mu = 0.0
        for n in range(N):
            mu += x[n, d]
        mu /= N
        var = 0.0
        for n in range(N):
            var += (x[n, d] - mu) ** 2
        var /= N
        for n in range(N):
            y[n, d] = gamma[d] * (x[n, d] - mu) / math.sqrt(var + eps) + beta[d]
    return y


@program(check="batchnorm_forward", code=None)
def folded_scale_and_shift(x, gamma, beta, eps):
    mu = np.mean(x, axis=0)
    var = np.mean((x - mu) ** 2, axis=0)
    a = gamma / np.sqrt(var + eps)
    b = beta - mu * a
    return a * x + b


@program(check="batchnorm_forward", code=None)
def welford_in_float64(x, gamma, beta, eps):
    count = 0
    mean = np.zeros(x.shape[1])
    M2 = np.zeros(x.shape[1])
    for xi in x.astype(np.float64):
        count += 1
        delta = xi - mean
        mean += delta / count
        M2 += delta * (xi - mean)
    y = gamma * (x - mean) / np.sqrt(M2 / count + eps) + beta
    return y.astype(gamma.dtype)


@program(check="batchnorm_forward", code=None)
def halves_merged(x, gamma, beta, eps):
    """Chan: mean and M2 of two halves, put together."""
    h = len(x) // 2
    a, b = x[:h], x[h:]
    na, nb = len(a), len(b)
    ma, mb = a.mean(0), b.mean(0)
    delta = mb - ma
    mean = ma + delta * nb / (na + nb)
    M2 = ((a - ma) ** 2).sum(0) + ((b - mb) ** 2).sum(0) + delta**2 * (na * nb / (na + nb))
    return gamma * (x - mean) / np.sqrt(M2 / len(x) + eps) + beta


@program(check="batchnorm_forward", code=None)
def centring_matrix(X, g, b, eps):
    n = X.shape[0]
    H = np.eye(n) - np.ones((n, n)) / n
    Xc = H @ X
    S = np.diag(Xc.T @ Xc) / n
    return Xc @ np.diag(g / np.sqrt(S + eps)) + np.ones((n, 1)) @ b[None, :]


@program(check="batchnorm_forward", code=None)
def pure_python_lists(x, gamma, beta, eps):
    columns = list(zip(*x.tolist(), strict=True))
    done = []
    for col, g, b in zip(columns, gamma.tolist(), beta.tolist(), strict=True):
        m = math.fsum(col) / len(col)
        v = math.fsum((a - m) ** 2 for a in col) / len(col)
        done.append([g * (a - m) / math.sqrt(v + eps) + b for a in col])
    return np.array(done, dtype=gamma.dtype).T


@program(check="batchnorm_forward", code=None)
def var_holds_the_std(x, gamma, beta, eps):
    mean = x.mean(axis=0)
    var = np.sqrt(x.var(axis=0) + eps)  # 変数名は var だが標準偏差
    x_norm = (x - mean) / var
    return gamma * x_norm + beta


@program(check="batchnorm_forward", code=None)
def std_squared(x, gamma, beta, eps):
    sigma = np.std(x, axis=0)
    return gamma * (x - np.mean(x, axis=0)) / np.sqrt(sigma**2 + eps) + beta


@program(check="batchnorm_forward", code=None)
def hypot_of_norm(x, gamma, beta, eps):
    xc = x - x.mean(0)
    std = np.hypot(np.linalg.norm(xc, axis=0) / math.sqrt(len(x)), math.sqrt(eps))
    return gamma * xc / std + beta


@program(check="batchnorm_forward", code=None)
def bessel_and_back(x, gamma, beta, eps):
    N = x.shape[0]
    var = np.var(x, axis=0, ddof=1) * (N - 1) / N
    return (x - x.mean(axis=0)) / np.sqrt(var + eps) * gamma + beta


@program(check="batchnorm_forward", code=None)
def apply_along_columns(x, gamma, beta, eps):
    def standardise(c):
        c = c - c.mean()
        return c / np.sqrt(c @ c / c.size + eps)

    return np.apply_along_axis(standardise, 0, x) * gamma + beta


@program(check="batchnorm_forward", code=None)
def transposed_inside(x, gamma, beta, eps):
    xt = x.T  # (D, N)
    mu = xt.mean(axis=1, keepdims=True)
    var = xt.var(axis=1, keepdims=True)
    yt = gamma[:, None] * (xt - mu) / np.sqrt(var + eps) + beta[:, None]
    return yt.T


@program(check="batchnorm_forward", code=None)
def pairwise_differences(x, gamma, beta, eps):
    # Var = E[(a-b)^2] / 2 sobre todos los pares
    diff = x[:, None, :] - x[None, :, :]
    var = (diff**2).mean(axis=(0, 1)) / 2
    return gamma * diff.mean(axis=1) / np.sqrt(var + eps) + beta


@program(check="batchnorm_forward", code=None)
def shifted_one_pass(x, gamma, beta, eps):
    k = x[0]
    z = x - k  # near zero now, so one pass is enough
    m = z.mean(0)
    var = (z * z).mean(0) - m * m
    return gamma * (z - m) / np.sqrt(np.maximum(var, 0) + eps) + beta


@program(check="batchnorm_forward", code=None)
def exp_of_minus_half_log(x, gamma, beta, eps):
    mean, var = x.mean(0), x.var(0)
    rstd = np.exp(-0.5 * np.log(var + eps))
    return beta + gamma * rstd * (x - mean)


@program(check="batchnorm_forward", code=None)
def torch_habits(input, weight, bias, eps):
    class F:
        @staticmethod
        def batch_norm(t, w, b, eps):
            dim = 0
            return (t - t.mean(dim)) / (t.var(dim, ddof=0) + eps) ** 0.5 * w + b

    return F.batch_norm(input, weight, bias, eps=eps)


@program(check="batchnorm_forward", code=None)
def reduce_over_rows(x, gamma, beta, eps):
    N = len(x)
    mu = reduce(lambda a, b: a + b, x) / N
    var = reduce(lambda a, b: a + b, [(r - mu) ** 2 for r in x]) / N
    return np.stack([gamma * (r - mu) / np.sqrt(var + eps) + beta for r in x])


@program(check="batchnorm_forward", code=None)
def copy_changed_in_place(x, gamma, beta, eps):
    out = np.array(x, dtype=gamma.dtype)  # 복사본만 바꾼다
    out -= out.mean(axis=0)
    out /= np.sqrt((out**2).mean(axis=0) + eps)
    out *= gamma
    out += beta
    return out


@program(check="batchnorm_forward", code=None)
def named_tuple_cache(x, gamma, beta, eps):
    Cache = namedtuple("Cache", "x mu var gamma beta eps")
    cache = Cache(x, np.mean(x, 0), np.var(x, 0), gamma, beta, eps)
    y = cache.gamma * ((cache.x - cache.mu) / np.sqrt(cache.var + cache.eps)) + cache.beta
    return y, cache


@program(check="batchnorm_forward", code=None)
def covariance_without_bias(x, gamma, beta, eps):
    C = np.atleast_2d(np.cov(x, rowvar=False, bias=True))
    return ((x - x.mean(0)) / np.sqrt(C.diagonal() + eps) * gamma + beta).astype(gamma.dtype)


@program(check="batchnorm_forward", code=None)
def beta_through_gamma(x, gamma, beta, eps):
    # gamma * (x_hat + beta / gamma)
    x_hat = (x - x.mean(0)) / np.sqrt(x.var(0) + eps)
    return gamma * (x_hat + beta / gamma)


@program(check="batchnorm_forward", code=None)
def float32_throughout(x, gamma, beta, eps):
    x = x.astype(np.float32)
    mu = x.mean(axis=0)
    x_hat = (x - mu) / np.sqrt(x.var(axis=0) + np.float32(eps))
    return gamma.astype(np.float32) * x_hat + beta.astype(np.float32)


@program(check="batchnorm_forward", code=None)
def column_by_column_with_append(x, gamma, beta, eps):
    res = []
    for j in range(np.shape(x)[1]):
        xj = x[:, j]
        muj = np.average(xj)
        sj = np.average(np.power(xj - muj, 2))
        res.append(np.polyval([gamma[j], beta[j]], (xj - muj) / np.sqrt(sj + eps)))
    return np.transpose(res)
