# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong backward passes of layer norm: signs, gamma and std in dx; dgamma and dbeta."""

import numpy as np

from corpus.registry import program


def _params(dy, cache):
    """dgamma and dbeta, right: several of the programs get only dx wrong."""
    return (dy * cache.x_hat).sum(axis=0), dy.sum(axis=0)


def _dx(dy, cache):
    """dx, right: several of the programs go wrong elsewhere."""
    g = dy * cache.gamma
    m1, m2 = g.mean(1, keepdims=True), (g * cache.x_hat).mean(1, keepdims=True)
    return cache.inv_std * (g - m1 - cache.x_hat * m2)


# --- layer-backward.mean-term-sign


@program(check="layernorm_backward", code="layer-backward.mean-term-sign")
def plus_row_mean(dy, cache):
    g = dy * cache.gamma
    dx = g + g.mean(1, keepdims=True) - cache.x_hat * (g * cache.x_hat).mean(1, keepdims=True)
    return dx * cache.inv_std, *_params(dy, cache)


@program(check="layernorm_backward", code="layer-backward.mean-term-sign")
def dmu_positive(dout, cache):
    D = dout.shape[-1]
    xc = cache.x_hat / cache.inv_std
    dxhat = dout * cache.gamma
    dvar = -0.5 * cache.inv_std**3 * (dxhat * xc).sum(-1, keepdims=True)
    dmu = np.sum(dxhat * cache.inv_std, axis=-1, keepdims=True)
    return dxhat * cache.inv_std + 2 * xc * dvar / D + dmu / D, *_params(dout, cache)


@program(check="layernorm_backward", code="layer-backward.mean-term-sign")
def plus_ones_in_the_jacobian(dy, cache):
    N, D = dy.shape
    dx = np.zeros((N, D))
    for n in range(N):
        v = cache.x_hat[n]
        J = np.eye(D) + np.ones((D, D)) / D - np.outer(v, v) / D
        dx[n] = cache.inv_std[n, 0] * J @ (cache.gamma * dy[n])
    return dx, *_params(dy, cache)


# --- layer-backward.variance-term-sign


@program(check="layernorm_backward", code="layer-backward.variance-term-sign")
def plus_projection(dy, cache):
    g = dy * cache.gamma
    dx = g - g.mean(1, keepdims=True) + cache.x_hat * (g * cache.x_hat).mean(1, keepdims=True)
    return dx * cache.inv_std, *_params(dy, cache)


@program(check="layernorm_backward", code="layer-backward.variance-term-sign")
def half_without_minus(dout, cache):
    N, D = dout.shape
    xc = cache.x_hat / cache.inv_std
    dxhat = dout * cache.gamma
    dvar = np.sum(0.5 * dxhat * xc * cache.inv_std**3, axis=1)
    dxc = dxhat * cache.inv_std + (2 / D) * xc * dvar[:, None]
    dmu = -dxc.sum(axis=1)
    return dxc + dmu[:, None] / D, *_params(dout, cache)


@program(check="layernorm_backward", code="layer-backward.variance-term-sign")
def quotient_rule_slip(dy, cache):
    # (u/s)' = (u's + us') / s²
    N, D = dy.shape
    out = []
    for i in range(N):
        g, v, s = dy[i] * cache.gamma, cache.x_hat[i], 1 / cache.inv_std[i, 0]
        u_prime = g - sum(g) / D
        s_prime = sum(g * v) / D
        out.append((u_prime * s + v * s * s_prime) / s**2)
    return np.array(out), *_params(dy, cache)


# --- layer-backward.gamma-missing


@program(check="layernorm_backward", code="layer-backward.gamma-missing")
def dy_taken_for_dxhat(dy, cache):
    m1 = dy.mean(-1, keepdims=True)
    m2 = (dy * cache.x_hat).mean(-1, keepdims=True)
    return cache.inv_std * (dy - m1 - cache.x_hat * m2), *_params(dy, cache)


@program(check="layernorm_backward", code="layer-backward.gamma-missing")
def staged_forgets_gamma(dout, cache):
    N, D = dout.shape
    std = 1 / cache.inv_std
    xmu = cache.x_hat * std
    dxhat = dout * 1.0
    divar = (dxhat * xmu).sum(1, keepdims=True)
    dvar = -0.5 * divar * cache.inv_std**3
    dxmu = dxhat * cache.inv_std + 2 * xmu * dvar / D
    return dxmu - dxmu.sum(1, keepdims=True) / D, *_params(dout, cache)


