"""Wrong backward passes: a term of dx is missing, or its sign or its 1/N is wrong."""

import numpy as np

from corpus.registry import program


def _params(dy, cache):
    """dgamma and dbeta, right: several of the programs get only dx wrong."""
    return (dy * cache.x_hat).sum(axis=0), dy.sum(axis=0)


# --- backward.no-mean-path


@program(check="batchnorm_backward", code="backward.no-mean-path")
def dx_is_dxc(dy, cache):
    N = dy.shape[0]
    dbeta = np.sum(dy, axis=0)
    dgamma = np.sum(dy * cache.x_hat, axis=0)
    dx_hat = dy * cache.gamma
    dinv_std = np.sum(dx_hat * cache.xc, axis=0)
    dvar = -0.5 * dinv_std * cache.inv_std**3
    dxc = dx_hat * cache.inv_std + 2 / N * cache.xc * dvar
    dx = dxc  # mu is a number, nothing flows there
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.no-mean-path")
def two_of_three_terms(dout, cache):
    g = dout * cache.gamma
    t = g - cache.x_hat * np.mean(g * cache.x_hat, axis=0)
    return cache.inv_std * t, *_params(dout, cache)


@program(check="batchnorm_backward", code="backward.no-mean-path")
def column_loop_without_mean(dy, cache):
    N, D = dy.shape
    dx = np.zeros((N, D))
    for j in range(D):
        xh = cache.x_hat[:, j]
        g = dy[:, j] * cache.gamma[j]
        dot = np.dot(g, xh) / N
        for i in range(N):
            dx[i, j] = (g[i] - xh[i] * dot) * cache.inv_std[j]
    return dx, np.einsum("ij,ij->j", dy, cache.x_hat), np.einsum("ij->j", dy)


# --- backward.no-variance-path


@program(check="batchnorm_backward", code="backward.no-variance-path")
def centred_gradient_only(dy, cache):
    dx_hat = dy * cache.gamma
    dx = (dx_hat - dx_hat.mean(axis=0)) / cache.std
    dgamma = (dy * cache.x_hat).sum(axis=0)
    dbeta = dy.sum(axis=0)
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.no-variance-path")
def var_is_constant(dout, c):
    # La varianza se toma como constante
    N = len(dout)
    dxhat = dout * c.gamma
    dxmu = dxhat * c.inv_std
    dmu = -dxmu.sum(0)
    dx = dxmu + np.ones_like(dxmu) * dmu / N
    return dx, *_params(dout, c)


@program(check="batchnorm_backward", code="backward.no-variance-path")
def centring_matrix(dY, cache):
    n = dY.shape[0]
    H = np.eye(n) - np.full((n, n), 1 / n)
    dX = H @ (dY @ np.diag(cache.gamma * cache.inv_std))
    return dX, np.diag(dY.T @ cache.x_hat), np.ones(n) @ dY


# --- backward.constant-statistics


@program(check="batchnorm_backward", code="backward.constant-statistics")
def scale_only_backward(dy, cache):
    dx = dy * cache.gamma * cache.inv_std
    dgamma = np.sum(dy * cache.x_hat, axis=0)
    dbeta = np.sum(dy, axis=0)
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.constant-statistics")
def chain_rule_through_x_hat(dout, cache):
    dxhat = np.multiply(dout, cache.gamma)
    dx = dxhat / np.sqrt(cache.var + cache.eps)  # dx_hat/dx = 1/std
    return dx, np.sum(np.multiply(dout, cache.x_hat), 0), np.sum(dout, 0)


@program(check="batchnorm_backward", code="backward.constant-statistics")
def detach_habit(dy, cache):
    # mu, std = mu.detach(), std.detach()
    def d_linear(grad, w):
        return np.einsum("nd,d->nd", grad, w)

    return d_linear(d_linear(dy, cache.gamma), 1 / cache.std), *_params(dy, cache)


# --- backward.diagonal-only


