# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong backward passes of group norm: dgamma and dbeta."""

import numpy as np

from corpus.registry import program


def _dx(dy, cache):
    """dx, right: these programs go wrong elsewhere."""
    g = (dy * cache.gamma[:, None, None]).reshape(len(dy), cache.groups, -1)
    v = cache.x_hat.reshape(g.shape)
    t = g - g.mean(-1, keepdims=True) - v * (g * v).mean(-1, keepdims=True)
    return t.reshape(dy.shape) * cache.inv_std


# --- group-backward.dgamma-axis


@program(check="groupnorm_backward", code="group-backward.dgamma-axis")
def dgamma_per_example(dy, cache):
    dgamma = np.sum(dy * cache.x_hat, axis=(1, 2, 3))
    dbeta = np.sum(dy, axis=(0, 2, 3))
    return _dx(dy, cache), dgamma, dbeta


@program(check="groupnorm_backward", code="group-backward.dgamma-axis")
def einsum_to_n(dout, cache):
    return _dx(dout, cache), np.einsum("nchw,nchw->n", dout, cache.x_hat), np.einsum("nchw->c", dout)


@program(check="groupnorm_backward", code="group-backward.dgamma-axis")
def flat_rows_of_examples(dy, cache):
    N = len(dy)
    dgamma = (dy.reshape(N, -1) * cache.x_hat.reshape(N, -1)).sum(-1)  # 每个样本
    return _dx(dy, cache), dgamma, dy.sum((0, 2, 3))


# --- group-backward.dbeta-axis


@program(check="groupnorm_backward", code="group-backward.dbeta-axis")
def dbeta_per_example(dy, cache):
    return _dx(dy, cache), np.sum(dy * cache.x_hat, axis=(0, 2, 3)), np.sum(dy, axis=(1, 2, 3))


@program(check="groupnorm_backward", code="group-backward.dbeta-axis")
def dbeta_comprehension(dout, cache):
    dbeta = np.array([example.sum() for example in dout])
    dgamma = np.einsum("nchw,nchw->c", dout, cache.x_hat)
    return _dx(dout, cache), dgamma, dbeta


@program(check="groupnorm_backward", code="group-backward.dbeta-axis")
def dbeta_ravelled_rows(dy, cache):
    N, C, H, W = dy.shape
    dbeta = dy.reshape(N, C * H * W) @ np.ones(C * H * W)
    dgamma = np.zeros(C)
    for n in range(N):
        dgamma += (dy[n] * cache.x_hat[n]).sum(axis=(1, 2))
    return _dx(dy, cache), dgamma, dbeta


# --- group-backward.dgamma-per-group


