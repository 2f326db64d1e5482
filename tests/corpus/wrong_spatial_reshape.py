# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong batch norm for images: the road to rows and back, and variances that are averaged."""

import numpy as np

from corpus.registry import program


def batchnorm(rows, gamma, beta, eps):
    """Batch norm of a table (M, C), right."""
    mu = rows.mean(axis=0)
    var = rows.var(axis=0)
    return gamma * (rows - mu) / np.sqrt(var + eps) + beta


# --- spatial.reshape-there


@program(check="spatial_batchnorm_forward", code="spatial.reshape-there")
def straight_to_rows(x, gamma, beta, eps):
    N, C, H, W = x.shape
    rows = x.reshape(-1, C)
    out = batchnorm(rows, gamma, beta, eps)
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2)


@program(check="spatial_batchnorm_forward", code="spatial.reshape-there")
def reshape_taken_for_transpose(x, gamma, beta, eps):
    N, C, H, W = x.shape
    nhwc = x.reshape(N, H, W, C)
    mu = nhwc.mean(axis=(0, 1, 2))
    var = nhwc.var(axis=(0, 1, 2))
    nhwc = (nhwc - mu) / np.sqrt(var + eps) * gamma + beta
    return np.transpose(nhwc, (0, 3, 1, 2))


@program(check="spatial_batchnorm_forward", code="spatial.reshape-there")
def view_then_permute(x, weight, bias, eps):
    N, C, H, W = x.shape
    t = np.reshape(x, (N * H * W, C))  # x.view(-1, C)
    m = t.sum(0) / len(t)
    tc = t - m
    t = tc / np.sqrt((tc * tc).sum(0) / len(t) + eps)
    t = weight * t + bias
    return np.moveaxis(t.reshape((N, H, W, C)), -1, 1)


@program(check="spatial_batchnorm_forward", code="spatial.reshape-there")
def one_row_a_channel_there(x, gamma, beta, eps):
    N, C, H, W = x.shape
    z = x.reshape(C, -1)
    z = (z - z.mean(1, keepdims=True)) / np.sqrt(z.var(1, keepdims=True) + eps)
    z = gamma[:, None] * z + beta[:, None]
    return z.reshape(C, N, H, W).transpose(1, 0, 2, 3)


# --- spatial.reshape-back


@program(check="spatial_batchnorm_forward", code="spatial.reshape-back")
def reshape_to_x_shape(x, gamma, beta, eps):
    C = x.shape[1]
    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)
    return batchnorm(rows, gamma, beta, eps).reshape(x.shape)


@program(check="spatial_batchnorm_forward", code="spatial.reshape-back")
def cs231n_road_half_way(x, gamma, beta, eps):
    N, C, H, W = x.shape
    x_new = np.transpose(x, (0, 2, 3, 1)).reshape(N * H * W, C)
    mu = np.mean(x_new, axis=0)
    var = np.mean((x_new - mu) ** 2, axis=0)
    x_norm = (x_new - mu) / np.sqrt(var + eps)
    out = gamma * x_norm + beta
    return out.reshape(N, C, H, W)  # 元の形に戻す


@program(check="spatial_batchnorm_forward", code="spatial.reshape-back")
def list_of_pixels(x, gamma, beta, eps):
    N, C, H, W = x.shape
    pixels = [x[n, :, h, w] for n in range(N) for h in range(H) for w in range(W)]
    table = np.array(pixels)
    table = batchnorm(table, gamma, beta, eps)
    return table.ravel().reshape(N, C, H, W)


@program(check="spatial_batchnorm_forward", code="spatial.reshape-back")
def one_row_a_channel_back(x, gamma, beta, eps):
    C = x.shape[1]
    z = x.transpose(1, 0, 2, 3).reshape(C, -1)
    y = batchnorm(z.T, gamma, beta, eps).T
    return y.reshape(x.shape)


# --- spatial.reshape-both


@program(check="spatial_batchnorm_forward", code="spatial.reshape-both")
def there_and_back_by_reshape(x, gamma, beta, eps):
    return batchnorm(x.reshape(-1, x.shape[1]), gamma, beta, eps).reshape(x.shape)


@program(check="spatial_batchnorm_forward", code="spatial.reshape-both")
def minus_one_habit(x, gamma, beta, eps):
    N, C, H, W = x.shape
    z = np.reshape(x, (-1, C))
    centred = z - z.mean(axis=0, keepdims=True)
    z_hat = centred * (np.square(centred).mean(axis=0, keepdims=True) + eps) ** -0.5
    y = z_hat * gamma[None, :] + beta[None, :]
    return np.reshape(y, (N, C, H, W))