@program(check="layernorm_backward", code="layer-backward.gamma-missing")
def rows_by_einsum_no_gamma(dy, cache):
    D = dy.shape[1]
    s = np.einsum("nd->n", dy)[:, None]
    p = np.einsum("nd,nd->n", dy, cache.x_hat)[:, None]
    dx = cache.inv_std / D * (D * dy - s - cache.x_hat * p)
    return dx, *_params(dy, cache)


# --- layer-backward.std-multiplied


@program(check="layernorm_backward", code="layer-backward.std-multiplied")
def divided_by_inv_std(dy, cache):
    g = dy * cache.gamma
    dx = (
        g - g.mean(1, keepdims=True) - cache.x_hat * (g * cache.x_hat).mean(1, keepdims=True)
    ) / cache.inv_std
    return dx, *_params(dy, cache)


@program(check="layernorm_backward", code="layer-backward.std-multiplied")
def std_in_place_of_its_inverse(dout, cache):
    std = np.power(cache.inv_std, -1.0)
    N, D = dout.shape
    dxhat = dout * cache.gamma
    s, p = dxhat.sum(1, keepdims=True), (dxhat * cache.x_hat).sum(1, keepdims=True)
    return std / D * (D * dxhat - s - cache.x_hat * p), *_params(dout, cache)


@program(check="layernorm_backward", code="layer-backward.std-multiplied")
def row_loop_root_of_variance(dy, cache):
    var = 1 / cache.inv_std**2
    dx = np.empty(dy.shape)
    for i, (d, v) in enumerate(zip(dy, cache.x_hat, strict=True)):
        g = d * cache.gamma
        dx[i] = np.sqrt(var[i]) * (g - g.mean() - v * np.mean(g * v))
    return dx, *_params(dy, cache)


# --- layer-backward.dgamma-axis


@program(check="layernorm_backward", code="layer-backward.dgamma-axis")
def dgamma_along_features(dy, cache):
    dgamma = np.sum(dy * cache.x_hat, axis=1)
    dbeta = np.sum(dy, axis=0)
    return _dx(dy, cache), dgamma, dbeta


@program(check="layernorm_backward", code="layer-backward.dgamma-axis")
def dgamma_per_row_einsum(dout, cache):
    return _dx(dout, cache), np.einsum("nd,nd->n", dout, cache.x_hat), np.einsum("nd->d", dout)


@program(check="layernorm_backward", code="layer-backward.dgamma-axis")
def dgamma_of_the_rows(dy, cache):
    dgamma = np.array([d @ v for d, v in zip(dy, cache.x_hat, strict=True)])
    dbeta = sum(dy)
    return _dx(dy, cache), dgamma, dbeta


# --- layer-backward.dbeta-axis


@program(check="layernorm_backward", code="layer-backward.dbeta-axis")
def dbeta_along_features(dy, cache):
    dgamma = np.sum(dy * cache.x_hat, axis=0)
    dbeta = np.sum(dy, axis=-1)
    return _dx(dy, cache), dgamma, dbeta


@program(check="layernorm_backward", code="layer-backward.dbeta-axis")
def dbeta_times_ones(dout, cache):
    ones = np.ones(dout.shape[1])
    dbeta = dout @ ones  # 行の和
    return _dx(dout, cache), np.diag(dout.T @ cache.x_hat), dbeta


@program(check="layernorm_backward", code="layer-backward.dbeta-axis")
def dbeta_loop_over_i(dy, cache):
    N, D = dy.shape
    dbeta, dgamma = np.zeros(N), np.zeros(D)
    for i in range(N):
        for j in range(D):
            dbeta[i] += dy[i, j]
            dgamma[j] += dy[i, j] * cache.x_hat[i, j]
    return _dx(dy, cache), dgamma, dbeta


# --- layer-backward.dgamma-mean


@program(check="layernorm_backward", code="layer-backward.dgamma-mean")
def dgamma_np_mean(dy, cache):
    return _dx(dy, cache), np.mean(dy * cache.x_hat, axis=0), np.sum(dy, axis=0)


@program(check="layernorm_backward", code="layer-backward.dgamma-mean")
def dgamma_over_m(dout, cache):
    m = dout.shape[0]
    dgamma = 1 / m * np.einsum("nd,nd->d", dout, cache.x_hat)
    return _dx(dout, cache), dgamma, np.ones(m) @ dout


