# ruff: noqa: RUF059, SIM, B007, PIE, C4
"""Wrong group norm that no code names: the checker has to say that it does not know."""

import numpy as np

from corpus.registry import program


def _ch(p):
    return p.reshape(1, -1, 1, 1)


def _x_hat(x, groups, eps):
    z = x.reshape(len(x), groups, -1)
    z = (z - z.mean(-1, keepdims=True)) / np.sqrt(z.var(-1, keepdims=True) + eps)
    return z.reshape(x.shape)


def _right(dy, cache):
    g = (dy * _ch(cache.gamma)).reshape(len(dy), cache.groups, -1)
    v = cache.x_hat.reshape(g.shape)
    t = g - g.mean(-1, keepdims=True) - v * (g * v).mean(-1, keepdims=True)
    dgamma, dbeta = (dy * cache.x_hat).sum((0, 2, 3)), dy.sum((0, 2, 3))
    return t.reshape(dy.shape) * cache.inv_std, dgamma, dbeta


@program(check="groupnorm_forward", code="outside")
def first_channel_speaks_for_the_group(x, gamma, beta, groups, eps):
    N, C, H, W = x.shape
    k = C // groups
    first = x[:, ::k]
    mu = np.repeat(first.mean((2, 3), keepdims=True), k, axis=1)
    var = np.repeat(first.var((2, 3), keepdims=True), k, axis=1)
    return _ch(gamma) * (x - mu) / np.sqrt(var + eps) + _ch(beta)


@program(check="groupnorm_forward", code="outside")
def next_group_statistics(x, gamma, beta, groups, eps):
    z = x.reshape(len(x), groups, -1)
    mu = np.roll(z.mean(-1, keepdims=True), 1, axis=1)
    var = np.roll(z.var(-1, keepdims=True), 1, axis=1)
    return _ch(gamma) * ((z - mu) / np.sqrt(var + eps)).reshape(x.shape) + _ch(beta)


@program(check="groupnorm_forward", code="outside")
def median_of_the_group(x, gamma, beta, groups, eps):
    z = x.reshape(len(x), groups, -1)
    z = (z - np.median(z, axis=-1, keepdims=True)) / np.sqrt(z.var(-1, keepdims=True) + eps)
    return _ch(gamma) * z.reshape(x.shape) + _ch(beta)


@program(check="groupnorm_forward", code="outside")
def channels_shuffled_afterwards(x, gamma, beta, groups, eps):
    # ShuffleNet のシャッフル
    N, C, H, W = x.shape
    y = _ch(gamma) * _x_hat(x, groups, eps) + _ch(beta)
    return y[:, ::-1]


@program(check="groupnorm_forward", code="outside")
def half_instance_half_group(x, gamma, beta, groups, eps):
    inst = _x_hat(x, x.shape[1], eps)
    return _ch(gamma) * (0.5 * inst + 0.5 * _x_hat(x, groups, eps)) + _ch(beta)


@program(check="groupnorm_forward", code="outside")
def last_group_forgotten(x, gamma, beta, groups, eps):
    k = x.shape[1] // groups
    y = np.array(x, dtype=float)
    for g in range(groups - 1):
        b = y[:, g * k : (g + 1) * k]
        m, v = b.mean((1, 2, 3), keepdims=True), b.var((1, 2, 3), keepdims=True)
        y[:, g * k : (g + 1) * k] = (b - m) / np.sqrt(v + eps)
    return y * _ch(gamma) + _ch(beta)


@program(check="groupnorm_forward", code="outside")
def range_of_the_group(x, gamma, beta, groups, eps):
    z = x.reshape(len(x), groups, -1)
    lo, hi = z.min(-1, keepdims=True), z.max(-1, keepdims=True)
    return _ch(gamma) * ((z - lo) / (hi - lo + eps)).reshape(x.shape) + _ch(beta)


# --- backward


@program(check="groupnorm_backward", code="outside")
def gamma_squared(dy, cache):
    g = (dy * _ch(cache.gamma) ** 2).reshape(len(dy), cache.groups, -1)
    v = cache.x_hat.reshape(g.shape)
    t = g - g.mean(-1, keepdims=True) - v * (g * v).mean(-1, keepdims=True)
    return t.reshape(dy.shape) * cache.inv_std, (dy * cache.x_hat).sum((0, 2, 3)), dy.sum((0, 2, 3))


@program(check="groupnorm_backward", code="outside")
def first_group_only(dout, cache):
    dx, dgamma, dbeta = _right(dout, cache)
    k = dout.shape[1] // cache.groups
    out = np.array(dout)
    out[:, :k] = dx[:, :k]
    return out, dgamma, dbeta


@program(check="groupnorm_backward", code="outside")
def groups_exchanged_in_the_sums(dy, cache):
    g = (dy * _ch(cache.gamma)).reshape(len(dy), cache.groups, -1)
    v = cache.x_hat.reshape(g.shape)
    a = g.mean(-1, keepdims=True)[:, ::-1]
    b = (g * v).mean(-1, keepdims=True)[:, ::-1]
    t = (g - a - v * b).reshape(dy.shape)
    return t * cache.inv_std, (dy * cache.x_hat).sum((0, 2, 3)), dy.sum((0, 2, 3))


@program(check="groupnorm_backward", code="outside")
def relu_mask(dy, cache):
    # y > 0 만 통과
    dy = np.where(cache.x_hat > 0, dy, 0.0)
    return _right(dy, cache)


@program(check="groupnorm_backward", code="outside")
def largest_for_the_mean(dy, cache):
    g = (dy * _ch(cache.gamma)).reshape(len(dy), cache.groups, -1)
    v = cache.x_hat.reshape(g.shape)
    t = g - g.max(-1, keepdims=True) - v * (g * v).mean(-1, keepdims=True)
    return t.reshape(dy.shape) * cache.inv_std, (dy * cache.x_hat).sum((0, 2, 3)), dy.sum((0, 2, 3))


@program(check="groupnorm_backward", code="outside")
def dgamma_with_absolute_x_hat(dy, cache):
    dx, _, dbeta = _right(dy, cache)
    return dx, (dy * np.abs(cache.x_hat)).sum((0, 2, 3)), dbeta


@program(check="groupnorm_backward", code="outside")
def examples_reversed(dy, cache):
    dx, dgamma, dbeta = _right(dy, cache)
    return dx[::-1], dgamma, dbeta