@program(check="spatial_batchnorm_forward", code="spatial.reshape-both")
def channels_last_by_reshape(x, gamma, beta, eps):
    N, C, H, W = x.shape
    t = x.reshape(N, H, W, C)
    n = N * H * W
    mu = np.einsum("nhwc->c", t) / n
    d = t - mu
    var = np.einsum("nhwc,nhwc->c", d, d) / n
    return (gamma * d / np.sqrt(var + eps) + beta).reshape(N, C, H, W)


@program(check="spatial_batchnorm_forward", code="spatial.reshape-both")
def every_cth_number(x, gamma, beta, eps):
    # 한 줄로 펴서 C개마다 하나씩
    C = x.shape[1]
    flat = x.flatten()
    out = np.empty(flat.shape)
    for c in range(C):
        v = flat[c::C]
        out[c::C] = gamma[c] * (v - v.mean()) / np.sqrt(v.var() + eps) + beta[c]
    return out.reshape(x.shape)


@program(check="spatial_batchnorm_forward", code="spatial.reshape-both")
def one_row_a_channel_both(x, gamma, beta, eps):
    z = x.reshape(x.shape[1], -1)
    d = z - z.mean(-1)[:, None]
    std = np.sqrt(np.mean(d * d, -1) + eps)
    return (d * (gamma / std)[:, None] + beta[:, None]).reshape(x.shape)


# --- spatial.mean-of-variances


@program(check="spatial_batchnorm_forward", code="spatial.mean-of-variances")
def var_of_images_averaged(x, gamma, beta, eps):
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(2, 3)).mean(axis=0)
    x_hat = (x - mu) / np.sqrt(var.reshape(1, -1, 1, 1) + eps)
    return gamma.reshape(1, -1, 1, 1) * x_hat + beta.reshape(1, -1, 1, 1)


@program(check="spatial_batchnorm_forward", code="spatial.mean-of-variances")
def accumulated_over_the_batch(x, gamma, beta, eps):
    N, C, H, W = x.shape
    mu, var = np.zeros(C), np.zeros(C)
    for n in range(N):
        for c in range(C):
            mu[c] += x[n, c].mean() / N
            var[c] += x[n, c].var() / N
    y = np.zeros(x.shape)
    for c in range(C):
        y[:, c] = gamma[c] * (x[:, c] - mu[c]) / np.sqrt(var[c] + eps) + beta[c]
    return y


@program(check="spatial_batchnorm_forward", code="spatial.mean-of-variances")
def first_images_then_batch(x, gamma, beta, eps):
    N, C, H, W = x.shape
    z = x.reshape(N, C, H * W)
    per_image_mean = z.mean(axis=2)  # N, C
    per_image_var = ((z - per_image_mean[:, :, None]) ** 2).mean(axis=2)
    mean = per_image_mean.mean(axis=0)
    var = per_image_var.mean(axis=0)
    z = (z - mean[:, None]) / np.sqrt(var + eps)[:, None]
    return (gamma[:, None] * z + beta[:, None]).reshape(x.shape)


# --- spatial.mean-of-cell-variances


@program(check="spatial_batchnorm_forward", code="spatial.mean-of-cell-variances")
def batch_var_then_places(x, gamma, beta, eps):
    mu = x.mean(axis=0).mean(axis=(1, 2))
    var = x.var(axis=0).mean(axis=(1, 2))
    x_hat = (x - mu[:, None, None]) / np.sqrt(var[:, None, None] + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@program(check="spatial_batchnorm_forward", code="spatial.mean-of-cell-variances")
def pooled_over_pixels(x, gamma, beta, eps):
    N, C, H, W = x.shape
    var = np.zeros(C)
    for h in range(H):
        for w in range(W):
            var += np.var(x[:, :, h, w], axis=0)
    var /= H * W
    mean = np.mean(x, axis=(0, 2, 3))
    out = [(x[:, c] - mean[c]) / np.sqrt(var[c] + eps) * gamma[c] + beta[c] for c in range(C)]
    return np.stack(out, axis=1)


@program(check="spatial_batchnorm_forward", code="spatial.mean-of-cell-variances")
def nested_means(x, gamma, beta, eps):
    C = x.shape[1]
    cell_mean = x.mean(0, keepdims=True)
    dev = np.mean((x - cell_mean) ** 2, axis=0)  # C, H, W
    var = dev.reshape(C, -1).mean(-1).reshape(1, C, 1, 1)
    mean = cell_mean.reshape(C, -1).mean(-1).reshape(1, C, 1, 1)
    y = (x - mean) * (var + eps) ** -0.5
    return np.einsum("c,nchw->nchw", gamma, y) + beta.reshape(1, C, 1, 1)