@program(check="batchnorm_backward", code="backward.diagonal-only")
def own_derivative_only(dy, cache):
    N = dy.shape[0]
    dx_hat_dx = cache.inv_std * (1 - 1 / N - cache.x_hat**2 / N)
    dx = dy * cache.gamma * dx_hat_dx
    return dx, (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="batchnorm_backward", code="backward.diagonal-only")
def means_without_sums(dy, cache):
    # 合計を忘れた形：各サンプルは自分だけ
    N = len(dy)
    g = dy * cache.gamma
    dx = cache.inv_std / N * (N * g - g - cache.x_hat * (g * cache.x_hat))
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.diagonal-only")
def jacobian_diagonal(dy, cache):
    N, D = dy.shape
    dx = np.empty((N, D))
    for d in range(D):
        xh = cache.x_hat[:, d]
        J = (np.eye(N) - np.ones((N, N)) / N - np.outer(xh, xh) / N) * cache.inv_std[d]
        dx[:, d] = np.diag(J) * dy[:, d] * cache.gamma[d]
    return dx, *_params(dy, cache)


# --- backward.mean-term-no-1/N


@program(check="batchnorm_backward", code="backward.mean-term-no-1/N")
def dmu_not_divided(dy, cache):
    N = dy.shape[0]
    dx_hat = dy * cache.gamma
    dvar = np.sum(dx_hat * cache.xc, axis=0) * -0.5 * cache.inv_std**3
    dmu = np.sum(-dx_hat * cache.inv_std, axis=0)
    dx = dx_hat * cache.inv_std + dvar * 2 * cache.xc / N + dmu
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.mean-term-no-1/N")
def sum_in_place_of_mean(dout, cache):
    dxh = dout * cache.gamma
    dx = (dxh - dxh.sum(0) - cache.x_hat * (dxh * cache.x_hat).mean(0)) * cache.inv_std
    return dx, np.sum(dout * cache.x_hat, 0), np.sum(dout, 0)


@program(check="batchnorm_backward", code="backward.mean-term-no-1/N")
def kratzert_ones_without_n(dout, cache):
    N, D = dout.shape
    dxhat = dout * cache.gamma
    divar = np.sum(dxhat * cache.xc, axis=0)
    dxmu1 = dxhat * cache.inv_std
    dsqrtvar = -1.0 / (cache.std**2) * divar
    dvar = 0.5 * 1.0 / np.sqrt(cache.var + cache.eps) * dsqrtvar
    dsq = 1.0 / N * np.ones((N, D)) * dvar
    dxmu2 = 2 * cache.xc * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    dx2 = np.ones((N, D)) * dmu
    return dx1 + dx2, *_params(dout, cache)


# --- backward.variance-term-no-1/N


@program(check="batchnorm_backward", code="backward.variance-term-no-1/N")
def dsq_not_divided(dy, cache):
    N = dy.shape[0]
    dx_hat = dy * cache.gamma
    dstd = -(dx_hat * cache.xc).sum(0) / cache.std**2
    dvar = dstd / (2 * cache.std)
    dxc = dx_hat * cache.inv_std + 2 * cache.xc * dvar
    dx = dxc - dxc.sum(0) / N
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.variance-term-no-1/N")
def one_sum_one_mean(dy, cache):
    x_hat, inv_std, gamma = cache.x_hat, cache.inv_std, cache.gamma
    dgamma = np.sum(dy * x_hat, axis=0)
    dbeta = np.sum(dy, axis=0)
    dx = gamma * inv_std * (dy - dbeta / len(dy) - x_hat * dgamma)
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.variance-term-no-1/N")
def outer_product_unscaled(dy, cache):
    N, D = dy.shape
    cols = []
    for j in range(D):
        v = cache.x_hat[:, j : j + 1]
        P = np.eye(N) - 1 / N - v @ v.T  # 투영 행렬
        cols.append(P @ dy[:, j] * cache.gamma[j] / cache.std[j])
    return np.stack(cols, axis=1), *_params(dy, cache)


