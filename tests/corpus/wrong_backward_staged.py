"""Wrong backward passes, step by step: a slip in dvar, a part overwritten, the cache in another order."""

import numpy as np

from corpus.registry import program


def _params(dy, cache):
    """dgamma and dbeta, right: several of the programs get only dx wrong."""
    return (dy * cache.x_hat).sum(axis=0), dy.sum(axis=0)


def _from_dvar(dy, cache, dvar):
    """dx from a given dvar, right: what a learner has after the hard line."""
    N = len(dy)
    dxc = dy * cache.gamma * cache.inv_std + 2 * cache.xc * dvar / N
    return dxc - dxc.mean(axis=0)


# --- backward.dvar-no-half


@program(check="batchnorm_backward", code="backward.dvar-no-half")
def minus_inv_std_cubed(dy, cache):
    N = dy.shape[0]
    dx_hat = dy * cache.gamma
    dvar = -np.sum(dx_hat * cache.xc, axis=0) * cache.inv_std**3
    dmu = -np.sum(dx_hat * cache.inv_std, axis=0)
    dx = dx_hat * cache.inv_std + dvar * 2 * cache.xc / N + dmu / N
    return dx, np.sum(dy * cache.x_hat, axis=0), np.sum(dy, axis=0)


@program(check="batchnorm_backward", code="backward.dvar-no-half")
def root_without_half(dout, cache):
    N, D = dout.shape
    dxhat = dout * cache.gamma
    divar = np.sum(dxhat * cache.xc, axis=0)
    dsqrtvar = -1.0 / (cache.std**2) * divar
    dvar = 1.0 / cache.std * dsqrtvar  # d sqrt(v) = 1/sqrt(v)
    dsq = 1.0 / N * np.ones((N, D)) * dvar
    dxmu = dxhat * cache.inv_std + 2 * cache.xc * dsq
    dmu = -np.sum(dxmu, axis=0)
    dx = dxmu + 1.0 / N * np.ones((N, D)) * dmu
    return dx, *_params(dout, cache)


@program(check="batchnorm_backward", code="backward.dvar-no-half")
def power_rule_without_factor(dy, c):
    dvar = (dy * c.gamma * c.xc * -1 * (c.var + c.eps) ** (-3 / 2)).sum(0)
    return _from_dvar(dy, c, dvar), *_params(dy, c)


# --- backward.dvar-no-two


@program(check="batchnorm_backward", code="backward.dvar-no-two")
def square_without_two(dy, cache):
    N = dy.shape[0]
    dx_hat = dy * cache.gamma
    dvar = -0.5 * np.sum(dx_hat * cache.xc, axis=0) * cache.inv_std**3
    dxc = dx_hat * cache.inv_std + cache.xc * dvar / N
    dx = dxc - dxc.sum(axis=0) / N
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.dvar-no-two")
def seed_names_without_two(d15, cache):
    # 2をかけていない
    N = d15.shape[0]
    d12 = d15 * cache.gamma
    d9a = d12 * cache.inv_std
    d9b = d12 * cache.xc
    d8 = d9b.sum(axis=0)
    d7 = -d8 / cache.std**2
    d6 = d7 / (2 * cache.std)
    d5 = d6 / N * np.ones(d15.shape)
    d4 = cache.xc * d5
    d3 = d9a + d4
    d2 = -d3.sum(axis=0)
    d1 = d3 + d2 / N
    return d1, (d15 * cache.x_hat).sum(axis=0), d15.sum(axis=0)


@program(check="batchnorm_backward", code="backward.dvar-no-two")
def einsum_dvar_term_once(dy, cache):
    n = len(dy)
    g = np.einsum("nd,d->nd", dy, cache.gamma)
    dv = -0.5 * np.einsum("nd,nd,d->d", g, cache.xc, cache.std**-3.0)
    dm = -np.einsum("nd,d->d", g, 1 / cache.std)
    dx = g / cache.std + np.einsum("nd,d->nd", cache.xc, dv) / n + dm / n
    return dx, *_params(dy, cache)


# --- backward.dvar-exponent-one


@program(check="batchnorm_backward", code="backward.dvar-exponent-one")
def var_plus_eps_minus_one(dy, cache):
    N = dy.shape[0]
    dx_hat = dy * cache.gamma
    dvar = np.sum(dx_hat * cache.xc, axis=0) * -0.5 * (cache.var + cache.eps) ** -1
    dmu = np.sum(-dx_hat * cache.inv_std, axis=0)
    dx = dx_hat * cache.inv_std + dvar * 2 * cache.xc / N + dmu / N
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.dvar-exponent-one")
def reciprocal_not_squared(dout, cache):
    dxhat = dout * cache.gamma
    divar = np.sum(dxhat * cache.xc, axis=0)
    dsqrtvar = -1.0 / cache.std * divar  # should go with the square of the std
    dvar = 0.5 / cache.std * dsqrtvar
    return _from_dvar(dout, cache, dvar), *_params(dout, cache)


