"""Wrong backward passes: dgamma and dbeta."""

import numpy as np

from corpus.registry import program


def _dx(dy, cache):
    """dx, right: these programs go wrong elsewhere."""
    g = dy * cache.gamma
    return cache.inv_std * (g - g.mean(axis=0) - cache.x_hat * (g * cache.x_hat).mean(axis=0))


# --- backward.dgamma-mean


@program(check="batchnorm_backward", code="backward.dgamma-mean")
def dgamma_np_mean(dy, cache):
    dgamma = np.mean(dy * cache.x_hat, axis=0)
    dbeta = np.sum(dy, axis=0)
    return _dx(dy, cache), dgamma, dbeta


@program(check="batchnorm_backward", code="backward.dgamma-mean")
def closed_form_means_reused(dout, cache):
    N = len(dout)
    dbeta = dout.sum(0)
    m = np.einsum("nd,nd->d", dout, cache.x_hat) / N
    dx = cache.gamma / cache.std * (dout - dbeta / N - cache.x_hat * m)
    return dx, m, dbeta


@program(check="batchnorm_backward", code="backward.dgamma-mean")
def dgamma_averaged_in_loop(dy, cache):
    N, D = dy.shape
    dgamma = np.zeros(D)
    dbeta = np.zeros(D)
    for i in range(N):
        dgamma += dy[i] * cache.x_hat[i] / N
        dbeta += dy[i]
    return _dx(dy, cache), dgamma, dbeta


# --- backward.dbeta-mean


@program(check="batchnorm_backward", code="backward.dbeta-mean")
def dbeta_np_mean(dy, cache):
    return _dx(dy, cache), np.sum(dy * cache.x_hat, axis=0), np.mean(dy, axis=0)


@program(check="batchnorm_backward", code="backward.dbeta-mean")
def dbeta_row_vector(dout, cache):
    m = dout.shape[0]
    db = 1 / m * np.sum(dout, axis=0, keepdims=True)  # comme dans le cours d'Andrew Ng
    dg = np.sum(dout * cache.x_hat, axis=0)
    return _dx(dout, cache), dg, db.ravel()


@program(check="batchnorm_backward", code="backward.dbeta-mean")
def dbeta_from_ones_over_n(dY, cache):
    n = dY.shape[0]
    w = np.ones(n) / n
    return _dx(dY, cache), np.diag(cache.x_hat.T @ dY), w @ dY


# --- backward.dgamma-x


@program(check="batchnorm_backward", code="backward.dgamma-x")
def dgamma_with_input(dy, cache):
    dgamma = np.sum(dy * cache.x, axis=0)
    dbeta = np.sum(dy, axis=0)
    return _dx(dy, cache), dgamma, dbeta


@program(check="batchnorm_backward", code="backward.dgamma-x")
def like_a_linear_layer(dout, cache):
    # dW = x.T @ dout, take the diagonal
    dW = cache.x.T @ dout
    return _dx(dout, cache), np.diagonal(dW).copy(), dout.sum(0)


@program(check="batchnorm_backward", code="backward.dgamma-x")
def dot_per_feature_with_x(dy, cache):
    dg = np.array([np.dot(a, b) for a, b in zip(dy.T, cache.x.T, strict=True)])
    return _dx(dy, cache), dg, np.array([c.sum() for c in dy.T])


# --- backward.dgamma-xc


@program(check="batchnorm_backward", code="backward.dgamma-xc")
def dgamma_with_centred(dy, cache):
    dgamma = (dy * cache.xc).sum(axis=0)
    return _dx(dy, cache), dgamma, dy.sum(axis=0)


@program(check="batchnorm_backward", code="backward.dgamma-xc")
def recomputed_but_not_divided(dout, cache):
    x = cache.x
    x_norm = x - np.mean(x, axis=0)  # 中心化
    return _dx(dout, cache), np.einsum("bd,bd->d", dout, x_norm), np.einsum("bd->d", dout)


@program(check="batchnorm_backward", code="backward.dgamma-xc")
def dgamma_times_std(dy, cache):
    dgamma = np.sum(dy * cache.x_hat, axis=0) * cache.std
    dbeta = dy.sum(0)
    return _dx(dy, cache), dgamma, dbeta


