# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong backward passes of batch norm for images: other axes, and the road to rows and back."""

import numpy as np

from corpus.registry import program


def _params(dy, cache):
    """dgamma and dbeta, right: several of the programs get only dx wrong."""
    return (dy * cache.x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


# --- spatial-backward.per-instance


@program(check="spatial_batchnorm_backward", code="spatial-backward.per-instance")
def means_over_h_and_w(dy, cache):
    g = dy * cache.gamma[:, None, None]
    m1 = g.mean(axis=(2, 3), keepdims=True)
    m2 = (g * cache.x_hat).mean(axis=(2, 3), keepdims=True)
    dx = cache.inv_std * (g - m1 - cache.x_hat * m2)
    return dx, *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.per-instance")
def map_by_map(dout, cache):
    N, C, H, W = dout.shape
    M = H * W
    dx = np.zeros(dout.shape)
    dgamma, dbeta = np.zeros(C), np.zeros(C)
    for n in range(N):
        for c in range(C):
            d, xh = dout[n, c], cache.x_hat[n, c]
            db, dg = d.sum(), (d * xh).sum()
            dx[n, c] = cache.gamma[c] * cache.inv_std[0, c, 0, 0] / M * (M * d - db - xh * dg)
            dbeta[c] += db
            dgamma[c] += dg
    return dx, dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.per-instance")
def flat_maps_last_axis(dy, cache):
    N, C = dy.shape[:2]
    g = (dy * cache.gamma.reshape(1, C, 1, 1)).reshape(N, C, -1)
    xh = cache.x_hat.reshape(N, C, -1)
    proj = np.einsum("ncs,ncs->nc", g, xh)[..., None] / g.shape[-1]
    t = g - g.mean(-1, keepdims=True) - xh * proj
    return t.reshape(dy.shape) * cache.inv_std, *_params(dy, cache)


# --- spatial-backward.per-pixel


@program(check="spatial_batchnorm_backward", code="spatial-backward.per-pixel")
def means_over_channels(dy, cache):
    dx_hat = dy * cache.gamma.reshape(1, -1, 1, 1)
    dx = dx_hat - dx_hat.mean(axis=1, keepdims=True)
    dx = dx - cache.x_hat * (dx_hat * cache.x_hat).mean(axis=1, keepdims=True)
    dx = dx * cache.inv_std
    return dx, *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.per-pixel")
def rows_of_channels_summed_across(dy, cache):
    N, C, H, W = dy.shape
    d = np.moveaxis(dy, 1, -1) * cache.gamma
    xh = np.moveaxis(cache.x_hat, 1, -1)
    a = np.sum(d, -1, keepdims=True)
    b = np.sum(d * xh, -1, keepdims=True)
    dx = cache.inv_std.reshape(C) / C * (C * d - a - xh * b)
    return np.moveaxis(dx, -1, 1), *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.per-pixel")
def pixel_loop(dout, cache):
    # 画素ごとに
    N, C, H, W = dout.shape
    inv = cache.inv_std.ravel()
    dx = np.empty(dout.shape)
    for n, h, w in np.ndindex(N, H, W):
        g = dout[n, :, h, w] * cache.gamma
        v = cache.x_hat[n, :, h, w]
        dx[n, :, h, w] = inv * (g - g.mean() - v * np.dot(g, v) / C)
    return dx, *_params(dout, cache)


# --- spatial-backward.per-cell


@program(check="spatial_batchnorm_backward", code="spatial-backward.per-cell")
def axis_zero_as_for_tables(dy, cache):
    x_hat = cache.x_hat
    g = dy * cache.gamma[:, None, None]
    dx = cache.inv_std * (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0))
    return dx, *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.per-cell")
def flat_batch_backward(dy, cache):
    N, C, H, W = dy.shape
    d = dy.reshape(N, -1)
    xh = cache.x_hat.reshape(N, -1)
    gamma = np.repeat(cache.gamma, H * W)
    inv = np.repeat(cache.inv_std.reshape(-1), H * W)
    dbeta = d.sum(0)
    dgamma = (d * xh).sum(0)
    dx = gamma * inv / N * (N * d - dbeta - xh * dgamma)
    return dx.reshape(dy.shape), dgamma.reshape(C, -1).sum(1), dbeta.reshape(C, -1).sum(1)


@program(check="spatial_batchnorm_backward", code="spatial-backward.per-cell")
def staged_over_the_batch(dy, cache):
    N = dy.shape[0]
    std = 1 / cache.inv_std
    xc = cache.x_hat * std
    dxhat = np.einsum("nchw,c->nchw", dy, cache.gamma)
    dvar = np.einsum("nchw,nchw->chw", dxhat, xc) * -0.5 * cache.inv_std[0] ** 3
    dxc = dxhat * cache.inv_std + 2.0 / N * xc * dvar
    dmu = -dxc.sum(axis=0)
    return dxc + dmu / N, *_params(dy, cache)


# --- spatial-backward.without-width