@program(check="batchnorm_backward", code="backward.dvar-exponent-one")
def inv_std_squared_in_loop(dy, cache):
    N, D = dy.shape
    dx = np.zeros((N, D))
    for j in range(D):
        g = dy[:, j] * cache.gamma[j]
        dvar = -0.5 * np.dot(g, cache.xc[:, j]) * cache.inv_std[j] ** 2
        dxc = g * cache.inv_std[j] + 2 / N * cache.xc[:, j] * dvar
        dx[:, j] = dxc - dxc.mean()
    return dx, *_params(dy, cache)


# --- backward.dvar-exponent-sign


@program(check="batchnorm_backward", code="backward.dvar-exponent-sign")
def plus_three_halves(dy, cache):
    N = dy.shape[0]
    dx_hat = dy * cache.gamma
    dvar = np.sum(dx_hat * cache.xc, axis=0) * -0.5 * (cache.var + cache.eps) ** 1.5
    dmu = np.sum(-dx_hat * cache.inv_std, axis=0)
    dx = dx_hat * cache.inv_std + dvar * 2 * cache.xc / N + dmu / N
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.dvar-exponent-sign")
def std_cubed_multiplied(dy, cache):
    s = cache.std
    dvar = -(dy * cache.gamma * cache.xc).sum(0) / 2 * s * s * s
    return _from_dvar(dy, cache, dvar), *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.dvar-exponent-sign")
def divides_by_inverse_cubed(dout, cache):
    ivar = cache.inv_std
    n, d = dout.shape
    dvar = np.empty(d)
    for k in range(d):
        total = 0.0
        for i in range(n):
            total += dout[i, k] * cache.gamma[k] * cache.xc[i, k]
        dvar[k] = -0.5 * total / ivar[k] ** 3
    return _from_dvar(dout, cache, dvar), *_params(dout, cache)


# --- backward.dxc-overwritten


@program(check="batchnorm_backward", code="backward.dxc-overwritten")
def dxc_assigned_twice(dy, cache):
    N = dy.shape[0]
    dx_hat = dy * cache.gamma
    dxc = dx_hat * cache.inv_std
    dinv_std = np.sum(dx_hat * cache.xc, axis=0)
    dvar = -0.5 * dinv_std * cache.inv_std**3
    dsq = dvar / N
    dxc = 2 * cache.xc * dsq
    dmu = -np.sum(dxc, axis=0)
    dx = dxc + dmu / N
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.dxc-overwritten")
def grads_dictionary(dy, v):
    N = len(dy)
    grads = {"x_hat": dy * v.gamma}
    grads["xc"] = grads["x_hat"] * v.inv_std
    grads["inv_std"] = (grads["x_hat"] * v.xc).sum(0)
    grads["std"] = -grads["inv_std"] / v.std**2
    grads["var"] = grads["std"] / (2 * v.std)
    grads["sq"] = np.tile(grads["var"] / N, (N, 1))
    grads["xc"] = 2 * v.xc * grads["sq"]  # 나중 값이 앞의 값을 덮어쓴다
    grads["mu"] = -grads["xc"].sum(0)
    grads["x"] = grads["xc"] + grads["mu"] / N
    return grads["x"], *_params(dy, v)


@program(check="batchnorm_backward", code="backward.dxc-overwritten")
def second_path_only(dout, cache):
    def through_variance(g):
        dv = -0.5 * (g * cache.xc).sum(0) / cache.std**3
        return 2 * cache.xc * dv / len(g)

    def through_mean(g):
        return g - g.mean(0)

    return through_mean(through_variance(dout * cache.gamma)), *_params(dout, cache)


# --- backward.dx-overwritten


@program(check="batchnorm_backward", code="backward.dx-overwritten")
def dx_assigned_twice(dy, cache):
    N = dy.shape[0]
    dx_hat = dy * cache.gamma
    dvar = -0.5 * np.sum(dx_hat * cache.xc, axis=0) * cache.inv_std**3
    dxc = dx_hat * cache.inv_std + 2 * cache.xc * dvar / N
    dx = dxc
    dmu = -np.sum(dxc, axis=0)
    dx = np.ones_like(dxc) * dmu / N
    return dx, *_params(dy, cache)


