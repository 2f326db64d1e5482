# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong batch norm for images that no code names: the checker has to say that it does not know."""

import numpy as np

from corpus.registry import program

REST = (0, 2, 3)


def _ch(p):
    return p.reshape(1, -1, 1, 1)


def _right(dy, cache):
    g = dy * _ch(cache.gamma)
    m1, m2 = g.mean(REST, keepdims=True), (g * cache.x_hat).mean(REST, keepdims=True)
    dx = cache.inv_std * (g - m1 - cache.x_hat * m2)
    return dx, (dy * cache.x_hat).sum(REST), dy.sum(REST)


@program(check="spatial_batchnorm_forward", code="outside")
def border_left_out(x, gamma, beta, eps):
    inner = x[:, :, 1:, 1:]
    mu = inner.mean(REST, keepdims=True)
    var = inner.var(REST, keepdims=True)
    return _ch(gamma) * (x - mu) / np.sqrt(var + eps) + _ch(beta)


@program(check="spatial_batchnorm_forward", code="outside")
def statistics_of_the_first_image(x, gamma, beta, eps):
    mu = x[0].mean(axis=(1, 2))
    var = x[0].var(axis=(1, 2))
    return _ch(gamma) * (x - _ch(mu)) / np.sqrt(_ch(var) + eps) + _ch(beta)


@program(check="spatial_batchnorm_forward", code="outside")
def neighbouring_channel(x, gamma, beta, eps):
    mu = np.roll(x.mean(REST), 1)
    var = np.roll(x.var(REST), 1)
    return _ch(gamma) * (x - _ch(mu)) / np.sqrt(_ch(var) + eps) + _ch(beta)


@program(check="spatial_batchnorm_forward", code="outside")
def peak_for_spread(x, gamma, beta, eps):
    xc = x - x.mean(REST, keepdims=True)
    peak = np.abs(xc).max(REST, keepdims=True)
    return _ch(gamma) * xc / (peak + eps) + _ch(beta)


@program(check="spatial_batchnorm_forward", code="outside")
def deviations_averaged(x, gamma, beta, eps):
    # std of every image, then the mean of the stds
    std = x.std(axis=(2, 3)).mean(axis=0)
    x_hat = (x - x.mean(REST, keepdims=True)) / np.sqrt(_ch(std) ** 2 + eps)
    return _ch(gamma) * x_hat + _ch(beta)


@program(check="spatial_batchnorm_forward", code="outside")
def height_and_width_exchanged(x, gamma, beta, eps):
    # 縦と横を入れ替えたまま
    t = x.transpose(0, 1, 3, 2)
    t = (t - t.mean(REST, keepdims=True)) / np.sqrt(t.var(REST, keepdims=True) + eps)
    return (_ch(gamma) * t + _ch(beta)).reshape(x.shape)


@program(check="spatial_batchnorm_forward", code="outside")
def relu_inside(x, gamma, beta, eps):
    y = _ch(gamma) * (x - x.mean(REST, keepdims=True)) / np.sqrt(x.var(REST, keepdims=True) + eps) + _ch(beta)
    return np.maximum(y, 0)


@program(check="spatial_batchnorm_forward", code="outside")
def median_of_the_channel(x, gamma, beta, eps):
    med = np.median(x, axis=REST, keepdims=True)
    return _ch(gamma) * (x - med) / np.sqrt(x.var(REST, keepdims=True) + eps) + _ch(beta)


# --- backward


@program(check="spatial_batchnorm_backward", code="outside")
def sign_of_dy_only(dy, cache):
    dx, dgamma, dbeta = _right(np.sign(dy), cache)
    return dx, (dy * cache.x_hat).sum(REST), dy.sum(REST)


@program(check="spatial_batchnorm_backward", code="outside")
def images_flipped(dy, cache):
    dx, dgamma, dbeta = _right(dy, cache)
    return dx[:, :, :, ::-1], dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="outside")
def gamma_squared(dy, cache):
    g = dy * _ch(cache.gamma) ** 2
    m1, m2 = g.mean(REST, keepdims=True), (g * cache.x_hat).mean(REST, keepdims=True)
    return cache.inv_std * (g - m1 - cache.x_hat * m2), (dy * cache.x_hat).sum(REST), dy.sum(REST)


@program(check="spatial_batchnorm_backward", code="outside")
def median_for_the_mean_path(dout, cache):
    g = dout * _ch(cache.gamma)
    m2 = (g * cache.x_hat).mean(REST, keepdims=True)
    dx = cache.inv_std * (g - np.median(g, axis=REST, keepdims=True) - cache.x_hat * m2)
    return dx, (dout * cache.x_hat).sum(REST), dout.sum(REST)


@program(check="spatial_batchnorm_backward", code="outside")
def last_image_skipped(dy, cache):
    N, C, H, W = dy.shape
    dgamma, dbeta = np.zeros(C), np.zeros(C)
    for n in range(N - 1):
        dgamma += (dy[n] * cache.x_hat[n]).sum((1, 2))
        dbeta += dy[n].sum((1, 2))
    M = N * H * W
    dx = _ch(cache.gamma) * cache.inv_std * (dy - _ch(dbeta) / M - cache.x_hat * _ch(dgamma) / M)
    return dx, dgamma, dbeta


@program(check="spatial_batchnorm_backward", code="outside")
def x_hat_of_the_neighbour(dy, cache):
    v = np.roll(cache.x_hat, 1, axis=3)
    g = dy * _ch(cache.gamma)
    m1, m2 = g.mean(REST, keepdims=True), (g * v).mean(REST, keepdims=True)
    return cache.inv_std * (g - m1 - v * m2), (dy * cache.x_hat).sum(REST), dy.sum(REST)


@program(check="spatial_batchnorm_backward", code="outside")
def clipped_gradient(dy, cache):
    dx, dgamma, dbeta = _right(dy, cache)
    return np.clip(dx, -0.2, 0.2), dgamma, dbeta
