# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong backward passes of batch norm for images: dgamma and dbeta."""

import numpy as np

from corpus.registry import program


def _dx(dy, cache):
    """dx, right: these programs go wrong elsewhere."""
    ax = (0, 2, 3)
    g = dy * cache.gamma[:, None, None]
    m1, m2 = g.mean(ax, keepdims=True), (g * cache.x_hat).mean(ax, keepdims=True)
    return cache.inv_std * (g - m1 - cache.x_hat * m2)


# --- spatial-backward.dgamma-mean


@program(check="spatial_batchnorm_backward", code="spatial-backward.dgamma-mean")
def dgamma_mean_axes(dy, cache):
    dgamma = np.mean(dy * cache.x_hat, axis=(0, 2, 3))
    dbeta = np.sum(dy, axis=(0, 2, 3))
    return _dx(dy, cache), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.dgamma-mean")
def dgamma_of_rows_divided(dout, cache):
    N, C, H, W = dout.shape
    d = dout.transpose(0, 2, 3, 1).reshape(-1, C)
    v = cache.x_hat.transpose(0, 2, 3, 1).reshape(-1, C)
    m = (d * v).sum(0) / len(d)
    dx = cache.gamma * cache.inv_std.ravel() * (d - d.mean(0) - v * m)
    return dx.reshape(N, H, W, C).transpose(0, 3, 1, 2), m, d.sum(0)


@program(check="spatial_batchnorm_backward", code="spatial-backward.dgamma-mean")
def dgamma_averaged_per_channel(dy, cache):
    C = dy.shape[1]
    dgamma, dbeta = np.zeros(C), np.zeros(C)
    for c in range(C):
        dgamma[c] = np.average(dy[:, c] * cache.x_hat[:, c])
        dbeta[c] = dy[:, c].sum()
    return _dx(dy, cache), dgamma, dbeta


# --- spatial-backward.dbeta-mean


@program(check="spatial_batchnorm_backward", code="spatial-backward.dbeta-mean")
def dbeta_mean_axes(dy, cache):
    return _dx(dy, cache), np.sum(dy * cache.x_hat, axis=(0, 2, 3)), dy.mean(axis=(0, 2, 3))


@program(check="spatial_batchnorm_backward", code="spatial-backward.dbeta-mean")
def dbeta_einsum_over_m(dout, cache):
    N, C, H, W = dout.shape
    dgamma = np.einsum("nchw,nchw->c", dout, cache.x_hat)
    dbeta = np.einsum("nchw->c", dout) / (N * H * W)
    x_hat = cache.x_hat
    dx = dout - dbeta[:, None, None] - x_hat * dgamma[:, None, None] / (N * H * W)
    return dx * cache.gamma[:, None, None] * cache.inv_std, dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.dbeta-mean")
def mean_of_means(dy, cache):
    # 先对空间求平均，再对批次求平均
    dbeta = dy.mean(axis=(2, 3)).mean(axis=0)
    dgamma = (dy * cache.x_hat).sum(axis=(2, 3)).sum(axis=0)
    return _dx(dy, cache), dgamma, dbeta


# --- spatial-backward.dgamma-extra-gamma


@program(check="spatial_batchnorm_backward", code="spatial-backward.dgamma-extra-gamma")
def dxhat_in_dgamma(dy, cache):
    dxhat = dy * cache.gamma[:, None, None]
    dgamma = np.sum(dxhat * cache.x_hat, axis=(0, 2, 3))
    dbeta = np.sum(dy, axis=(0, 2, 3))
    return _dx(dy, cache), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.dgamma-extra-gamma")
def scaled_output_for_x_hat(dout, cache):
    y_minus_beta = np.einsum("nchw,c->nchw", cache.x_hat, cache.gamma)
    return _dx(dout, cache), (dout * y_minus_beta).sum((0, 2, 3)), dout.sum((0, 2, 3))


@program(check="spatial_batchnorm_backward", code="spatial-backward.dgamma-extra-gamma")
def loop_gamma_times(dy, cache):
    dgamma = []
    dbeta = []
    for c, g in enumerate(cache.gamma):
        dgamma.append(g * np.vdot(dy[:, c], cache.x_hat[:, c]))
        dbeta.append(np.sum(dy[:, c]))
    return _dx(dy, cache), np.array(dgamma), np.array(dbeta)


# --- spatial-backward.dbeta-extra-gamma


@program(check="spatial_batchnorm_backward", code="spatial-backward.dbeta-extra-gamma")
def dbeta_of_dxhat(dy, cache):
    g = dy * cache.gamma.reshape(1, -1, 1, 1)
    return _dx(dy, cache), (dy * cache.x_hat).sum((0, 2, 3)), g.sum((0, 2, 3))


@program(check="spatial_batchnorm_backward", code="spatial-backward.dbeta-extra-gamma")
def dbeta_times_gamma(dout, cache):
    dbeta = cache.gamma * np.einsum("nchw->c", dout)
    dgamma = np.einsum("nchw,nchw->c", dout, cache.x_hat)
    return _dx(dout, cache), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.dbeta-extra-gamma")
def scaled_rows_summed(dy, cache):
    # γ は先に掛ける
    rows = np.moveaxis(dy, 1, -1).reshape(-1, dy.shape[1])
    scaled = rows * cache.gamma
    xh = np.moveaxis(cache.x_hat, 1, -1).reshape(rows.shape)
    return _dx(dy, cache), np.diag(rows.T @ xh), np.ones(len(rows)) @ scaled


# --- spatial-backward.dgamma-dbeta-swapped


@program(check="spatial_batchnorm_backward", code="spatial-backward.dgamma-dbeta-swapped")
def returned_beta_first(dy, cache):
    dgamma = np.sum(dy * cache.x_hat, axis=(0, 2, 3))
    dbeta = np.sum(dy, axis=(0, 2, 3))
    return _dx(dy, cache), dbeta, dgamma


@program(check="spatial_batchnorm_backward", code="spatial-backward.dgamma-dbeta-swapped")
def gamma_is_the_shift(dout, cache):
    s = (0, 2, 3)
    dgamma = dout.sum(s)
    dbeta = (dout * cache.x_hat).sum(s)
    return _dx(dout, cache), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.dgamma-dbeta-swapped")
def table_rows_the_other_way(dy, cache):
    N, C, H, W = dy.shape
    grads = np.zeros((2, C))
    for n in range(N):
        for c in range(C):
            grads[0, c] += dy[n, c].sum()
            grads[1, c] += (dy[n, c] * cache.x_hat[n, c]).sum()
    return _dx(dy, cache), *grads