@program(check="batchnorm_backward", code="backward.dx-overwritten")
def returns_dx2(dout, cache):
    N, D = dout.shape
    dxhat = dout * cache.gamma
    dxmu1 = dxhat * cache.inv_std
    dvar = -0.5 * np.sum(dxhat * cache.xc, axis=0) / cache.std**3
    dxmu2 = 2 * cache.xc * dvar / N
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dx1, axis=0)
    dx2 = 1.0 / N * np.ones((N, D)) * dmu
    return dx2, np.sum(dout * cache.x_hat, axis=0), np.sum(dout, axis=0)


@program(check="batchnorm_backward", code="backward.dx-overwritten")
def mean_path_repeated_rows(dy, cache):
    # solo el camino de la media
    N = dy.shape[0]
    dmu = -(dy * cache.gamma / cache.std).sum(axis=0)
    dx = np.repeat(dmu[None, :] / N, N, axis=0)
    return dx, *_params(dy, cache)


# --- backward.cache-gamma-inv-std


@program(check="batchnorm_backward", code="backward.cache-gamma-inv-std")
def tuple_unpacked_in_another_order(dy, cache):
    saved = (cache.x_hat, cache.xc, cache.inv_std, cache.gamma)
    x_hat, xc, gamma, inv_std = saved
    N = len(dy)
    dx_hat = dy * gamma
    dvar = -0.5 * (dx_hat * xc).sum(axis=0) * inv_std**3
    dxc = dx_hat * inv_std + 2 * xc * dvar / N
    dx = dxc - dxc.mean(axis=0)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@program(check="batchnorm_backward", code="backward.cache-gamma-inv-std")
def positional_helper(dout, cache):
    def backward(dout, xmu, ivar, gamma):
        N = dout.shape[0]
        dxhat = dout * gamma
        dvar = np.sum(dxhat * xmu * -0.5 * ivar**3, axis=0)
        dmu = np.sum(-dxhat * ivar, axis=0)
        return dxhat * ivar + dvar * 2 * xmu / N + dmu / N

    return backward(dout, cache.xc, cache.gamma, cache.inv_std), *_params(dout, cache)


@program(check="batchnorm_backward", code="backward.cache-gamma-inv-std")
def list_of_values(dy, cache):
    c = [cache.gamma, cache.inv_std, cache.xc, cache.x_hat]
    r, g = c[0], c[1]  # 1/std, gamma
    n = dy.shape[0]
    dh = np.einsum("ij,j->ij", dy, g)
    dr = np.einsum("ij,ij->j", dh, c[2])
    dxc = np.einsum("ij,j->ij", dh, r) - np.einsum("ij,j->ij", c[2], dr * r**3) / n
    return dxc - dxc.sum(0) / n, np.einsum("ij,ij->j", dy, c[3]), dy.sum(0)


# --- backward.cache-xc-x-hat


@program(check="batchnorm_backward", code="backward.cache-xc-x-hat")
def first_two_exchanged(dy, cache):
    xc, x_hat, inv_std, gamma = cache.x_hat, cache.xc, cache.inv_std, cache.gamma
    N = len(dy)
    dgamma = (dy * x_hat).sum(axis=0)
    dx_hat = dy * gamma
    dvar = -0.5 * (dx_hat * xc).sum(axis=0) * inv_std**3
    dxc = dx_hat * inv_std + 2 * xc * dvar / N
    dx = dxc - dxc.mean(axis=0)
    return dx, dgamma, dy.sum(axis=0)


@program(check="batchnorm_backward", code="backward.cache-xc-x-hat")
def kratzert_tuple(dout, cache):
    xmu, xhat, gamma, ivar, sqrtvar = (cache.x_hat, cache.xc, cache.gamma, cache.inv_std, cache.std)
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1.0 / (sqrtvar**2) * divar
    dvar = 0.5 / sqrtvar * dsqrtvar
    dsq = 1.0 / N * np.ones((N, D)) * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    return dx1 + 1.0 / N * np.ones((N, D)) * dmu, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.cache-xc-x-hat")
def helper_called_with_arguments_exchanged(dy, cache):
    def grad(g, normed, centred, std):
        n = len(g)
        dv = -(g * cache.gamma * centred).sum(0) / (2 * std**3)
        d = g * cache.gamma / std + centred * dv * 2 / n
        return d - d.sum(0) / n, (g * normed).sum(0), g.sum(0)

    return grad(dy, cache.xc, cache.x_hat, cache.std)
