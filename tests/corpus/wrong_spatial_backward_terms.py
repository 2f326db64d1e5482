# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong backward passes of batch norm for images: a term, a sign, a factor of dx."""

import numpy as np

from corpus.registry import program

REST = (0, 2, 3)


def _params(dy, cache):
    """dgamma and dbeta, right: these programs get only dx wrong."""
    return (dy * cache.x_hat).sum(axis=REST), dy.sum(axis=REST)


def _rows(t):
    """(N, C, H, W) -> (N·H·W, C)"""
    return t.transpose(0, 2, 3, 1).reshape(-1, t.shape[1])


def _maps(rows, shape):
    N, C, H, W = shape
    return rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)


# --- spatial-backward.divided-by-n


@program(check="spatial_batchnorm_backward", code="spatial-backward.divided-by-n")
def n_is_shape_zero(dy, cache):
    N = dy.shape[0]
    dgamma, dbeta = _params(dy, cache)
    dx = dy - dbeta[:, None, None] / N - cache.x_hat * dgamma[:, None, None] / N
    dx = dx * cache.gamma[:, None, None] * cache.inv_std
    return dx, dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.divided-by-n")
def one_over_n_bracket(dout, cache):
    N = len(dout)
    g = dout * cache.gamma.reshape(1, -1, 1, 1)
    sum_g = g.sum(REST, keepdims=True)
    sum_gx = (g * cache.x_hat).sum(REST, keepdims=True)
    dx = (1.0 / N) * cache.inv_std * (N * g - sum_g - cache.x_hat * sum_gx)
    return dx, *_params(dout, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.divided-by-n")
def rows_but_n_of_the_images(dy, cache):
    N = dy.shape[0]
    d, xh = _rows(dy) * cache.gamma, _rows(cache.x_hat)
    dx = []
    for j in range(d.shape[1]):
        dx.append(
            cache.inv_std[0, j, 0, 0] * (d[:, j] - d[:, j].sum() / N - xh[:, j] * (d[:, j] @ xh[:, j]) / N)
        )
    return _maps(np.stack(dx, axis=1), dy.shape), *_params(dy, cache)


# --- spatial-backward.mean-term-divided-by-n


@program(check="spatial_batchnorm_backward", code="spatial-backward.mean-term-divided-by-n")
def dmu_over_n(dy, cache):
    N, C, H, W = dy.shape
    M = N * H * W
    xc = cache.x_hat / cache.inv_std
    dxhat = dy * cache.gamma[:, None, None]
    dvar = (dxhat * xc).sum(REST, keepdims=True) * -0.5 * cache.inv_std**3
    dmu = -(dxhat * cache.inv_std).sum(REST, keepdims=True)
    dx = dxhat * cache.inv_std + dvar * 2 * xc / M + dmu / N
    return dx, *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.mean-term-divided-by-n")
def sum_over_len_and_mean(dout, c):
    g = np.einsum("nchw,c->nchw", dout, c.gamma)
    a = np.einsum("nchw->c", g) / len(g)
    b = (g * c.x_hat).mean(axis=REST)
    dx = c.inv_std * (g - a[:, None, None] - c.x_hat * b[:, None, None])
    return dx, *_params(dout, c)


@program(check="spatial_batchnorm_backward", code="spatial-backward.mean-term-divided-by-n")
def channel_loop_dbeta_over_n(dy, cache):
    N, C, H, W = dy.shape
    dx = np.zeros(dy.shape)
    for c in range(C):
        d, v = dy[:, c], cache.x_hat[:, c]
        mittel = d.sum() / N
        dx[:, c] = d - mittel - v * np.mean(d * v)
        dx[:, c] *= cache.gamma[c] * cache.inv_std[0, c, 0, 0]
    return dx, *_params(dy, cache)


# --- spatial-backward.variance-term-divided-by-n


@program(check="spatial_batchnorm_backward", code="spatial-backward.variance-term-divided-by-n")
def dsq_over_n(dy, cache):
    N = dy.shape[0]
    xc = cache.x_hat / cache.inv_std
    dxhat = dy * cache.gamma[:, None, None]
    dvar = -0.5 * cache.inv_std**3 * (dxhat * xc).sum(REST, keepdims=True)
    dxc = dxhat * cache.inv_std + 2 / N * xc * dvar
    dx = dxc - dxc.mean(REST, keepdims=True)
    return dx, *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.variance-term-divided-by-n")
def dgamma_over_n(dout, cache):
    dgamma, dbeta = _params(dout, cache)
    N, C, H, W = dout.shape
    centred = dout - dbeta.reshape(1, C, 1, 1) / (N * H * W)
    dx = centred - cache.x_hat * dgamma.reshape(1, C, 1, 1) / N
    return dx * cache.inv_std * cache.gamma.reshape(1, C, 1, 1), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.variance-term-divided-by-n")
def projection_in_rows_over_n(dy, cache):
    N = len(dy)
    g, v = _rows(dy) * cache.gamma, _rows(cache.x_hat)
    # 射影
    p = np.sum(g * v, axis=0) / N
    t = g - np.mean(g, axis=0) - v * p
    return _maps(t * cache.inv_std.ravel(), dy.shape), *_params(dy, cache)


# --- spatial-backward.no-mean-path


@program(check="spatial_batchnorm_backward", code="spatial-backward.no-mean-path")
def dx_is_dxc(dy, cache):
    M = dy.size / dy.shape[1]
    xc = cache.x_hat / cache.inv_std
    dxhat = dy * cache.gamma[:, None, None]
    dvar = -0.5 * cache.inv_std**3 * (dxhat * xc).sum(REST, keepdims=True)
    dx = dxhat * cache.inv_std + 2 * xc * dvar / M
    return dx, *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.no-mean-path")
def projection_only(dout, cache):
    g = np.moveaxis(dout, 1, -1) * cache.gamma
    v = np.moveaxis(cache.x_hat, 1, -1)
    dx = (g - v * (g * v).mean((0, 1, 2))) * cache.inv_std.reshape(-1)
    return np.moveaxis(dx, -1, 1), *_params(dout, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.no-mean-path")
def loop_of_two_terms(dy, cache):
    dx = np.zeros(dy.shape)
    for c in range(dy.shape[1]):
        v = cache.x_hat[:, c]
        g = dy[:, c] * cache.gamma[c]
        s = sum((g[n] * v[n]).sum() for n in range(len(g)))
        dx[:, c] = (g - v * s / g.size) * cache.inv_std[0, c]
    return dx, *_params(dy, cache)


# --- spatial-backward.no-variance-path


@program(check="spatial_batchnorm_backward", code="spatial-backward.no-variance-path")
def centred_only(dy, cache):
    g = dy * cache.gamma[:, None, None]
    return cache.inv_std * (g - g.mean(REST, keepdims=True)), *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.no-variance-path")
def staged_without_dvar(dout, cache):
    N, C, H, W = dout.shape
    dxhat = dout * cache.gamma.reshape(C, 1, 1)
    dxmu = dxhat * cache.inv_std
    dmu = -dxmu.sum(axis=REST)
    dx = dxmu + dmu.reshape(C, 1, 1) / (N * H * W)
    return dx, *_params(dout, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.no-variance-path")
def centring_matrix_of_rows(dy, cache):
    g = _rows(dy) @ np.diag(cache.gamma * cache.inv_std.ravel())
    M = len(g)
    J = np.eye(M) - np.ones((M, M)) / M
    return _maps(J @ g, dy.shape), *_params(dy, cache)


# --- spatial-backward.constant-statistics


@program(check="spatial_batchnorm_backward", code="spatial-backward.constant-statistics")
def scale_alone(dy, cache):
    dx = dy * cache.gamma[None, :, None, None] * cache.inv_std
    return dx, *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.constant-statistics")
def as_in_eval_mode(dout, cache):
    w = cache.gamma * cache.inv_std.reshape(-1)  # running statistics have no gradient
    dx = np.einsum("nchw,c->nchw", dout, w)
    return dx, np.einsum("nchw,nchw->c", dout, cache.x_hat), np.einsum("nchw->c", dout)


@program(check="spatial_batchnorm_backward", code="spatial-backward.constant-statistics")
def channel_times_number(dy, cache):
    dx = dy.copy()
    for c, g in enumerate(cache.gamma):
        dx[:, c] *= g
        dx[:, c] /= 1 / cache.inv_std[0, c, 0, 0]
    return dx, *_params(dy, cache)


# --- spatial-backward.mean-term-sign


@program(check="spatial_batchnorm_backward", code="spatial-backward.mean-term-sign")
def dmu_without_minus(dy, cache):
    N, C, H, W = dy.shape
    M = N * H * W
    xc = cache.x_hat / cache.inv_std
    dxhat = dy * cache.gamma[:, None, None]
    dvar = -0.5 * cache.inv_std**3 * (dxhat * xc).sum(REST, keepdims=True)
    dmu = (dxhat * cache.inv_std).sum(REST, keepdims=True)  # minus?
    dx = dxhat * cache.inv_std + dvar * 2 * xc / M + dmu / M
    return dx, *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.mean-term-sign")
def plus_mean(dy, c):
    g = dy * c.gamma[:, None, None]
    dx = c.inv_std * (g + g.mean(REST, keepdims=True) - c.x_hat * (g * c.x_hat).mean(REST, keepdims=True))
    return dx, *_params(dy, c)


@program(check="spatial_batchnorm_backward", code="spatial-backward.mean-term-sign")
def rows_m_times_plus(dout, cache):
    d, v = _rows(dout), _rows(cache.x_hat)
    M = d.shape[0]
    dbeta, dgamma = d.sum(0), (d * v).sum(0)
    dx = cache.gamma * cache.inv_std.squeeze() / M * (M * d + dbeta - v * dgamma)
    return _maps(dx, dout.shape), dgamma, dbeta


# --- spatial-backward.variance-term-sign


@program(check="spatial_batchnorm_backward", code="spatial-backward.variance-term-sign")
def dvar_positive(dy, cache):
    M = dy.size // len(cache.gamma)
    xc = cache.x_hat / cache.inv_std
    dxhat = dy * cache.gamma[:, None, None]
    dvar = 0.5 * cache.inv_std**3 * (dxhat * xc).sum(REST, keepdims=True)
    dxc = dxhat * cache.inv_std + 2 * xc * dvar / M
    return dxc - dxc.mean(REST, keepdims=True), *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.variance-term-sign")
def minus_then_plus(dout, cache):
    dgamma, dbeta = _params(dout, cache)
    N, C, H, W = dout.shape
    k = N * H * W
    b, g = (p.reshape(1, C, 1, 1) for p in (dbeta, dgamma))
    dx = cache.gamma.reshape(1, C, 1, 1) * cache.inv_std / k * (k * dout - b + cache.x_hat * g)
    return dx, dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.variance-term-sign")
def sign_lost_in_the_bracket(dy, cache):
    # dx = (g - (평균 - x_hat * 투영)) / std
    g = dy * cache.gamma[:, None, None]
    mean = np.mean(g, REST, keepdims=True)
    proj = np.mean(g * cache.x_hat, REST, keepdims=True)
    return (g - (mean - cache.x_hat * proj)) * cache.inv_std, *_params(dy, cache)


# --- spatial-backward.gamma-missing


@program(check="spatial_batchnorm_backward", code="spatial-backward.gamma-missing")
def dxhat_is_dout(dout, cache):
    dxhat = dout
    m1 = dxhat.mean(REST, keepdims=True)
    m2 = (dxhat * cache.x_hat).mean(REST, keepdims=True)
    return cache.inv_std * (dxhat - m1 - cache.x_hat * m2), *_params(dout, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.gamma-missing")
def rows_without_gamma(dy, cache):
    d, v = _rows(dy), _rows(cache.x_hat)
    M = len(d)
    dgamma, dbeta = np.sum(d * v, 0), np.sum(d, 0)
    dx = cache.inv_std.reshape(-1) / M * (M * d - dbeta - v * dgamma)
    return _maps(dx, dy.shape), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.gamma-missing")
def staged_gamma_step_skipped(dy, cache):
    N, C, H, W = dy.shape
    std = 1.0 / cache.inv_std
    xmu = cache.x_hat * std
    divar = np.sum(dy * xmu, axis=REST, keepdims=True)
    dxmu1 = dy / std
    dsqrtvar = -divar / std**2
    dvar = 0.5 * dsqrtvar / std
    dxmu2 = 2 * xmu * dvar / (N * H * W)
    dmu = -np.sum(dxmu1 + dxmu2, axis=REST, keepdims=True)
    return dxmu1 + dxmu2 + dmu / (N * H * W), *_params(dy, cache)


# --- spatial-backward.std-multiplied


@program(check="spatial_batchnorm_backward", code="spatial-backward.std-multiplied")
def inv_std_taken_for_std(dy, cache):
    std = cache.inv_std
    g = dy * cache.gamma[:, None, None]
    dx = (g - g.mean(REST, keepdims=True) - cache.x_hat * (g * cache.x_hat).mean(REST, keepdims=True)) / std
    return dx, *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.std-multiplied")
def times_std(dout, cache):
    std = 1 / cache.inv_std.reshape(-1)
    dgamma, dbeta = _params(dout, cache)
    d, v = _rows(dout), _rows(cache.x_hat)
    dx = cache.gamma * std * (d - dbeta / len(d) - v * dgamma / len(d))
    return _maps(dx, dout.shape), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.std-multiplied")
def loop_times_root(dy, cache):
    dx = np.empty(dy.shape)
    for c in range(dy.shape[1]):
        racine = np.sqrt(1 / cache.inv_std[0, c, 0, 0] ** 2)
        g, v = cache.gamma[c] * dy[:, c], cache.x_hat[:, c]
        dx[:, c] = racine * (g - g.mean() - v * (g * v).mean())
    return dx, *_params(dy, cache)