# --- backward.no-1/N


@program(check="batchnorm_backward", code="backward.no-1/N")
def sums_everywhere(dy, cache):
    dbeta = dy.sum(axis=0)
    dgamma = (dy * cache.x_hat).sum(axis=0)
    dx = cache.gamma * cache.inv_std * (dy - dbeta - cache.x_hat * dgamma)
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.no-1/N")
def staged_without_n(dout, cache):
    dxhat = dout * cache.gamma
    dvar = np.sum(dxhat * cache.xc * -0.5 * (cache.var + cache.eps) ** -1.5, axis=0)
    dmu = np.sum(-dxhat / cache.std, axis=0)
    dx = dxhat / cache.std + dvar * 2 * cache.xc + dmu
    return dx, *_params(dout, cache)


@program(check="batchnorm_backward", code="backward.no-1/N")
def einsum_without_n(g, cache):
    xh = cache.x_hat
    h = np.einsum("nd,d->nd", g, cache.gamma)
    a = np.einsum("nd->d", h)
    b = np.einsum("nd,nd->d", h, xh)
    dx = np.einsum("nd,d->nd", h - a - np.einsum("nd,d->nd", xh, b), cache.inv_std)
    return dx, np.einsum("nd,nd->d", g, xh), np.einsum("nd->d", g)


# --- backward.n-times


@program(check="batchnorm_backward", code="backward.n-times")
def forgot_to_divide_the_bracket(dout, cache):
    N = dout.shape[0]
    dxhat = dout * cache.gamma
    dx = cache.inv_std * (
        N * dxhat - np.sum(dxhat, axis=0) - cache.x_hat * np.sum(dxhat * cache.x_hat, axis=0)
    )
    return dx, np.sum(dout * cache.x_hat, axis=0), np.sum(dout, axis=0)


@program(check="batchnorm_backward", code="backward.n-times")
def loss_is_a_mean(dy, cache):
    N = len(dy)
    d = dy * cache.gamma
    d = d - d.mean(0) - cache.x_hat * (d * cache.x_hat).mean(0)
    d = N * d / cache.std  # undo the mean in the loss
    return d, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.n-times")
def n_in_the_loop(dy, cache):
    N, D = dy.shape
    dx = np.zeros((N, D))
    for j in range(D):
        s1 = sum(dy[k, j] for k in range(N))
        s2 = sum(dy[k, j] * cache.x_hat[k, j] for k in range(N))
        for i in range(N):
            dx[i, j] = cache.gamma[j] / cache.std[j] * (N * dy[i, j] - s1 - cache.x_hat[i, j] * s2)
    return dx, *_params(dy, cache)


# --- backward.one-nth


@program(check="batchnorm_backward", code="backward.one-nth")
def divided_twice(dout, cache):
    N = dout.shape[0]
    dxhat = dout * cache.gamma
    dx = (
        (1 / N)
        * cache.inv_std
        * (dxhat - dxhat.mean(axis=0) - cache.x_hat * (dxhat * cache.x_hat).mean(axis=0))
    )
    return dx, np.sum(dout * cache.x_hat, axis=0), np.sum(dout, axis=0)


@program(check="batchnorm_backward", code="backward.one-nth")
def average_at_the_end(dy, cache):
    dgamma, dbeta = _params(dy, cache)
    n = len(dy)
    dxhat = dy * cache.gamma
    dvar = -0.5 * (dxhat * cache.xc).sum(0) * cache.inv_std**3
    dxc = dxhat * cache.inv_std + 2 * cache.xc * dvar / n
    dx = dxc - dxc.mean(0)
    dx /= n  # 对批次取平均
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.one-nth")
def n_squared(dy, cache):
    m = dy.shape[0]
    k = cache.gamma / (m * m * cache.std)
    s = dy.sum(0)
    p = (dy * cache.x_hat).sum(0)
    return k * (m * dy - s - cache.x_hat * p), p, s


