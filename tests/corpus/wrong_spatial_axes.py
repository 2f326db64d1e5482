# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong batch norm for images: over which axes the mean and the variance are taken."""

import numpy as np

from corpus.registry import program

# --- spatial.per-instance


@program(check="spatial_batchnorm_forward", code="spatial.per-instance")
def only_height_and_width(x, gamma, beta, eps):
    mu = x.mean(axis=(2, 3), keepdims=True)
    var = x.var(axis=(2, 3), keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[None, :, None, None] * x_hat + beta[None, :, None, None]


@program(check="spatial_batchnorm_forward", code="spatial.per-instance")
def image_by_image(x, gamma, beta, eps):
    out = []
    for img in x:  # img: (C, H, W)
        flat = img.reshape(img.shape[0], -1)
        m = flat.mean(1)[:, None, None]
        v = flat.var(1)[:, None, None]
        out.append((img - m) / np.sqrt(v + eps) * gamma[:, None, None] + beta[:, None, None])
    return np.stack(out)


@program(check="spatial_batchnorm_forward", code="spatial.per-instance")
def torch_view_minus_one(x, weight, bias, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, C, -1)
    mean = np.einsum("ncs->nc", z) / (H * W)
    zc = z - mean[..., None]
    var = np.einsum("ncs,ncs->nc", zc, zc) / (H * W)
    z = zc / np.sqrt(var + eps)[..., None]
    return (z * weight[:, None] + bias[:, None]).reshape(N, C, H, W)


@program(check="spatial_batchnorm_forward", code="spatial.per-instance")
def bucle_por_canal_e_imagen(x, gamma, beta, eps):
    N, C, _, _ = x.shape
    y = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            mapa = x[n, c]
            media, varianza = np.mean(mapa), np.var(mapa)
            y[n, c] = gamma[c] * (mapa - media) / np.sqrt(varianza + eps) + beta[c]
    return y


# --- spatial.per-pixel


@program(check="spatial_batchnorm_forward", code="spatial.per-pixel")
def axis_one_is_channels(x, gamma, beta, eps):
    # normalise the channels, so axis 1
    mean = np.mean(x, axis=1, keepdims=True)
    var = np.var(x, axis=1, keepdims=True)
    x_hat = (x - mean) / np.sqrt(var + eps)
    return gamma.reshape(1, -1, 1, 1) * x_hat + beta.reshape(1, -1, 1, 1)


@program(check="spatial_batchnorm_forward", code="spatial.per-pixel")
def channels_last_then_last_axis(x, gamma, beta, eps):
    t = np.moveaxis(x, 1, -1)
    c = t - t.mean(-1, keepdims=True)
    t = c * ((c**2).mean(-1, keepdims=True) + eps) ** -0.5
    return np.moveaxis(t * gamma + beta, -1, 1)


@program(check="spatial_batchnorm_forward", code="spatial.per-pixel")
def rows_of_channels_axis_one(x, gamma, beta, eps):
    N, C, H, W = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)
    mu = rows.mean(axis=1, keepdims=True)
    var = ((rows - mu) ** 2).mean(axis=1, keepdims=True)
    rows = gamma * (rows - mu) / np.sqrt(var + eps) + beta
    return rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)


@program(check="spatial_batchnorm_forward", code="spatial.per-pixel")
def every_pixel_a_vector(x, gamma, beta, eps):
    N, C, H, W = x.shape
    out = np.empty((N, C, H, W))
    for n in range(N):
        for i in range(H):
            for j in range(W):
                p = x[n, :, i, j]
                out[n, :, i, j] = gamma * (p - p.mean()) / np.sqrt(p.var() + eps) + beta
    return out


# --- spatial.per-cell


