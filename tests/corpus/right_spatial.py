# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Right batch norm for images, forward and backward, of every kind that must be accepted."""

import math

import numpy as np

from corpus.registry import program

REST = (0, 2, 3)


@program(check="spatial_batchnorm_forward", code=None)
def textbook(x, gamma, beta, eps):
    mu = x.mean(axis=REST, keepdims=True)
    var = x.var(axis=REST, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma.reshape(1, -1, 1, 1) * x_hat + beta.reshape(1, -1, 1, 1)


@program(check="spatial_batchnorm_forward", code=None)
def cs231n_road(x, gamma, beta, eps):
    N, C, H, W = x.shape
    x_flat = x.transpose(0, 2, 3, 1).reshape(-1, C)
    mu, var = x_flat.mean(0), x_flat.var(0)
    out = gamma * (x_flat - mu) / np.sqrt(var + eps) + beta
    out = out.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return out, (mu, var)


@program(check="spatial_batchnorm_forward", code=None)
def channels_first_rows(x, gamma, beta, eps):
    z = np.swapaxes(x, 0, 1)
    shape = z.shape
    z = z.reshape(len(gamma), -1)
    zc = z - z.mean(1, keepdims=True)
    s = np.sqrt(np.einsum("cm,cm->c", zc, zc) / z.shape[1] + eps)
    y = (gamma / s)[:, None] * zc + beta[:, None]
    return np.swapaxes(y.reshape(shape), 0, 1)


@program(check="spatial_batchnorm_forward", code=None)
def one_channel_at_a_time(x, gamma, beta, eps):
    # 每个通道单独处理
    y = np.zeros(x.shape, dtype=gamma.dtype)
    for c in range(x.shape[1]):
        xc = x[:, c] - np.mean(x[:, c])
        y[:, c] = gamma[c] * xc / np.sqrt(np.mean(xc**2) + eps) + beta[c]
    return y


@program(check="spatial_batchnorm_forward", code=None)
def five_loops_in_plain_python(x, gamma, beta, eps):
    N, C, H, W = x.shape
    y = np.empty((N, C, H, W), dtype=gamma.dtype)
    places = [(n, h, w) for n in range(N) for h in range(H) for w in range(W)]
    for c in range(C):
        values = [float(x[n, c, h, w]) for n, h, w in places]
        m = math.fsum(values) / len(values)
        v = math.fsum((a - m) ** 2 for a in values) / len(values)
        for (n, h, w), a in zip(places, values, strict=True):
            y[n, c, h, w] = gamma[c] * (a - m) / math.sqrt(v + eps) + beta[c]
    return y


@program(check="spatial_batchnorm_forward", code=None)
def law_of_total_variance(x, gamma, beta, eps):
    # within the images plus between the images
    m_img = x.mean(axis=(2, 3))
    v_img = x.var(axis=(2, 3))
    mean = m_img.mean(axis=0)
    var = v_img.mean(axis=0) + m_img.var(axis=0)
    scale = gamma / np.sqrt(var + eps)
    return (x - mean[:, None, None]) * scale[:, None, None] + beta[:, None, None]


@program(check="spatial_batchnorm_forward", code=None)
def torch_names(input, weight, bias, eps):
    dims = (0, 2, 3)
    mean = input.mean(dims)[None, :, None, None]
    var = ((input - mean) ** 2).mean(dims)[None, :, None, None]
    return (input - mean) * (var + eps) ** -0.5 * weight[None, :, None, None] + bias[None, :, None, None]


@program(check="spatial_batchnorm_forward", code=None)
def folded_into_a_one_by_one_conv(x, gamma, beta, eps):
    mu = np.einsum("nchw->c", x) / (x.size // x.shape[1])
    d = x - mu[:, None, None]
    var = np.einsum("nchw,nchw->c", d, d) / (x.size // x.shape[1])
    kernel = np.diag(gamma / np.sqrt(var + eps))
    return np.einsum("oc,nchw->nohw", kernel, d) + beta[None, :, None, None]


@program(check="spatial_batchnorm_forward", code=None)
def welford_over_images(x, gamma, beta, eps):
    C = x.shape[1]
    count, mean, m2 = 0, np.zeros(C), np.zeros(C)
    for image in x.astype(np.float64):
        for pixel in image.reshape(C, -1).T:
            count += 1
            delta = pixel - mean
            mean = mean + delta / count
            m2 = m2 + delta * (pixel - mean)
    std = np.sqrt(m2 / count + eps)
    return np.moveaxis(gamma * (np.moveaxis(x, 1, -1) - mean) / std + beta, -1, 1)


# --- backward


@program(check="spatial_batchnorm_backward", code=None)
def simplified(dy, cache):
    g = dy * cache.gamma[:, None, None]
    m1 = g.mean(REST, keepdims=True)
    m2 = (g * cache.x_hat).mean(REST, keepdims=True)
    dx = cache.inv_std * (g - m1 - cache.x_hat * m2)
    return dx, (dy * cache.x_hat).sum(REST), dy.sum(REST)


@program(check="spatial_batchnorm_backward", code=None)
def gamma_in_front_is_allowed(dout, cache):
    # gamma is the same within a channel, so it may wait
    N, C, H, W = dout.shape
    M = N * H * W
    dbeta = np.einsum("nchw->c", dout)
    dgamma = np.einsum("nchw,nchw->c", dout, cache.x_hat)
    b, g = dbeta[:, None, None], dgamma[:, None, None]
    dx = cache.gamma[:, None, None] * cache.inv_std / M * (M * dout - b - cache.x_hat * g)
    return dx, dgamma, dbeta


@program(check="spatial_batchnorm_backward", code=None)
def staged_in_rows(dout, cache):
    N, C, H, W = dout.shape
    rows = lambda t: t.transpose(0, 2, 3, 1).reshape(-1, C)  # noqa: E731
    d, v = rows(dout), rows(cache.x_hat)
    M = len(d)
    ivar = cache.inv_std.reshape(C)
    std = 1 / ivar
    xmu = v * std
    dbeta, dgamma = d.sum(0), (d * v).sum(0)
    dxhat = d * cache.gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1.0 / std**2 * divar
    dvar = 0.5 / std * dsqrtvar
    dsq = 1.0 / M * np.ones((M, C)) * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -np.sum(dx1, axis=0)
    dx = dx1 + np.ones((M, C)) * dmu / M
    return dx.reshape(N, H, W, C).transpose(0, 3, 1, 2), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code=None)
def projection_matrix_a_channel(dy, cache):
    dx = np.zeros_like(dy)
    dgamma, dbeta = np.zeros_like(cache.gamma), np.zeros_like(cache.gamma)
    for c in range(dy.shape[1]):
        d, v = dy[:, c].reshape(-1, 1), cache.x_hat[:, c].reshape(-1, 1)
        M = len(d)
        J = np.eye(M) - 1 / M - v @ v.T / M
        dx[:, c] = (J @ d).reshape(dy[:, c].shape) * cache.gamma[c] * cache.inv_std[0, c, 0, 0]
        dgamma[c], dbeta[c] = (v.T @ d).item(), d.sum()
    return dx, dgamma, dbeta


@program(check="spatial_batchnorm_backward", code=None)
def dvar_to_dmu_included(dout, cache):
    # 分散から平均への項（ゼロ）も書く
    N, C, H, W = dout.shape
    M = N * H * W
    kd = {"axis": REST, "keepdims": True}
    xmu = cache.x_hat / cache.inv_std
    dxhat = dout * cache.gamma.reshape(1, C, 1, 1)
    dvar = np.sum(dxhat * xmu * -0.5 * cache.inv_std**3, **kd)
    dmu = np.sum(dxhat * -cache.inv_std, **kd) + dvar * np.sum(-2 * xmu, **kd) / M
    dx = dxhat * cache.inv_std + dvar * 2 * xmu / M + dmu / M
    return dx, np.sum(dout * cache.x_hat, axis=REST), np.sum(dout, axis=REST)


@program(check="spatial_batchnorm_backward", code=None)
def moved_to_the_last_axis(dy, cache):
    d, v = np.moveaxis(dy, 1, -1), np.moveaxis(cache.x_hat, 1, -1)
    flat = (0, 1, 2)
    dgamma = np.tensordot(d, v, axes=(flat, flat)).diagonal()
    dbeta = d.sum(flat)
    M = d.size // d.shape[-1]
    dx = cache.gamma * cache.inv_std.squeeze() * (d - (dbeta + v * dgamma) / M)
    return np.moveaxis(dx, -1, 1), dgamma, dbeta


@program(check="spatial_batchnorm_backward", code=None)
def sums_collected_in_loops(dy, cache):
    N, C, H, W = dy.shape
    dgamma, dbeta = [0.0] * C, [0.0] * C
    for n in range(N):
        for c in range(C):
            dbeta[c] += float(dy[n, c].sum())
            dgamma[c] += float((dy[n, c] * cache.x_hat[n, c]).sum())
    dx = np.empty_like(dy)
    for n in range(N):
        for c in range(C):
            t = dy[n, c] - dbeta[c] / (N * H * W) - cache.x_hat[n, c] * dgamma[c] / (N * H * W)
            dx[n, c] = cache.gamma[c] * cache.inv_std[0, c, 0, 0] * t
    return dx, np.array(dgamma), np.array(dbeta)
