"""Wrong folds that no code names: the checker has to say that it does not know."""

import numpy as np

from corpus.registry import program


def _column(scale, W):
    return scale.reshape(-1, *[1] * (W.ndim - 1))


def _zeros(W, b):
    return np.zeros(len(W)) if b is None else b


@program(check="fold_batchnorm", code="outside")
def mean_over_std_without_gamma(W, b, gamma, beta, mean, var, eps):
    std = np.sqrt(var + eps)
    scale = gamma / std
    return W * _column(scale, W), _zeros(W, b) * scale - mean / std + beta


@program(check="fold_batchnorm", code="outside")
def beta_times_gamma(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return W * _column(scale, W), (_zeros(W, b) - mean) * scale + beta * gamma


@program(check="fold_batchnorm", code="outside")
def kernel_turned_round(W, b, gamma, beta, mean, var, eps):
    # a convolution flips its kernel
    scale = gamma / np.sqrt(var + eps)
    return W[..., ::-1] * _column(scale, W), (_zeros(W, b) - mean) * scale + beta


@program(check="fold_batchnorm", code="outside")
def neighbours_scale(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    W_new, b_new = np.zeros(W.shape), np.zeros(len(W))
    for o in range(len(W)):
        k = scale[o - 1]
        W_new[o] = k * W[o]
        b_new[o] = k * (_zeros(W, b)[o] - mean[o]) + beta[o]
    return W_new, b_new


@program(check="fold_batchnorm", code="outside")
def gamma_made_positive(W, b, gamma, beta, mean, var, eps):
    scale = np.abs(gamma) / np.sqrt(var + eps)
    return W * _column(scale, W), (_zeros(W, b) - mean) * scale + beta


@program(check="fold_batchnorm", code="outside")
def rounded_to_eight_bits(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    folded = W * _column(scale, W)
    step = np.abs(folded).max() / 15
    return np.round(folded / step) * step, (_zeros(W, b) - mean) * scale + beta


@program(check="fold_batchnorm", code="outside")
def weights_centred_with_the_mean(W, b, gamma, beta, mean, var, eps):
    # (x - mean), so the weights lose the mean
    scale = gamma / np.sqrt(var + eps)
    return (W - _column(mean, W)) * _column(scale, W), _zeros(W, b) * scale + beta


@program(check="fold_batchnorm", code="outside")
def variance_clipped(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(np.clip(var, 0.8, 1.2) + eps)
    return W * _column(scale, W), (_zeros(W, b) - mean) * scale + beta
