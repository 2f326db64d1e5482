# ruff: noqa: E741
"""Right folds, of every kind that must be accepted."""

import math

import numpy as np

from corpus.registry import program


@program(check="fold_batchnorm", code=None)
def textbook_fold(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    if b is None:
        b = np.zeros(len(W))
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), (b - mean) * scale + beta


@program(check="fold_batchnorm", code=None)
def fuse_conv_bn_weights(conv_w, conv_b, bn_w, bn_b, bn_rm, bn_rv, bn_eps):
    if conv_b is None:
        conv_b = np.zeros_like(bn_rm)
    bn_var_rsqrt = (bn_rv + bn_eps) ** -0.5
    shape = [-1] + [1] * (len(conv_w.shape) - 1)
    fused_w = conv_w * (bn_w * bn_var_rsqrt).reshape(shape)
    fused_b = (conv_b - bn_rm) * bn_var_rsqrt * bn_w + bn_b
    return fused_w, fused_b


@program(check="fold_batchnorm", code=None)
def matrix_product(W, b, gamma, beta, mean, var, eps):
    S = np.diag(gamma / np.sqrt(var + eps))
    flat = W.reshape(W.shape[0], -1)
    shift = beta - S @ mean
    return (S @ flat).reshape(W.shape), shift if b is None else S @ b + shift


@program(check="fold_batchnorm", code=None)
def filter_by_filter(W, b, gamma, beta, mean, var, eps):
    Wn, bn = [], []
    for o in range(len(W)):
        k = gamma[o] / math.sqrt(var[o] + eps)
        Wn.append(k * W[o])
        bn.append(k * ((0.0 if b is None else b[o]) - mean[o]) + beta[o])
    return np.array(Wn), np.array(bn)


@program(check="fold_batchnorm", code=None)
def einsum_and_ellipsis(W, b, gamma, beta, mean, var, eps):
    a = np.einsum("o,o->o", gamma, 1 / np.sqrt(var + eps))
    return np.einsum("o...,o->o...", W, a), a * (0 if b is None else b) + (beta - a * mean)


@program(check="fold_batchnorm", code=None)
def homogeneous_coordinates(W, b, gamma, beta, mean, var, eps):
    O = W.shape[0]
    column = np.zeros((O, 1)) if b is None else b[:, None]
    layer = np.hstack([W.reshape(O, -1), column])
    layer = np.vstack([layer, np.eye(1, layer.shape[1], layer.shape[1] - 1)])
    a = gamma / np.sqrt(var + eps)
    norm = np.hstack([np.diag(a), (beta - a * mean)[:, None]])
    both = norm @ layer  # zwei affine Abbildungen hintereinander
    return both[:, :-1].reshape(W.shape), both[:, -1]


@program(check="fold_batchnorm", code=None)
def probed_from_outside(W, b, gamma, beta, mean, var, eps):
    """Run layer and norm on zero and on the unit vectors, and read the map off."""
    O = len(W)
    flat = W.reshape(O, -1)

    def both(v):
        z = flat @ v + (0 if b is None else b)
        return gamma * (z - mean) / np.sqrt(var + eps) + beta

    n = flat.shape[1]
    shift = both(np.zeros(n))
    columns = [both(e) - shift for e in np.eye(n)]
    return np.stack(columns, axis=1).reshape(W.shape), shift


@program(check="fold_batchnorm", code=None)
def transposed_broadcast(W, b, gamma, beta, mean, var, eps):
    sigma = np.hypot(np.sqrt(var), math.sqrt(eps))
    Wt = W.T * gamma / sigma
    bias = -mean if b is None else b - mean
    return Wt.T, bias * gamma / sigma + beta


@program(check="fold_batchnorm", code=None)
def in_place_on_copies(W, b, gamma, beta, mean, var, eps):
    W = np.array(W, dtype=float)
    b = np.zeros(len(W)) if b is None else np.array(b, dtype=float)
    b -= mean
    for t in (W, b):
        view = t.reshape(len(W), -1)
        view /= np.sqrt(var + eps)[:, None]
        view *= gamma[:, None]
    b += beta
    return W, b


@program(check="fold_batchnorm", code=None)
def logarithms_of_the_scale(W, b, gamma, beta, mean, var, eps):
    size = np.exp(np.log(np.abs(gamma)) - 0.5 * np.log(var + eps))
    scale = np.sign(gamma) * size
    W_fold = np.moveaxis(np.moveaxis(W, 0, -1) * scale, -1, 0)
    return W_fold, beta + scale * (np.zeros(len(W)) if b is None else b) - scale * mean


@program(check="fold_batchnorm", code=None)
def returns_a_list_of_both(W, b, gamma, beta, mean, var, eps=1e-5):
    # 出力チャネルごとに倍率をかける
    scale = gamma / (var + eps) ** (1 / 2)
    expand = scale[(slice(None),) + (np.newaxis,) * (W.ndim - 1)]
    bias = beta - mean * scale
    if b is not None:
        bias = bias + b * scale
    return [W * expand, bias]
