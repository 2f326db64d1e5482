# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong backward passes: a wrong value in dx: no gamma, another x, another std, another N."""

import numpy as np

from corpus.registry import program

EPSILON = 1e-5


def _params(dy, cache):
    """dgamma and dbeta, right: several of the programs get only dx wrong."""
    return (dy * cache.x_hat).sum(axis=0), dy.sum(axis=0)


# --- backward.gamma-missing


@program(check="batchnorm_backward", code="backward.gamma-missing")
def dx_hat_is_dy(dy, cache):
    dgamma = np.sum(dy * cache.x_hat, axis=0)
    dbeta = np.sum(dy, axis=0)
    dx_hat = dy
    dx = cache.inv_std * (dx_hat - dx_hat.mean(0) - cache.x_hat * (dx_hat * cache.x_hat).mean(0))
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.gamma-missing")
def closed_form_without_gamma(dout, cache):
    N = dout.shape[0]
    dbeta = dout.sum(0)
    dgamma = (dout * cache.x_hat).sum(0)
    dx = (N * dout - dbeta - cache.x_hat * dgamma) / (N * cache.std)
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.gamma-missing")
def staged_gammax_not_multiplied(dout, cache):
    N, D = dout.shape
    dgammax = dout
    dgamma = np.sum(dgammax * cache.x_hat, axis=0)
    dxhat = dgammax * np.ones(D)  # gamma = 1
    divar = np.sum(dxhat * cache.xc, axis=0)
    dvar = -0.5 * divar * cache.inv_std**3
    dxmu = dxhat * cache.inv_std + 2.0 / N * cache.xc * dvar
    dx = dxmu - 1.0 / N * np.sum(dxmu, axis=0)
    return dx, dgamma, np.sum(dout, axis=0)


# --- backward.x-for-x-hat


@program(check="batchnorm_backward", code="backward.x-for-x-hat")
def raw_input_in_variance_term(dy, cache):
    g = dy * cache.gamma
    dx = cache.inv_std * (g - g.mean(axis=0) - cache.x * np.mean(g * cache.x, axis=0))
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.x-for-x-hat")
def named_xhat_but_x(dout, cache):
    N = dout.shape[0]
    dgamma, dbeta = _params(dout, cache)
    xhat = cache.x
    dxhat = dout * cache.gamma
    dx = 1 / N / cache.std * (N * dxhat - np.sum(dxhat, 0) - xhat * np.sum(dxhat * xhat, 0))
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.x-for-x-hat")
def projection_on_x(dy, cache):
    N, D = dy.shape
    dx = np.zeros((N, D))
    for j in range(D):
        u = cache.x[:, j]
        J = np.eye(N) - 1 / N - np.outer(u, u) / N
        dx[:, j] = J @ dy[:, j] * cache.gamma[j] * cache.inv_std[j]
    return dx, *_params(dy, cache)


# --- backward.xc-for-x-hat


@program(check="batchnorm_backward", code="backward.xc-for-x-hat")
def centred_in_variance_term(dy, cache):
    g = dy * cache.gamma
    dx = cache.inv_std * (g - g.mean(axis=0) - cache.xc * np.mean(g * cache.xc, axis=0))
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.xc-for-x-hat")
def recentred_by_hand(dout, cache):
    m = len(dout)
    dgamma = np.einsum("nd,nd->d", dout, cache.x_hat)
    dbeta = np.einsum("nd->d", dout)
    z = cache.x - cache.x.sum(0) / m  # 正規化した x
    s = np.einsum("nd,nd->d", dout, z)
    dx = cache.gamma / cache.std * (dout - dbeta / m - z * s / m)
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.xc-for-x-hat")
def xmu_in_loops(dy, cache):
    N, D = dy.shape
    out = np.zeros((N, D))
    for d in range(D):
        xmu = cache.x[:, d] - cache.x[:, d].mean()
        g = dy[:, d] * cache.gamma[d]
        proj = (g * xmu).sum() / N
        out[:, d] = (g - g.sum() / N - xmu * proj) * cache.inv_std[d]
    return out, *_params(dy, cache)


# --- backward.y-for-x-hat


@program(check="batchnorm_backward", code="backward.y-for-x-hat")
def output_in_variance_term(dy, cache):
    g = dy * cache.gamma
    dx = cache.inv_std * (g - g.mean(axis=0) - cache.y * np.mean(g * cache.y, axis=0))
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.y-for-x-hat")
def output_rebuilt(dout, cache):
    N = len(dout)
    dgamma, dbeta = _params(dout, cache)
    out = cache.gamma * cache.x_hat + cache.beta
    dh = dout * cache.gamma
    dx = (N * dh - dh.sum(0) - out * (dh * out).sum(0)) / N * cache.inv_std
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.y-for-x-hat")
def save_output_like_sigmoid(dy, cache):
    # sigmoid and tanh need only the output, so does batch norm
    y = cache.y
    N, D = dy.shape
    cols = [
        (np.eye(N) - 1 / N - np.outer(y[:, j], y[:, j]) / N) @ (dy[:, j] * cache.gamma[j]) / cache.std[j]
        for j in range(D)
    ]
    return np.column_stack(cols), *_params(dy, cache)


# --- backward.std-multiplied