@program(check="spatial_batchnorm_forward", code="spatial.per-cell")
def same_as_for_tables(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@program(check="spatial_batchnorm_forward", code="spatial.per-cell")
def flattened_to_n_by_d(x, gamma, beta, eps):
    N, C, H, W = x.shape
    flat = x.reshape(N, C * H * W)
    flat = (flat - flat.mean(0)) / np.sqrt(flat.var(0) + eps)
    return flat.reshape(N, C, H, W) * gamma.reshape(C, 1, 1) + beta.reshape(C, 1, 1)


@program(check="spatial_batchnorm_forward", code="spatial.per-cell")
def repeated_gamma_on_the_flat_batch(x, gamma, beta, eps):
    def batchnorm(t, g, b):
        n = len(t)
        m = t.sum(0) / n
        tc = t - m
        s = np.sqrt((tc * tc).sum(0) / n + eps)
        return g * tc / s + b

    N, C, H, W = x.shape
    g = np.repeat(gamma, H * W)  # 채널마다 H*W번
    b = np.repeat(beta, H * W)
    return batchnorm(x.reshape(N, -1), g, b).reshape(x.shape)


@program(check="spatial_batchnorm_forward", code="spatial.per-cell")
def einsum_over_n_only(x, gamma, beta, eps):
    N = x.shape[0]
    mean = np.einsum("nchw->chw", x) / N
    d = x - mean
    var = np.einsum("nchw,nchw->chw", d, d) / N
    return np.einsum("nchw,chw,c->nchw", d, 1 / np.sqrt(var + eps), gamma) + beta[:, None, None]


# --- spatial.without-width


@program(check="spatial_batchnorm_forward", code="spatial.without-width")
def axes_zero_and_two(x, gamma, beta, eps):
    axes = (0, 2)
    mu = x.mean(axis=axes, keepdims=True)
    var = x.var(axis=axes, keepdims=True)
    return gamma[:, None, None] * (x - mu) / np.sqrt(var + eps) + beta[:, None, None]


@program(check="spatial_batchnorm_forward", code="spatial.without-width")
def einsum_with_w_left(x, gamma, beta, eps):
    N, C, H, W = x.shape
    mu = np.einsum("nchw->cw", x) / (N * H)
    xc = x - mu[None, :, None, :]
    var = np.einsum("nchw,nchw->cw", xc, xc) / (N * H)
    inv = (var + eps) ** -0.5
    return np.einsum("nchw,cw,c->nchw", xc, inv, gamma) + beta.reshape(1, C, 1, 1)


@program(check="spatial_batchnorm_forward", code="spatial.without-width")
def column_after_column(x, gamma, beta, eps):
    N, C, H, W = x.shape
    y = np.zeros((N, C, H, W))
    for c in range(C):
        for w in range(W):
            v = x[:, c, :, w]
            y[:, c, :, w] = gamma[c] * (v - v.mean()) / np.sqrt(v.var() + eps) + beta[c]
    return y


# --- spatial.without-height


@program(check="spatial_batchnorm_forward", code="spatial.without-height")
def axes_first_and_last(x, gamma, beta, eps):
    mu = np.mean(x, axis=(0, -1), keepdims=True)
    var = np.var(x, axis=(0, -1), keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + eps)
    shape = (1, x.shape[1], 1, 1)
    return gamma.reshape(shape) * x_hat + beta.reshape(shape)


@program(check="spatial_batchnorm_forward", code="spatial.without-height")
def row_after_row(x, gamma, beta, eps):
    out = np.zeros(x.shape)
    for c in range(x.shape[1]):
        for h in range(x.shape[2]):
            line = x[:, c, h, :]
            m = line.sum() / line.size
            s2 = ((line - m) ** 2).sum() / line.size
            out[:, c, h, :] = gamma[c] * (line - m) / np.sqrt(s2 + eps) + beta[c]
    return out


@program(check="spatial_batchnorm_forward", code="spatial.without-height")
def transposed_and_one_axis_too_few(x, gamma, beta, eps):
    N, C, H, W = x.shape
    t = x.transpose(1, 2, 0, 3).reshape(C, H, N * W)  # 每个通道一行？
    t = (t - t.mean(-1, keepdims=True)) / np.sqrt(t.var(-1, keepdims=True) + eps)
    t = t * gamma[:, None, None] + beta[:, None, None]
    return t.reshape(C, H, N, W).transpose(2, 0, 1, 3)


# --- spatial.per-example


@program(check="spatial_batchnorm_forward", code="spatial.per-example")
def one_two_three(x, gamma, beta, eps):
    mu = x.mean(axis=(1, 2, 3), keepdims=True)
    var = x.var(axis=(1, 2, 3), keepdims=True)
    return gamma.reshape(1, -1, 1, 1) * (x - mu) / np.sqrt(var + eps) + beta.reshape(1, -1, 1, 1)


@program(check="spatial_batchnorm_forward", code="spatial.per-example")
def standardised_pictures(x, gamma, beta, eps):
    # like tf.image.per_image_standardization
    out = [(im - im.mean()) / np.sqrt(im.var() + eps) for im in x]
    return np.array(out) * gamma[:, None, None] + beta[:, None, None]


@program(check="spatial_batchnorm_forward", code="spatial.per-example")
def flat_rows_axis_one(x, gamma, beta, eps):
    N, C = x.shape[:2]
    f = x.reshape(N, -1)
    mean = f.sum(axis=1) / f.shape[1]
    fc = f - mean[:, None]
    var = (fc**2).sum(axis=1) / f.shape[1]
    std = np.sqrt(var + eps)
    xn = (fc / std[:, None]).reshape(x.shape)
    return np.einsum("nchw,c->nchw", xn, gamma) + beta.reshape(C, 1, 1)


# --- spatial.whole-tensor


@program(check="spatial_batchnorm_forward", code="spatial.whole-tensor")
def no_axis(x, gamma, beta, eps):
    x_hat = (x - x.mean()) / np.sqrt(x.var() + eps)
    return gamma[None, :, None, None] * x_hat + beta[None, :, None, None]


@program(check="spatial_batchnorm_forward", code="spatial.whole-tensor")
def ravelled(x, gamma, beta, eps):
    v = x.ravel()
    m = v.sum() / v.size
    s = np.sqrt(((v - m) ** 2).sum() / v.size + eps)
    y = np.reshape((v - m) / s, x.shape)
    for_channel = lambda p: p.reshape(1, len(p), 1, 1)  # noqa: E731
    return y * for_channel(gamma) + for_channel(beta)


@program(check="spatial_batchnorm_forward", code="spatial.whole-tensor")
def all_four_axes(x, gamma, beta, eps):
    # 全ての軸
    ax = tuple(range(x.ndim))
    mu = np.average(x, axis=ax)
    xc = x - mu
    sigma2 = np.mean(np.square(xc), axis=ax, keepdims=True)
    out = xc * (1.0 / np.sqrt(sigma2 + eps))
    out = np.moveaxis(out, 1, 3) * gamma + beta
    return np.moveaxis(out, 3, 1)