@program(check="spatial_batchnorm_backward", code="spatial-backward.without-width")
def axes_zero_two(dy, cache):
    ax = (0, 2)
    g = dy * cache.gamma[None, :, None, None]
    mean_g = g.mean(axis=ax, keepdims=True)
    mean_gx = (g * cache.x_hat).mean(axis=ax, keepdims=True)
    return cache.inv_std * (g - mean_g - cache.x_hat * mean_gx), *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.without-width")
def w_left_in_the_einsum(dout, cache):
    N, C, H, W = dout.shape
    g = np.einsum("nchw,c->nchw", dout, cache.gamma)
    s = np.einsum("nchw->cw", g)[None, :, None, :]
    p = np.einsum("nchw,nchw->cw", g, cache.x_hat)[None, :, None, :]
    dx = (g - s / (N * H) - cache.x_hat * p / (N * H)) * cache.inv_std
    return dx, np.einsum("nchw,nchw->c", dout, cache.x_hat), np.einsum("nchw->c", dout)


@program(check="spatial_batchnorm_backward", code="spatial-backward.without-width")
def columna_por_columna(dy, cache):
    dx = np.zeros(dy.shape)
    for c in range(dy.shape[1]):
        for w in range(dy.shape[3]):
            g = dy[:, c, :, w] * cache.gamma[c]
            xh = cache.x_hat[:, c, :, w]
            dx[:, c, :, w] = (g - g.mean() - xh * (g * xh).mean()) * cache.inv_std[0, c, 0, 0]
    return dx, *_params(dy, cache)


# --- spatial-backward.without-height


@program(check="spatial_batchnorm_backward", code="spatial-backward.without-height")
def axes_zero_three(dy, cache):
    mean = lambda t: np.mean(t, axis=(0, 3), keepdims=True)  # noqa: E731
    g = dy * cache.gamma.reshape(1, -1, 1, 1)
    dx = cache.inv_std * (g - mean(g) - cache.x_hat * mean(g * cache.x_hat))
    return dx, *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.without-height")
def lines_of_the_maps(dy, cache):
    N, C, H, W = dy.shape
    M = N * W
    dx = np.zeros_like(dy)
    for c in range(C):
        for h in range(H):
            d, xh = dy[:, c, h], cache.x_hat[:, c, h]
            dx[:, c, h] = M * d - d.sum() - xh * (d * xh).sum()
    dx *= cache.gamma[:, None, None] * cache.inv_std / M
    return dx, *_params(dy, cache)


@program(check="spatial_batchnorm_backward", code="spatial-backward.without-height")
def staged_n_times_w(dout, cache):
    # Höhe vergessen
    N, C, H, W = dout.shape
    xc = cache.x_hat / cache.inv_std
    dxhat = dout * cache.gamma[:, None, None]
    dinv = (dxhat * xc).sum((0, 3), keepdims=True)
    dvar = -0.5 * cache.inv_std**3 * dinv
    dxc = dxhat * cache.inv_std + 2 * xc * dvar / (N * W)
    dx = dxc - dxc.sum((0, 3), keepdims=True) / (N * W)
    return dx, *_params(dout, cache)


# --- spatial-backward.reshape-there