@program(check="groupnorm_backward", code="group-backward.dgamma-per-group")
def one_dgamma_a_group(dy, cache):
    N, C, H, W = dy.shape
    p = (dy * cache.x_hat).reshape(N, cache.groups, C // cache.groups, H, W)
    dgamma = p.sum(axis=(0, 2, 3, 4))
    return _dx(dy, cache), dgamma, dy.sum(axis=(0, 2, 3))


@program(check="groupnorm_backward", code="group-backward.dgamma-per-group")
def dgamma_of_the_group_repeated(dout, cache):
    N, C, H, W = dout.shape
    p = (dout * cache.x_hat).reshape(N, cache.groups, -1).sum(axis=(0, 2))
    dgamma = np.repeat(p, C // cache.groups)
    return _dx(dout, cache), dgamma, np.einsum("nchw->c", dout)


@program(check="groupnorm_backward", code="group-backward.dgamma-per-group")
def loop_adds_to_all_of_the_group(dy, cache):
    N, C, H, W = dy.shape
    k = C // cache.groups
    dgamma = np.zeros(C)
    for c in range(C):
        s = slice(c // k * k, c // k * k + k)
        dgamma[s] += (dy[:, c] * cache.x_hat[:, c]).sum()
    return _dx(dy, cache), dgamma, dy.sum((0, 2, 3))


@program(check="groupnorm_backward", code="group-backward.dgamma-per-group")
def split_and_sum(dy, cache):
    # グループごとに一つ
    p = np.split(dy * cache.x_hat, cache.groups, axis=1)
    return _dx(dy, cache), np.array([q.sum() for q in p]), dy.sum(axis=(0, 2, 3))


# --- group-backward.dgamma-mean


@program(check="groupnorm_backward", code="group-backward.dgamma-mean")
def dgamma_mean_axes(dy, cache):
    return _dx(dy, cache), (dy * cache.x_hat).mean(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@program(check="groupnorm_backward", code="group-backward.dgamma-mean")
def dgamma_over_all_places(dout, cache):
    N, C, H, W = dout.shape
    dgamma = np.einsum("nchw,nchw->c", dout, cache.x_hat) / (N * H * W)
    return _dx(dout, cache), dgamma, np.einsum("nchw->c", dout)


@program(check="groupnorm_backward", code="group-backward.dgamma-mean")
def dgamma_average_of_rows(dy, cache):
    C = dy.shape[1]
    rows = np.moveaxis(dy * cache.x_hat, 1, -1).reshape(-1, C)
    return _dx(dy, cache), np.average(rows, axis=0), np.moveaxis(dy, 1, -1).reshape(-1, C).sum(0)


# --- group-backward.dbeta-mean


@program(check="groupnorm_backward", code="group-backward.dbeta-mean")
def dbeta_mean_axes(dy, cache):
    return _dx(dy, cache), (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.mean(axis=(0, 2, 3))


@program(check="groupnorm_backward", code="group-backward.dbeta-mean")
def dbeta_over_m(dout, cache):
    M = dout.size / dout.shape[1]
    dbeta = dout.sum((0, 2, 3)) / M
    dgamma = (dout * cache.x_hat).sum((0, 2, 3))
    return _dx(dout, cache), dgamma, dbeta


@program(check="groupnorm_backward", code="group-backward.dbeta-mean")
def loop_np_mean(dy, cache):
    dbeta, dgamma = [], []
    for c in range(dy.shape[1]):
        dbeta.append(np.mean(dy[:, c]))
        dgamma.append(np.sum(dy[:, c] * cache.x_hat[:, c]))
    return _dx(dy, cache), np.array(dgamma), np.array(dbeta)


# --- group-backward.dgamma-extra-gamma


@program(check="groupnorm_backward", code="group-backward.dgamma-extra-gamma")
def dxhat_times_x_hat(dy, cache):
    dxhat = dy * cache.gamma[:, None, None]
    return _dx(dy, cache), (dxhat * cache.x_hat).sum((0, 2, 3)), dy.sum((0, 2, 3))


@program(check="groupnorm_backward", code="group-backward.dgamma-extra-gamma")
def three_in_the_einsum(dout, cache):
    dgamma = np.einsum("nchw,nchw,c->c", dout, cache.x_hat, cache.gamma)
    return _dx(dout, cache), dgamma, np.einsum("nchw->c", dout)


@program(check="groupnorm_backward", code="group-backward.dgamma-extra-gamma")
def gamma_times_the_sum(dy, cache):
    grads = [(g * np.vdot(dy[:, c], cache.x_hat[:, c]), dy[:, c].sum()) for c, g in enumerate(cache.gamma)]
    dgamma, dbeta = np.array(grads).T
    return _dx(dy, cache), dgamma, dbeta


# --- group-backward.dbeta-extra-gamma


@program(check="groupnorm_backward", code="group-backward.dbeta-extra-gamma")
def dbeta_of_dxhat(dy, cache):
    dxhat = dy * cache.gamma.reshape(1, -1, 1, 1)
    return _dx(dy, cache), (dy * cache.x_hat).sum((0, 2, 3)), dxhat.sum((0, 2, 3))


@program(check="groupnorm_backward", code="group-backward.dbeta-extra-gamma")
def dbeta_scaled_afterwards(dout, cache):
    dbeta = np.sum(dout, axis=(0, 2, 3))
    dbeta *= cache.gamma
    return _dx(dout, cache), np.sum(dout * cache.x_hat, axis=(0, 2, 3)), dbeta


@program(check="groupnorm_backward", code="group-backward.dbeta-extra-gamma")
def weighted_columns(dy, cache):
    d = np.moveaxis(dy, 1, -1).reshape(-1, dy.shape[1])
    v = np.moveaxis(cache.x_hat, 1, -1).reshape(d.shape)
    dbeta = (d @ np.diag(cache.gamma)).sum(0)
    return _dx(dy, cache), (d * v).sum(0), dbeta


# --- group-backward.dgamma-dbeta-swapped


@program(check="groupnorm_backward", code="group-backward.dgamma-dbeta-swapped")
def beta_returned_first(dy, cache):
    dgamma = (dy * cache.x_hat).sum(axis=(0, 2, 3))
    dbeta = dy.sum(axis=(0, 2, 3))
    return _dx(dy, cache), dbeta, dgamma


@program(check="groupnorm_backward", code="group-backward.dgamma-dbeta-swapped")
def names_exchanged(dout, cache):
    dgamma = np.einsum("nchw->c", dout)
    dbeta = np.einsum("nchw,nchw->c", dout, cache.x_hat)
    return _dx(dout, cache), dgamma, dbeta


@program(check="groupnorm_backward", code="group-backward.dgamma-dbeta-swapped")
def loop_fills_the_wrong_array(dy, cache):
    C = dy.shape[1]
    dgamma, dbeta = np.zeros(C), np.zeros(C)
    for n in range(len(dy)):
        for c in range(C):
            dbeta[c] += (dy[n, c] * cache.x_hat[n, c]).sum()
            dgamma[c] += dy[n, c].sum()
    return _dx(dy, cache), dgamma, dbeta
