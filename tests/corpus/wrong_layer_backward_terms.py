# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong backward passes of layer norm: axes, counts, paths and signs of dx."""

import numpy as np

from corpus.registry import program


def _params(dy, cache):
    """dgamma and dbeta, right: these programs get only dx wrong."""
    return (dy * cache.x_hat).sum(axis=0), dy.sum(axis=0)


# --- layer-backward.batch-axis


@program(check="layernorm_backward", code="layer-backward.batch-axis")
def batchnorm_formula(dy, cache):
    g = dy * cache.gamma
    dx = cache.inv_std * (g - g.mean(axis=0) - cache.x_hat * (g * cache.x_hat).mean(axis=0))
    return dx, *_params(dy, cache)


@program(check="layernorm_backward", code="layer-backward.batch-axis")
def batchnorm_alt_pasted(dout, cache):
    N, D = dout.shape
    dxhat = dout * cache.gamma
    dx = (
        1.0
        / N
        * cache.inv_std
        * (N * dxhat - np.sum(dxhat, 0) - cache.x_hat * np.sum(dxhat * cache.x_hat, 0))
    )
    dgamma = np.sum(dout * cache.x_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta


@program(check="layernorm_backward", code="layer-backward.batch-axis")
def column_by_column(dy, cache):
    N, D = dy.shape
    dx = np.zeros((N, D))
    for j in range(D):
        g = dy[:, j] * cache.gamma[j]
        v = cache.x_hat[:, j]
        dx[:, j] = g - g.sum() / N - v * (g @ v) / N
    return dx * cache.inv_std.reshape(N, 1), *_params(dy, cache)


# --- layer-backward.n-for-d


@program(check="layernorm_backward", code="layer-backward.n-for-d")
def sums_across_over_n(dy, cache):
    N = dy.shape[0]
    g = dy * cache.gamma
    a = g.sum(axis=1, keepdims=True) / N
    b = (g * cache.x_hat).sum(axis=1, keepdims=True) / N
    return cache.inv_std * (g - a - cache.x_hat * b), *_params(dy, cache)


@program(check="layernorm_backward", code="layer-backward.n-for-d")
def n_times_bracket(dout, cache):
    N, _ = dout.shape
    dxhat = dout * cache.gamma
    dx = N * dxhat - dxhat.sum(-1, keepdims=True) - cache.x_hat * (dxhat * cache.x_hat).sum(-1, keepdims=True)
    return dx * cache.inv_std / N, *_params(dout, cache)


@program(check="layernorm_backward", code="layer-backward.n-for-d")
def row_loop_len_dy(dy, cache):
    n = len(dy)
    dx = []
    for d, v, s in zip(dy, cache.x_hat, cache.inv_std.ravel(), strict=True):
        g = d * cache.gamma
        dx.append(s * (g - sum(g) / n - v * sum(g * v) / n))
    return np.array(dx), *_params(dy, cache)


# --- layer-backward.mean-term-n-for-d


@program(check="layernorm_backward", code="layer-backward.mean-term-n-for-d")
def dmu_over_n(dy, cache):
    N, D = dy.shape
    xc = cache.x_hat / cache.inv_std
    dxhat = dy * cache.gamma
    dvar = np.sum(dxhat * xc, axis=1, keepdims=True) * -0.5 * cache.inv_std**3
    dmu = -np.sum(dxhat * cache.inv_std, axis=1, keepdims=True)
    dx = dxhat * cache.inv_std + dvar * 2 * xc / D + dmu / N
    return dx, *_params(dy, cache)


@program(check="layernorm_backward", code="layer-backward.mean-term-n-for-d")
def first_sum_over_batch_size(dout, cache):
    batch = dout.shape[0]
    g = np.einsum("nd,d->nd", dout, cache.gamma)
    m = np.einsum("nd->n", g)[:, None] / batch
    p = np.mean(g * cache.x_hat, axis=1, keepdims=True)
    return (g - m - cache.x_hat * p) * cache.inv_std, *_params(dout, cache)


@program(check="layernorm_backward", code="layer-backward.mean-term-n-for-d")
def transposed_mean_of_wrong_length(dy, cache):
    gt = (dy * cache.gamma).T
    vt = cache.x_hat.T
    D, N = gt.shape
    # 列和を N で割る
    t = gt - gt.sum(0) / N - vt * (gt * vt).sum(0) / D
    return (t * cache.inv_std.T).T, *_params(dy, cache)


# --- layer-backward.variance-term-n-for-d


@program(check="layernorm_backward", code="layer-backward.variance-term-n-for-d")
def dsq_over_n(dy, cache):
    N, D = dy.shape
    xc = cache.x_hat / cache.inv_std
    dxhat = dy * cache.gamma
    dvar = np.sum(dxhat * xc, axis=1, keepdims=True) * -0.5 * cache.inv_std**3
    dsq = np.ones((N, D)) / N * dvar
    dxc = dxhat * cache.inv_std + 2 * xc * dsq
    return dxc - dxc.mean(axis=1, keepdims=True), *_params(dy, cache)


@program(check="layernorm_backward", code="layer-backward.variance-term-n-for-d")
def projection_over_len(dout, c):
    g = dout * c.gamma
    dot = np.einsum("nd,nd->n", g, c.x_hat) / len(g)
    dx = c.inv_std * (g - g.mean(1, keepdims=True) - c.x_hat * dot[:, None])
    return dx, *_params(dout, c)


@program(check="layernorm_backward", code="layer-backward.variance-term-n-for-d")
def rows_second_sum_by_n(dy, cache):
    N, D = dy.shape
    dx = np.zeros((N, D))
    for i in range(N):
        g, v = dy[i] * cache.gamma, cache.x_hat[i]
        dx[i] = cache.inv_std[i, 0] * (g - g.sum() / D - v * (g @ v) / N)
    return dx, *_params(dy, cache)


# --- layer-backward.no-1/D


@program(check="layernorm_backward", code="layer-backward.no-1/D")
def sums_for_means(dy, cache):
    g = dy * cache.gamma
    s1 = np.sum(g, axis=1, keepdims=True)
    s2 = np.sum(g * cache.x_hat, axis=1, keepdims=True)
    return cache.inv_std * (g - s1 - cache.x_hat * s2), *_params(dy, cache)


@program(check="layernorm_backward", code="layer-backward.no-1/D")
def jacobian_unscaled(dout, cache):
    N, D = dout.shape
    dx = np.empty((N, D))
    for n in range(N):
        v = cache.x_hat[n]
        J = np.eye(D) - np.ones((D, D)) - np.outer(v, v)
        dx[n] = J @ (dout[n] * cache.gamma) * cache.inv_std[n]
    return dx, *_params(dout, cache)


@program(check="layernorm_backward", code="layer-backward.no-1/D")
def staged_no_division(dy, cache):
    std = 1 / cache.inv_std
    xmu = cache.x_hat * std
    dxhat = dy * cache.gamma
    dstd = -(dxhat * xmu).sum(-1, keepdims=True) / std**2
    dvar = dstd / (2 * std)
    dmu = -(dxhat / std).sum(-1, keepdims=True)
    dx = dxhat / std + 2 * xmu * dvar + dmu
    return dx, *_params(dy, cache)


# --- layer-backward.gamma-outside


@program(check="layernorm_backward", code="layer-backward.gamma-outside")
def gamma_in_front(dy, cache):
    x_hat = cache.x_hat
    m1 = dy.mean(axis=1, keepdims=True)
    m2 = (dy * x_hat).mean(axis=1, keepdims=True)
    dx = cache.gamma * cache.inv_std * (dy - m1 - x_hat * m2)
    return dx, *_params(dy, cache)


@program(check="layernorm_backward", code="layer-backward.gamma-outside")
def simplified_as_in_batchnorm(dout, cache):
    N, D = dout.shape
    s = dout.sum(axis=1, keepdims=True)
    p = (dout * cache.x_hat).sum(axis=1, keepdims=True)
    # gamma 提到前面
    dx = cache.gamma * cache.inv_std / D * (D * dout - s - cache.x_hat * p)
    return dx, np.einsum("nd,nd->d", dout, cache.x_hat), np.einsum("nd->d", dout)


@program(check="layernorm_backward", code="layer-backward.gamma-outside")
def gamma_at_the_end_of_the_loop(dy, cache):
    dx = dy.copy()
    for i in range(len(dy)):
        v = cache.x_hat[i]
        dot = np.mean(dy[i] * v)
        dx[i] -= np.mean(dy[i])
        dx[i] -= v * dot
        dx[i] *= cache.inv_std[i]
    dx = dx * cache.gamma
    return dx, *_params(dy, cache)


# --- layer-backward.no-mean-path


@program(check="layernorm_backward", code="layer-backward.no-mean-path")
def dx_is_dxc(dy, cache):
    N, D = dy.shape
    xc = cache.x_hat / cache.inv_std
    dxhat = dy * cache.gamma
    dvar = -0.5 * cache.inv_std**3 * np.sum(dxhat * xc, 1, keepdims=True)
    dx = dxhat * cache.inv_std + 2 / D * xc * dvar
    return dx, *_params(dy, cache)


@program(check="layernorm_backward", code="layer-backward.no-mean-path")
def rmsnorm_backward(dout, cache):
    g = dout * cache.gamma
    dx = (g - cache.x_hat * np.mean(g * cache.x_hat, axis=-1, keepdims=True)) * cache.inv_std
    return dx, *_params(dout, cache)


@program(check="layernorm_backward", code="layer-backward.no-mean-path")
def projector_without_ones(dy, cache):
    N, D = dy.shape
    dx = []
    for n in range(N):
        v = cache.x_hat[n][:, None]
        P = np.eye(D) - v @ v.T / D
        dx.append(P @ (cache.gamma * dy[n]) * cache.inv_std[n, 0])
    return np.array(dx), *_params(dy, cache)


# --- layer-backward.no-variance-path


@program(check="layernorm_backward", code="layer-backward.no-variance-path")
def centred_gradient(dy, cache):
    g = dy * cache.gamma
    return (g - g.mean(axis=1, keepdims=True)) * cache.inv_std, *_params(dy, cache)


@program(check="layernorm_backward", code="layer-backward.no-variance-path")
def std_detached(dout, cache):
    D = dout.shape[1]
    dxmu = dout * cache.gamma * cache.inv_std
    dmu = -dxmu.sum(1)
    return dxmu + np.repeat(dmu[:, None] / D, D, axis=1), *_params(dout, cache)


@program(check="layernorm_backward", code="layer-backward.no-variance-path")
def times_centring_matrix(dy, cache):
    D = dy.shape[1]
    H = np.eye(D) - np.full((D, D), 1 / D)
    return cache.inv_std * ((dy @ np.diag(cache.gamma)) @ H), *_params(dy, cache)


# --- layer-backward.constant-statistics


@program(check="layernorm_backward", code="layer-backward.constant-statistics")
def gamma_times_inv_std(dy, cache):
    return dy * cache.gamma * cache.inv_std, *_params(dy, cache)


@program(check="layernorm_backward", code="layer-backward.constant-statistics")
def only_the_direct_path(dout, cache):
    dxhat = np.multiply(dout, cache.gamma)
    std = 1 / cache.inv_std
    dx1 = dxhat / std
    return dx1, np.sum(dout * cache.x_hat, 0), np.sum(dout, 0)


@program(check="layernorm_backward", code="layer-backward.constant-statistics")
def einsum_of_three(dy, cache):
    # 통계는 상수
    dx = np.einsum("nd,d,n->nd", dy, cache.gamma, cache.inv_std[:, 0])
    return dx, np.einsum("nd,nd->d", dy, cache.x_hat), np.einsum("nd->d", dy)