@program(check="layernorm_backward", code="layer-backward.dgamma-mean")
def dgamma_averaged_in_loop(dy, cache):
    N, D = dy.shape
    dgamma, dbeta = np.zeros(D), np.zeros(D)
    for n in range(N):
        dgamma = dgamma + dy[n] * cache.x_hat[n] / N
        dbeta = dbeta + dy[n]
    return _dx(dy, cache), dgamma, dbeta


# --- layer-backward.dbeta-mean


@program(check="layernorm_backward", code="layer-backward.dbeta-mean")
def dbeta_np_mean(dy, cache):
    return _dx(dy, cache), np.sum(dy * cache.x_hat, axis=0), np.mean(dy, axis=0)


@program(check="layernorm_backward", code="layer-backward.dbeta-mean")
def andrew_ng_habit(dZ, cache):
    m = len(dZ)
    db = (1 / m) * np.sum(dZ, axis=0, keepdims=True)
    dg = np.sum(dZ * cache.x_hat, axis=0, keepdims=True)
    return _dx(dZ, cache), dg[0], db[0]


@program(check="layernorm_backward", code="layer-backward.dbeta-mean")
def average_of_columns(dy, cache):
    dbeta = np.array([np.average(col) for col in dy.T])
    dgamma = np.array([np.dot(c, v) for c, v in zip(dy.T, cache.x_hat.T, strict=True)])
    return _dx(dy, cache), dgamma, dbeta


# --- layer-backward.dgamma-extra-gamma


@program(check="layernorm_backward", code="layer-backward.dgamma-extra-gamma")
def dxhat_times_x_hat(dy, cache):
    dxhat = dy * cache.gamma
    return _dx(dy, cache), (dxhat * cache.x_hat).sum(0), dy.sum(0)


@program(check="layernorm_backward", code="layer-backward.dgamma-extra-gamma")
def gamma_behind_the_sum(dout, cache):
    dgamma, dbeta = _params(dout, cache)
    return _dx(dout, cache), cache.gamma * dgamma, dbeta


@program(check="layernorm_backward", code="layer-backward.dgamma-extra-gamma")
def y_without_beta(dy, cache):
    gammax = cache.gamma * cache.x_hat
    dgamma = np.zeros(dy.shape[1])
    for d, gx in zip(dy, gammax, strict=True):
        dgamma += d * gx  # γ·x̂ と掛ける
    return _dx(dy, cache), dgamma, dy.sum(0)


# --- layer-backward.dbeta-extra-gamma


@program(check="layernorm_backward", code="layer-backward.dbeta-extra-gamma")
def dbeta_from_dxhat(dy, cache):
    dxhat = dy * cache.gamma
    return _dx(dy, cache), (dy * cache.x_hat).sum(0), dxhat.sum(0)


@program(check="layernorm_backward", code="layer-backward.dbeta-extra-gamma")
def einsum_with_gamma(dout, cache):
    dbeta = np.einsum("nd,d->d", dout, cache.gamma)
    return _dx(dout, cache), np.einsum("nd,nd->d", dout, cache.x_hat), dbeta


@program(check="layernorm_backward", code="layer-backward.dbeta-extra-gamma")
def gamma_inside_the_loop(dy, cache):
    N, D = dy.shape
    dgamma, dbeta = np.zeros(D), np.zeros(D)
    for j in range(D):
        for i in range(N):
            dgamma[j] += dy[i, j] * cache.x_hat[i, j]
            dbeta[j] += dy[i, j] * cache.gamma[j]
    return _dx(dy, cache), dgamma, dbeta


# --- layer-backward.dgamma-dbeta-swapped


@program(check="layernorm_backward", code="layer-backward.dgamma-dbeta-swapped")
def returned_in_another_order(dy, cache):
    dgamma, dbeta = _params(dy, cache)
    return _dx(dy, cache), dbeta, dgamma


@program(check="layernorm_backward", code="layer-backward.dgamma-dbeta-swapped")
def names_exchanged(dout, cache):
    dgamma = np.sum(dout, axis=0)
    dbeta = np.sum(dout * cache.x_hat, axis=0)
    return _dx(dout, cache), dgamma, dbeta


@program(check="layernorm_backward", code="layer-backward.dgamma-dbeta-swapped")
def stacked_the_wrong_way(dy, cache):
    both = np.stack([dy, dy * cache.x_hat]).sum(axis=1)
    grads = {"gamma": both[0], "beta": both[1]}
    return _dx(dy, cache), grads["gamma"], grads["beta"]