@program(check="batchnorm_backward", code="backward.std-multiplied")
def times_std(dy, cache):
    g = dy * cache.gamma
    dx = cache.std * (g - g.mean(0) - cache.x_hat * (g * cache.x_hat).mean(0))
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.std-multiplied")
def sqrt_in_numerator(dout, cache):
    N = dout.shape[0]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * cache.x_hat, axis=0)
    dx = cache.gamma * np.sqrt(cache.var + cache.eps) / N * (N * dout - dbeta - cache.x_hat * dgamma)
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.std-multiplied")
def divided_by_the_inverse(dy, cache):
    rstd = cache.inv_std
    N = len(dy)
    dxhat = cache.gamma * dy
    inner = dxhat - (dxhat.sum(0) + cache.x_hat * (dxhat * cache.x_hat).sum(0)) / N
    return inner / rstd, (dy * cache.x_hat).sum(0), dy.sum(0)


# --- backward.bessel


@program(check="batchnorm_backward", code="backward.bessel")
def dsq_over_n_minus_one(dy, cache):
    N = dy.shape[0]
    dx_hat = dy * cache.gamma
    dvar = -0.5 * (dx_hat * cache.xc).sum(axis=0) * cache.inv_std**3
    dsq = np.ones_like(dy) * dvar / (N - 1)
    dxc = dx_hat * cache.inv_std + 2 * cache.xc * dsq
    dx = dxc - dxc.sum(axis=0) / N
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.bessel")
def variance_term_unbiased(dout, cache):
    N = dout.shape[0]
    dgamma, dbeta = _params(dout, cache)
    dx = cache.gamma * cache.inv_std * (dout - dbeta / N - cache.x_hat * dgamma / (N - 1))
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.bessel")
def jacobian_with_ddof(dy, cache):
    N, D = dy.shape
    ddof = 1  # wie torch.var
    dx = np.zeros((N, D))
    for j in range(D):
        v = cache.x_hat[:, j]
        dx[:, j] = (np.eye(N) - 1 / N - np.outer(v, v) / (N - ddof)) @ dy[:, j]
    return dx * cache.gamma / cache.std, *_params(dy, cache)


# --- backward.eps-fixed


@program(check="batchnorm_backward", code="backward.eps-fixed")
def recompute_everything_with_literal(dy, cache):
    x, gamma = cache.x, cache.gamma
    mu, var = x.mean(axis=0), x.var(axis=0)
    std = np.sqrt(var + 1e-5)
    x_hat = (x - mu) / std
    dx_hat = dy * gamma
    dx = (dx_hat - dx_hat.mean(0) - x_hat * (dx_hat * x_hat).mean(0)) / std
    return dx, np.sum(dy * x_hat, axis=0), np.sum(dy, axis=0)


@program(check="batchnorm_backward", code="backward.eps-fixed")
def own_forward_default(dout, cache):
    def forward(x, eps=1e-5):
        xc = x - x.mean(0)
        ivar = 1 / np.sqrt((xc**2).mean(0) + eps)
        return xc * ivar, ivar

    N = len(dout)
    xh, ivar = forward(cache.x)
    dgamma = (dout * xh).sum(0)
    dbeta = dout.sum(0)
    return cache.gamma * ivar / N * (N * dout - dbeta - xh * dgamma), dgamma, dbeta


@program(check="batchnorm_backward", code="backward.eps-fixed")
def staged_with_constant(dy, cache):
    N = dy.shape[0]
    xc, var, gamma = cache.xc, cache.var, cache.gamma
    inv = (var + EPSILON) ** -0.5
    xh = xc * inv
    d = dy * gamma
    dvar = np.sum(d * xc, 0) * -0.5 * (var + EPSILON) ** -1.5
    dmu = -np.sum(d * inv, 0)
    return d * inv + dvar * 2 * xc / N + dmu / N, np.sum(dy * xh, 0), np.sum(dy, 0)


# --- backward.eps-fixed-in-std


@program(check="batchnorm_backward", code="backward.eps-fixed-in-std")
def std_rebuilt_from_var(dy, cache):
    std = np.sqrt(cache.var + 1e-5)
    g = dy * cache.gamma
    dx = (g - g.mean(0) - cache.x_hat * (g * cache.x_hat).mean(0)) / std
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.eps-fixed-in-std")
def ivar_with_literal(dout, cache):
    m = dout.shape[0]
    ivar = 1.0 / np.sqrt(np.var(cache.x, axis=0) + 0.00001)
    dgamma = np.einsum("ij,ij->j", dout, cache.x_hat)
    dbeta = dout.sum(axis=0)
    dx = cache.gamma * ivar / m * (m * dout - dbeta - cache.x_hat * dgamma)
    return dx, dgamma, dbeta


# --- backward.d-for-n


@program(check="batchnorm_backward", code="backward.d-for-n")
def shape_unpacked_backwards(dy, cache):
    D, N = dy.shape
    dbeta = dy.sum(axis=0)
    dgamma = (dy * cache.x_hat).sum(axis=0)
    dx = cache.gamma * cache.inv_std * (dy - dbeta / N - cache.x_hat * dgamma / N)
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.d-for-n")
def shape_one(dout, cache):
    N = dout.shape[1]
    dxhat = dout * cache.gamma
    dx = (
        (1.0 / N)
        * cache.inv_std
        * (N * dxhat - np.sum(dxhat, axis=0) - cache.x_hat * np.sum(dxhat * cache.x_hat, axis=0))
    )
    return dx, *_params(dout, cache)


@program(check="batchnorm_backward", code="backward.d-for-n")
def len_of_gamma(dy, cache):
    m = len(cache.gamma)  # 批大小
    g = dy * cache.gamma
    dvar = (g * cache.xc).sum(0) * -0.5 * cache.inv_std**3
    dmu = -(g * cache.inv_std).sum(0)
    dx = g * cache.inv_std + 2 * cache.xc * dvar / m + dmu / m
    return dx, *_params(dy, cache)
