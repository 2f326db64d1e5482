# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Right backward passes: closed forms, steps, matrices, and statistics computed again."""

import numpy as np

from corpus.registry import program


@program(check="batchnorm_backward", code=None)
def closed_form(dout, cache):
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * cache.x_hat).sum(axis=0)
    dx = cache.gamma * cache.inv_std / N * (N * dout - dbeta - cache.x_hat * dgamma)
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code=None)
def kratzert_nine_steps(dout, cache):
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgammax = dout
    dgamma = np.sum(dgammax * cache.x_hat, axis=0)
    dxhat = dgammax * cache.gamma
    divar = np.sum(dxhat * cache.xc, axis=0)
    dxmu1 = dxhat * cache.inv_std
    dsqrtvar = -1.0 / (cache.std**2) * divar
    dvar = 0.5 * 1.0 / np.sqrt(cache.var + cache.eps) * dsqrtvar
    dsq = 1.0 / N * np.ones((N, D)) * dvar
    dxmu2 = 2 * cache.xc * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    dx2 = 1.0 / N * np.ones((N, D)) * dmu
    dx = dx1 + dx2
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code=None)
def paper_with_zero_term(dy, cache):
    m = dy.shape[0]
    dxhat = dy * cache.gamma
    dvar = np.sum(dxhat * cache.xc, axis=0) * -0.5 * (cache.var + cache.eps) ** -1.5
    dmu = np.sum(-dxhat / cache.std, axis=0) + dvar * np.sum(-2 * cache.xc, axis=0) / m
    dx = dxhat / cache.std + dvar * 2 * cache.xc / m + dmu / m
    return dx, np.sum(dy * cache.x_hat, axis=0), np.sum(dy, axis=0)


@program(check="batchnorm_backward", code=None)
def zero_term_left_out(dy, cache):
    m = len(dy)
    g = dy * cache.gamma
    dvar = (g * cache.xc).sum(0) * -0.5 * cache.inv_std**3
    dmu = -(g * cache.inv_std).sum(0)  # sum(x - mu) = 0
    return g * cache.inv_std + 2 / m * dvar * cache.xc + dmu / m, (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="batchnorm_backward", code=None)
def zero_term_times_seven(dy, cache):
    m = len(dy)
    g = dy * cache.gamma
    dvar = -(g * cache.xc).sum(0) / (2 * cache.std**3)
    dmu = -(g / cache.std).sum(0) + 7 * dvar * cache.xc.sum(0)
    return g / cache.std + 2 / m * dvar * cache.xc + dmu / m, (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="batchnorm_backward", code=None)
def quotient_rule_forward_mode(dy, cache):
    # the Jacobian of one feature is symmetric: push the tangent instead of pulling the gradient
    t = dy * cache.gamma
    dmu = t.mean(0)
    dxc = t - dmu
    dvar = (2 * cache.xc * dxc).mean(0)
    dstd = dvar / (2 * cache.std)
    dx = (dxc * cache.std - cache.xc * dstd) / cache.std**2
    return dx, (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="batchnorm_backward", code=None)
def var_is_the_std(dout, cache):
    var = np.sqrt(cache.var + cache.eps)
    N = dout.shape[0]
    dxhat = dout * cache.gamma
    dvar = -np.sum(dxhat * cache.xc, axis=0) / var**2
    dxmu = dxhat / var + cache.xc * dvar / (N * var)
    return dxmu - dxmu.mean(0), np.sum(dout * cache.x_hat, axis=0), np.sum(dout, axis=0)


@program(check="batchnorm_backward", code=None)
def jacobian_per_feature(dy, cache):
    N, D = dy.shape
    dx = np.empty((N, D), dtype=dy.dtype)
    for j in range(D):
        v = cache.x_hat[:, j]
        J = (np.eye(N) - np.ones((N, N)) / N - np.outer(v, v) / N) * cache.inv_std[j]
        dx[:, j] = J.T @ (cache.gamma[j] * dy[:, j])
    return dx, np.diag(cache.x_hat.T @ dy).copy(), np.ones(N, dtype=dy.dtype) @ dy


@program(check="batchnorm_backward", code=None)
def jacobian_tensor(dy, cache):
    N, D = dy.shape
    xh = cache.x_hat
    J = np.eye(N)[:, :, None] - 1 / N - np.einsum("id,jd->ijd", xh, xh) / N
    J = J * cache.inv_std * cache.gamma
    dx = np.einsum("ijd,id->jd", J, dy).astype(dy.dtype)
    return dx, np.einsum("nd,nd->d", dy, xh), np.einsum("nd->d", dy)


@program(check="batchnorm_backward", code=None)
def centring_matrix_times_dout(dout, cache):
    # (I - 1/N) を dout にかける
    N = dout.shape[0]
    f = (np.eye(N) - 1.0 / N).astype(dout.dtype)
    d = dout * cache.gamma * cache.inv_std
    dvar_part = cache.xc * np.sum(dout * cache.gamma * cache.xc, axis=0) * cache.inv_std**3 / N
    dx = f @ (d - dvar_part)
    return dx, np.sum(dout * cache.x_hat, axis=0), np.sum(dout, axis=0)