# --- backward.direct-term-sign


@program(check="batchnorm_backward", code="backward.direct-term-sign")
def minus_first(dy, cache):
    g = dy * cache.gamma
    dx = cache.inv_std * (-g - g.mean(axis=0) - cache.x_hat * np.mean(g * cache.x_hat, axis=0))
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.direct-term-sign")
def three_named_parts(dout, cache):
    N = dout.shape[0]
    dxhat = dout * cache.gamma
    dvar = np.sum(dxhat * cache.xc, axis=0) * (-0.5) * cache.inv_std**3
    dmu = -np.sum(dxhat * cache.inv_std, axis=0)
    part1 = -dxhat * cache.inv_std
    part2 = dvar * 2 * cache.xc / N
    part3 = dmu / N
    return part1 + part2 + part3, *_params(dout, cache)


@program(check="batchnorm_backward", code="backward.direct-term-sign")
def minus_n_dxhat(dy, cache):
    N = len(dy)
    dbeta = dy.sum(0)
    dgamma = np.diag(cache.x_hat.T @ dy)
    dx = -cache.gamma / (N * cache.std) * (N * dy + dbeta + cache.x_hat * dgamma)
    return dx, dgamma, dbeta


# --- backward.mean-term-sign


@program(check="batchnorm_backward", code="backward.mean-term-sign")
def dmu_without_minus(dy, cache):
    N = dy.shape[0]
    dx_hat = dy * cache.gamma
    dvar = -0.5 * np.sum(dx_hat * cache.xc, axis=0) * cache.inv_std**3
    dxc = dx_hat * cache.inv_std + 2 * cache.xc * dvar / N
    dmu = np.sum(dxc, axis=0)
    return dxc + dmu / N, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.mean-term-sign")
def plus_mean(dout, cache):
    dxh = dout * cache.gamma
    dx = (dxh + dxh.mean(0) - cache.x_hat * (dxh * cache.x_hat).mean(0)) / cache.std
    return dx, (dout * cache.x_hat).sum(0), dout.sum(0)


@program(check="batchnorm_backward", code="backward.mean-term-sign")
def matrix_plus_ones(dy, cache):
    N, D = dy.shape
    A = np.eye(N) + np.ones((N, N)) / N
    dx = np.zeros((N, D))
    for d in range(D):
        x = cache.x_hat[:, [d]]
        dx[:, d] = (A - x @ x.T / N) @ dy[:, d] * cache.gamma[d] * cache.inv_std[d]
    return dx, *_params(dy, cache)


# --- backward.variance-term-sign


@program(check="batchnorm_backward", code="backward.variance-term-sign")
def dvar_without_minus(dy, cache):
    N = dy.shape[0]
    dx_hat = dy * cache.gamma
    dvar = 0.5 * np.sum(dx_hat * cache.xc, axis=0) * (cache.var + cache.eps) ** (-3 / 2)
    dxc = dx_hat / cache.std + 2 * cache.xc * dvar / N
    dx = dxc - dxc.mean(axis=0)
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.variance-term-sign")
def plus_x_hat(dout, cache):
    N = dout.shape[0]
    dbeta, dgamma = np.sum(dout, 0), np.sum(dout * cache.x_hat, 0)
    dx = cache.gamma * cache.inv_std / N * (N * dout - dbeta + cache.x_hat * dgamma)
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.variance-term-sign")
def derivative_of_reciprocal(dy, cache):
    N = len(dy)
    d9 = dy * cache.gamma
    d8 = (d9 * cache.xc).sum(0)
    d7 = d8 / cache.std**2  # d(1/s) = 1/s^2
    d6 = d7 / (2 * cache.std)
    d5 = np.broadcast_to(d6 / N, dy.shape)
    d3 = d9 * cache.inv_std + 2 * cache.xc * d5
    return d3 - d3.sum(0) / N, *_params(dy, cache)
