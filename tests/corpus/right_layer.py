# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Right layer norm, forward and backward, of every kind that must be accepted."""

import math

import numpy as np

from corpus.registry import program


@program(check="layernorm_forward", code=None)
def textbook(x, gamma, beta, eps):
    mu = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


@program(check="layernorm_forward", code=None)
def batchnorm_on_the_transpose(x, gamma, beta, eps):
    xt = x.T
    xt = (xt - xt.mean(axis=0)) / np.sqrt(xt.var(axis=0) + eps)
    return gamma * xt.T + beta


@program(check="layernorm_forward", code=None)
def gamma_as_a_column_of_the_transpose(x, gamma, beta, eps):
    xt = x.transpose()
    c = xt - xt.mean(0)
    out = gamma.reshape(-1, 1) * c / np.sqrt((c * c).mean(0) + eps) + beta.reshape(-1, 1)
    return out.T


@program(check="layernorm_forward", code=None)
def einsum_rows(x, gamma, beta, eps):
    D = x.shape[1]
    xc = x - np.einsum("nd->n", x)[:, None] / D
    s = np.einsum("nd,nd->n", xc, xc) / D
    return np.einsum("nd,n,d->nd", xc, (s + eps) ** -0.5, gamma) + beta


@program(check="layernorm_forward", code=None)
def rows_in_plain_python(x, gamma, beta, eps):
    done = []
    for row in x.tolist():
        m = math.fsum(row) / len(row)
        v = math.fsum((a - m) ** 2 for a in row) / len(row)
        std = math.sqrt(v + eps)
        done.append([float(g) * (a - m) / std + float(b) for a, g, b in zip(row, gamma, beta, strict=True)])
    return np.array(done)


@program(check="layernorm_forward", code=None)
def centring_matrix_from_the_right(x, gamma, beta, eps):
    D = x.shape[1]
    H = np.eye(D) - np.full((D, D), 1 / D)
    xc = x @ H
    inv = 1 / np.sqrt((xc**2).sum(1) / D + eps)
    return np.diag(inv) @ xc @ np.diag(gamma) + beta


@program(check="layernorm_forward", code=None)
def length_of_the_centred_row(x, gamma, beta, eps):
    D = x.shape[-1]
    xc = x - np.average(x, axis=-1)[:, None]
    length = np.hypot(np.linalg.norm(xc, axis=-1, keepdims=True), math.sqrt(D * eps))
    return math.sqrt(D) * xc / length * gamma + beta


@program(check="layernorm_forward", code=None)
def map_over_the_examples(x, gamma, beta, eps):
    def one(v):
        v = v - v.mean()  # 例ごと
        return gamma * v / np.sqrt(v @ v / v.size + eps) + beta

    return np.stack(list(map(one, x))), {"eps": eps}


# --- backward


@program(check="layernorm_backward", code=None)
def simplified(dy, cache):
    g = dy * cache.gamma
    m1 = g.mean(axis=1, keepdims=True)
    m2 = (g * cache.x_hat).mean(axis=1, keepdims=True)
    return cache.inv_std * (g - m1 - cache.x_hat * m2), (dy * cache.x_hat).sum(axis=0), dy.sum(axis=0)


@program(check="layernorm_backward", code=None)
def transposed_batchnorm_code(dout, cache):
    dgamma = np.sum(dout * cache.x_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dxhat, v, ivar = (dout * cache.gamma).T, cache.x_hat.T, cache.inv_std.T
    D = dxhat.shape[0]
    dx = ivar / D * (D * dxhat - np.sum(dxhat, axis=0) - v * np.sum(dxhat * v, axis=0))
    return dx.T, dgamma, dbeta


@program(check="layernorm_backward", code=None)
def staged(dout, cache):
    N, D = dout.shape
    std = 1.0 / cache.inv_std
    xmu = cache.x_hat * std
    dgamma = (dout * cache.x_hat).sum(0)
    dbeta = dout.sum(0)
    dxhat = dout * cache.gamma
    divar = (dxhat * xmu).sum(1, keepdims=True)
    dstd = -divar / std**2
    dvar = 0.5 * dstd / std
    dxmu = dxhat / std
    dxmu = dxmu + 2.0 / D * xmu * dvar
    dmu = -dxmu.sum(1, keepdims=True)
    return dxmu + dmu / D, dgamma, dbeta


@program(check="layernorm_backward", code=None)
def jacobian_a_row(dy, cache):
    N, D = dy.shape
    dx = []
    for n in range(N):
        v = cache.x_hat[n]
        J = cache.inv_std[n, 0] * (np.eye(D) - np.ones((D, D)) / D - np.outer(v, v) / D)
        dx.append(J.T @ np.diag(cache.gamma) @ dy[n])
    return np.array(dx), np.diag(dy.T @ cache.x_hat), np.ones(N) @ dy


@program(check="layernorm_backward", code=None)
def double_loop(dy, cache):
    N, D = dy.shape
    dx = np.zeros((N, D))
    dgamma, dbeta = np.zeros(D), np.zeros(D)
    for i in range(N):
        suma = suma_xh = 0.0
        for j in range(D):
            dbeta[j] += dy[i, j]
            dgamma[j] += dy[i, j] * cache.x_hat[i, j]
            suma += dy[i, j] * cache.gamma[j]
            suma_xh += dy[i, j] * cache.gamma[j] * cache.x_hat[i, j]
        for j in range(D):
            t = dy[i, j] * cache.gamma[j] - suma / D - cache.x_hat[i, j] * suma_xh / D
            dx[i, j] = t * cache.inv_std[i, 0]
    return dx, dgamma, dbeta


@program(check="layernorm_backward", code=None)
def gram_of_gamma_weighted(dout, c):
    # 투영을 행렬 곱으로
    D = dout.shape[1]
    w = np.diag(c.gamma)
    g = dout @ w
    ones = np.ones((D, 1))
    t = g - (g @ ones) @ ones.T / D - np.diag(np.einsum("nd,nd->n", g, c.x_hat) / D) @ c.x_hat
    return np.diag(c.inv_std[:, 0]) @ t, np.einsum("nd,nd->d", dout, c.x_hat), dout.sum(0)


@program(check="layernorm_backward", code=None)
def centred_before_projection(dy, cache):
    # x_hat has mean 0, so the order does not matter
    g = dy * cache.gamma
    g = g - g.mean(1, keepdims=True)
    dot = (g * cache.x_hat).sum(1, keepdims=True) / g.shape[1]
    return (g - dot * cache.x_hat) * cache.inv_std, (dy * cache.x_hat).sum(0), dy.sum(0)