# --- backward.dgamma-y


@program(check="batchnorm_backward", code="backward.dgamma-y")
def dgamma_with_output(dy, cache):
    return _dx(dy, cache), np.sum(dy * cache.y, axis=0), np.sum(dy, axis=0)


@program(check="batchnorm_backward", code="backward.dgamma-y")
def dgamma_from_rebuilt_output(dout, cache):
    out = cache.x_hat * cache.gamma + cache.beta
    dgamma = 0
    for g, o in zip(dout, out, strict=True):
        dgamma = dgamma + g * o
    return _dx(dout, cache), dgamma, dout.sum(axis=0)


@program(check="batchnorm_backward", code="backward.dgamma-y")
def dgamma_with_last_node(d15, v):
    # ⑮ の値を使った
    d11 = np.einsum("nd,nd->d", d15, v.y)
    d14 = np.einsum("nd->d", d15)
    return _dx(d15, v), d11, d14


# --- backward.dgamma-extra-gamma


@program(check="batchnorm_backward", code="backward.dgamma-extra-gamma")
def dgamma_from_dx_hat(dy, cache):
    dx_hat = dy * cache.gamma
    dgamma = np.sum(dx_hat * cache.x_hat, axis=0)
    dbeta = np.sum(dy, axis=0)
    return _dx(dy, cache), dgamma, dbeta


@program(check="batchnorm_backward", code="backward.dgamma-extra-gamma")
def dgamma_with_scaled_node(dy, v):
    dgamma = np.einsum("nd,nd->d", dy, v.scaled)
    return _dx(dy, v), dgamma, dy.sum(0)


@program(check="batchnorm_backward", code="backward.dgamma-extra-gamma")
def projections_reused(dout, cache):
    N = dout.shape[0]
    dxhat = dout * cache.gamma
    p = np.sum(dxhat * cache.x_hat, axis=0)
    dx = (N * dxhat - np.sum(dxhat, axis=0) - cache.x_hat * p) / (N * cache.std)
    return dx, p, np.sum(dout, axis=0)


# --- backward.dbeta-extra-gamma


@program(check="batchnorm_backward", code="backward.dbeta-extra-gamma")
def dbeta_from_dx_hat(dy, cache):
    dx_hat = dy * cache.gamma
    dbeta = np.sum(dx_hat, axis=0)
    dgamma = np.sum(dy * cache.x_hat, axis=0)
    return _dx(dy, cache), dgamma, dbeta


@program(check="batchnorm_backward", code="backward.dbeta-extra-gamma")
def sums_reused(dout, cache):
    n = len(dout)
    d = dout * cache.gamma
    s = d.sum(0)
    dg = (dout * cache.x_hat).sum(0)
    dx = cache.inv_std * (d - s / n - cache.x_hat * cache.gamma * dg / n)
    return dx, dg, s


@program(check="batchnorm_backward", code="backward.dbeta-extra-gamma")
def dbeta_vector_product(dy, cache):
    ones = np.ones((1, dy.shape[0]))
    db = (ones @ dy @ np.diag(cache.gamma))[0]
    dg = (ones @ (dy * cache.x_hat))[0]
    return _dx(dy, cache), dg, db


# --- backward.dgamma-dbeta-swapped


@program(check="batchnorm_backward", code="backward.dgamma-dbeta-swapped")
def returned_in_the_other_order(dy, cache):
    dgamma = np.sum(dy * cache.x_hat, axis=0)
    dbeta = np.sum(dy, axis=0)
    return _dx(dy, cache), dbeta, dgamma


@program(check="batchnorm_backward", code="backward.dgamma-dbeta-swapped")
def formulas_exchanged(dout, cache):
    dgamma = dout.sum(axis=0)
    dbeta = (dout * cache.x_hat).sum(axis=0)
    dx = _dx(dout, cache)
    return dx, dgamma, dbeta


@program(check="batchnorm_backward", code="backward.dgamma-dbeta-swapped")
def bias_before_weight(dy, cache):
    def param_grads(g, xh):
        db = np.einsum("nd->d", g)
        dw = np.einsum("nd,nd->d", g, xh)
        return db, dw

    return (_dx(dy, cache), *param_grads(dy, cache.x_hat))