@program(check="batchnorm_backward", code=None)
def four_loops(dy, cache):
    N, D = dy.shape
    dx = np.zeros((N, D), dy.dtype)
    dgamma = np.zeros(D, dy.dtype)
    dbeta = np.zeros(D, dy.dtype)
    for j in range(D):
        for i in range(N):
            dbeta[j] += dy[i, j]
            dgamma[j] += dy[i, j] * cache.x_hat[i, j]
        for i in range(N):
            t = dy[i, j] - dbeta[j] / N - cache.x_hat[i, j] * dgamma[j] / N
            dx[i, j] = cache.gamma[j] * cache.inv_std[j] * t
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code=None)
def double_sum_with_delta(dy, cache):
    N, D = dy.shape
    dx = np.zeros((N, D), dy.dtype)
    for i in range(N):
        for k in range(N):
            delta = 1.0 if i == k else 0.0
            dxhat_k_dx_i = cache.inv_std * (delta - (1 + cache.x_hat[k] * cache.x_hat[i]) / N)
            dx[i] += dy[k] * cache.gamma * dxhat_k_dx_i
    return dx, sum(dy * cache.x_hat), sum(dy)


@program(check="batchnorm_backward", code=None)
def statistics_recomputed(dy, cache):
    x, gamma, eps = cache.x, cache.gamma, cache.eps
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    dx_hat = dy * gamma
    dx = dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0)
    return dx / np.sqrt(var + eps), (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@program(check="batchnorm_backward", code=None)
def x_hat_from_the_output(dy, cache):
    # in-place activated batch norm keeps y only
    x_hat = (cache.y - cache.beta) / cache.gamma
    N = len(dy)
    dgamma = (dy * x_hat).sum(0)
    dbeta = dy.sum(0)
    return cache.gamma / cache.std * (dy - (dbeta + x_hat * dgamma) / N), dgamma, dbeta


@program(check="batchnorm_backward", code=None)
def centred_gradient_first(dy, cache):
    dyc = dy - dy.mean(axis=0)
    dgamma = (dyc * cache.x_hat).sum(axis=0)  # the mean of dy does not matter here
    dx = cache.gamma * cache.inv_std * (dyc - cache.x_hat * dgamma / len(dy))
    return dx, dgamma, dy.sum(axis=0)


@program(check="batchnorm_backward", code=None)
def covariance_form(dy, cache):
    N, D = dy.shape
    cov = ((dy - dy.mean(0)) * (cache.x - cache.x.mean(0))).mean(0)
    slope = cov / (cache.var + cache.eps)
    dx = cache.gamma / cache.std * (dy - dy.mean(0) - slope * cache.xc)
    return dx, N * cov / cache.std, N * dy.mean(0)


@program(check="batchnorm_backward", code=None)
def divided_by_std_squared(dout, c):
    g = dout * c.gamma
    n = dout.shape[0]
    dx = (g - g.sum(0) / n) / c.std - c.xc * (g * c.xc).sum(0) / (n * c.std**3)
    return dx, (dout * c.xc).sum(0) / c.std, np.add.reduce(dout, axis=0)


@program(check="batchnorm_backward", code=None)
def seed_names(d15, f):
    N = d15.shape[0]
    d14 = np.sum(d15, axis=0)
    d12a = d15 * f.gamma
    d11 = np.sum(d15 * f.x_hat, axis=0)
    d9a = d12a * f.inv_std
    d8 = np.sum(d12a * f.xc, axis=0)
    d7 = -d8 * f.inv_std**2
    d6 = d7 * 0.5 * f.inv_std
    d5 = np.broadcast_to(d6 / N, d15.shape)
    d4 = 2 * f.xc * d5
    d3a = d9a + d4
    d2 = -np.sum(d3a, axis=0)
    d1 = d2 / N
    return d3a + d1, d11, d14


@program(check="batchnorm_backward", code=None)
def accumulate_with_plus_equals(dy, cache):
    N = len(dy)
    dx = np.zeros_like(dy)
    dxc = np.zeros_like(dy)
    dx_hat = dy * cache.gamma
    dxc += dx_hat * cache.inv_std
    dvar = -0.5 * (dx_hat * cache.xc).sum(0) * cache.inv_std**3
    dxc += 2 * cache.xc * dvar / N
    dx += dxc
    dx += -dxc.sum(0) / N
    return dx, (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="batchnorm_backward", code=None)
def transposed_inside(dy, cache):
    g, xh = dy.T, cache.x_hat.T  # (D, N)
    N = g.shape[1]
    dgamma = np.sum(g * xh, axis=1)
    dbeta = np.sum(g, axis=1)
    dx = (cache.gamma * cache.inv_std)[:, None] * (g - dbeta[:, None] / N - xh * dgamma[:, None] / N)
    return dx.T, dgamma, dbeta


@program(check="batchnorm_backward", code=None)
def float32_on_the_way(dy, cache):
    h = np.float32
    g, xh = dy.astype(h) * cache.gamma.astype(h), cache.x_hat.astype(h)
    dx = cache.inv_std.astype(h) * (g - g.mean(0) - xh * (g * xh).mean(0))
    return tuple(a.astype(dy.dtype) for a in (dx, (dy.astype(h) * xh).sum(0), dy.astype(h).sum(0)))


@program(check="batchnorm_backward", code=None)
def two_projections(dy, cache):
    def without_mean(v):
        return v - v.mean(axis=0)

    def without_x_hat(v):
        return v - cache.x_hat * (v * cache.x_hat).mean(axis=0)

    # 因为 x_hat 的均值为零，两次投影可以交换
    dx = without_mean(without_x_hat(dy)) * cache.gamma / cache.std
    return dx, (dy * cache.x_hat).sum(0), dy.sum(0)
