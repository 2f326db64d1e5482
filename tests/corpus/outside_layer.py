# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong layer norm that no code names: the checker has to say that it does not know."""

import numpy as np

from corpus.registry import program


def _right(dy, cache):
    g = dy * cache.gamma
    m1, m2 = g.mean(1, keepdims=True), (g * cache.x_hat).mean(1, keepdims=True)
    return cache.inv_std * (g - m1 - cache.x_hat * m2), (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="layernorm_forward", code="outside")
def median_of_the_row(x, gamma, beta, eps):
    med = np.median(x, axis=1, keepdims=True)
    return gamma * (x - med) / np.sqrt(x.var(axis=1, keepdims=True) + eps) + beta


@program(check="layernorm_forward", code="outside")
def softmax_habit(x, gamma, beta, eps):
    e = np.exp((x - x.max(axis=1, keepdims=True)) / 5)
    return gamma * e / (e.sum(axis=1, keepdims=True) + eps) + beta


@program(check="layernorm_forward", code="outside")
def deviation_without_squares(x, gamma, beta, eps):
    xc = x - x.mean(1, keepdims=True)
    mad = np.abs(xc).mean(1, keepdims=True)
    return gamma * xc / (mad + eps) + beta


@program(check="layernorm_forward", code="outside")
def first_feature_is_a_class_token(x, gamma, beta, eps):
    rest = x[:, 1:]
    mu, var = rest.mean(1, keepdims=True), rest.var(1, keepdims=True)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


@program(check="layernorm_forward", code="outside")
def residual_added(x, gamma, beta, eps):
    # 残差連結まで書いた
    y = gamma * (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + eps) + beta
    return x + y


@program(check="layernorm_forward", code="outside")
def statistics_of_the_previous_row(x, gamma, beta, eps):
    prev = np.roll(x, 1, axis=0)
    return gamma * (x - prev.mean(1, keepdims=True)) / np.sqrt(prev.var(1, keepdims=True) + eps) + beta


@program(check="layernorm_forward", code="outside")
def one_plus_gamma(x, gamma, beta, eps):
    x_hat = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + eps)
    return (1 + gamma) * x_hat + beta


@program(check="layernorm_forward", code="outside")
def features_sorted(x, gamma, beta, eps):
    x = np.sort(x, axis=1)
    return gamma * (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + eps) + beta


# --- backward


@program(check="layernorm_backward", code="outside")
def gamma_squared(dy, cache):
    g = dy * cache.gamma**2
    m1, m2 = g.mean(1, keepdims=True), (g * cache.x_hat).mean(1, keepdims=True)
    return cache.inv_std * (g - m1 - cache.x_hat * m2), (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="layernorm_backward", code="outside")
def first_feature_not_counted(dout, cache):
    N, D = dout.shape
    g = dout * cache.gamma
    a, b = np.zeros(N), np.zeros(N)
    for j in range(1, D):
        a += g[:, j] / D
        b += g[:, j] * cache.x_hat[:, j] / D
    dx = cache.inv_std * (g - a[:, None] - cache.x_hat * b[:, None])
    return dx, np.sum(dout * cache.x_hat, 0), np.sum(dout, 0)


@program(check="layernorm_backward", code="outside")
def rows_of_inv_std_reversed(dy, cache):
    g = dy * cache.gamma
    t = g - g.mean(1, keepdims=True) - cache.x_hat * (g * cache.x_hat).mean(1, keepdims=True)
    return cache.inv_std[::-1] * t, (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="layernorm_backward", code="outside")
def exact_gram_schmidt(dy, cache):
    # 길이가 1이라고 가정하지 않는다: eps를 잊은 셈
    g = dy * cache.gamma
    g = g - g.mean(1, keepdims=True)
    coef = (g * cache.x_hat).sum(1, keepdims=True) / (cache.x_hat**2).sum(1, keepdims=True)
    return cache.inv_std * (g - coef * cache.x_hat), (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="layernorm_backward", code="outside")
def x_hat_cubed(dy, cache):
    g = dy * cache.gamma
    v = cache.x_hat**3
    m1, m2 = g.mean(1, keepdims=True), (g * cache.x_hat).mean(1, keepdims=True)
    return cache.inv_std * (g - m1 - v * m2), (dy * cache.x_hat).sum(0), dy.sum(0)


@program(check="layernorm_backward", code="outside")
def absolute_values_summed(dy, cache):
    dx, dgamma, dbeta = _right(dy, cache)
    return dx, np.abs(dy * cache.x_hat).sum(0), dbeta


@program(check="layernorm_backward", code="outside")
def residual_gradient_added(dy, cache):
    dx, dgamma, dbeta = _right(dy, cache)
    return dx + dy**2, dgamma, dbeta