def _table(dy, x_hat, gamma, inv_std):
    """The backward pass of a table (M, C), right."""
    M = len(dy)
    dbeta = dy.sum(axis=0)
    dgamma = (dy * x_hat).sum(axis=0)
    dx = gamma * inv_std / M * (M * dy - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.reshape-there")
def both_straight_to_rows(dy, cache):
    N, C, H, W = dy.shape
    dx, dgamma, dbeta = _table(
        dy.reshape(-1, C), cache.x_hat.reshape(-1, C), cache.gamma, cache.inv_std.ravel()
    )
    return dx.reshape(N, H, W, C).transpose(0, 3, 1, 2), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.reshape-there")
def reshape_named_nhwc(dout, cache):
    N, C, H, W = dout.shape
    d = dout.reshape(N, H, W, C)
    xh = cache.x_hat.reshape(N, H, W, C)
    dgamma = (d * xh).sum((0, 1, 2))
    dbeta = d.sum((0, 1, 2))
    M = N * H * W
    dx = cache.gamma * cache.inv_std.reshape(C) * (d - dbeta / M - xh * dgamma / M)
    return np.transpose(dx, (0, 3, 1, 2)), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.reshape-there")
def view_minus_one_there_permute_back(grad, cache):
    N, C, H, W = grad.shape
    view = lambda t: np.reshape(t, (-1, C))  # noqa: E731
    g, xh = view(grad), view(cache.x_hat)
    gx = g * cache.gamma
    dx = (gx - gx.mean(0) - xh * (gx * xh).mean(0)) * cache.inv_std[0, :, 0, 0]
    dx = np.moveaxis(dx.reshape(N, H, W, C), -1, 1)
    return dx, np.einsum("mc,mc->c", g, xh), np.einsum("mc->c", g)


# --- spatial-backward.reshape-back


@program(check="spatial_batchnorm_backward", code="spatial-backward.reshape-back")
def rows_reshaped_to_dy_shape(dy, cache):
    C = dy.shape[1]
    d = dy.transpose(0, 2, 3, 1).reshape(-1, C)
    xh = cache.x_hat.transpose(0, 2, 3, 1).reshape(-1, C)
    dx, dgamma, dbeta = _table(d, xh, cache.gamma, cache.inv_std.reshape(-1))
    return dx.reshape(dy.shape), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.reshape-back")
def moved_there_not_moved_back(dout, cache):
    d = np.moveaxis(dout, 1, -1)
    xh = np.moveaxis(cache.x_hat, 1, -1)
    g = d * cache.gamma
    rest = (0, 1, 2)
    dx = (g - g.mean(rest) - xh * (g * xh).mean(rest)) * cache.inv_std.ravel()
    dx = np.reshape(dx, dout.shape)  # 잊은 것: 축의 순서
    return dx, (d * xh).sum(rest), d.sum(rest)


@program(check="spatial_batchnorm_backward", code="spatial-backward.reshape-back")
def list_of_pixel_gradients(dy, cache):
    N, C, H, W = dy.shape
    inv = cache.inv_std.reshape(C)
    dgamma, dbeta = _params(dy, cache)
    M = N * H * W
    rows = []
    for n in range(N):
        for h in range(H):
            for w in range(W):
                t = dy[n, :, h, w] - dbeta / M - cache.x_hat[n, :, h, w] * dgamma / M
                rows.append(cache.gamma * inv * t)
    return np.array(rows).reshape(N, C, H, W), dgamma, dbeta


# --- spatial-backward.reshape-both


@program(check="spatial_batchnorm_backward", code="spatial-backward.reshape-both")
def no_transpose_at_all(dy, cache):
    C = dy.shape[1]
    dx, dgamma, dbeta = _table(
        dy.reshape(-1, C), cache.x_hat.reshape(-1, C), cache.gamma, cache.inv_std.reshape(C)
    )
    return dx.reshape(dy.shape), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.reshape-both")
def strided_flat_vectors(dy, cache):
    C = dy.shape[1]
    d, xh = dy.flatten(), cache.x_hat.flatten()
    dx, dgamma, dbeta = np.empty_like(d), np.empty(C), np.empty(C)
    for c in range(C):
        g, v = d[c::C], xh[c::C]
        dgamma[c], dbeta[c] = g @ v, g.sum()
        dx[c::C] = cache.gamma[c] * cache.inv_std.flat[c] * (g - g.mean() - v * (g @ v) / len(g))
    return dx.reshape(dy.shape), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.reshape-both")
def channels_last_only_in_name(dout, cache):
    N, C, H, W = dout.shape
    dout_nhwc = dout.reshape((N, H, W, C))
    xhat_nhwc = cache.x_hat.reshape((N, H, W, C))
    dbeta = np.einsum("nhwc->c", dout_nhwc)
    dgamma = np.einsum("nhwc,nhwc->c", dout_nhwc, xhat_nhwc)
    m = N * H * W
    dx = cache.gamma * cache.inv_std.squeeze() / m * (m * dout_nhwc - dbeta - xhat_nhwc * dgamma)
    return dx.reshape((N, C, H, W)), dgamma, dbeta


# --- spatial-backward.reshape-dy


@program(check="spatial_batchnorm_backward", code="spatial-backward.reshape-dy")
def transpose_for_x_hat_only(dy, cache):
    N, C, H, W = dy.shape
    d = dy.reshape(-1, C)
    xh = cache.x_hat.transpose(0, 2, 3, 1).reshape(-1, C)
    dx, dgamma, dbeta = _table(d, xh, cache.gamma, cache.inv_std.reshape(C))
    return dx.reshape(N, H, W, C).transpose(0, 3, 1, 2), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.reshape-dy")
def cs231n_dout_line_wrong(dout, cache):
    N, C, H, W = dout.shape
    M = N * H * W
    dout_new = dout.reshape(M, C)  # 转置忘了
    x_hat = np.transpose(cache.x_hat, (0, 2, 3, 1)).reshape(M, C)
    inv = cache.inv_std.reshape(1, C)
    dbeta = np.sum(dout_new, axis=0)
    dgamma = np.sum(dout_new * x_hat, axis=0)
    dxhat = dout_new * cache.gamma
    dx_new = inv * (dxhat - dxhat.sum(0) / M - x_hat * (dxhat * x_hat).sum(0) / M)
    dx = dx_new.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return dx, dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="spatial-backward.reshape-dy")
def one_moved_one_reshaped(dy, cache):
    N, C, H, W = dy.shape
    xh = np.moveaxis(cache.x_hat, 1, 3)
    d = np.reshape(dy, xh.shape)
    m = lambda t: t.mean(axis=(0, 1, 2))  # noqa: E731
    dx = cache.gamma * cache.inv_std.ravel() * (d - m(d) - xh * m(d * xh))
    dgamma = np.tensordot(d, xh, axes=((0, 1, 2), (0, 1, 2))).diagonal()
    return np.moveaxis(dx, 3, 1), dgamma, d.sum(axis=(0, 1, 2))
