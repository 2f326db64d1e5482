"""Wrong folds: the scale itself, and how it meets the weights."""

import numpy as np

from corpus.registry import program


def _bias(W, b):
    """The bias of the layer, or zeros where it has none."""
    return np.zeros(W.shape[0]) if b is None else b


# --- folding.input-axis


@program(check="fold_batchnorm", code="folding.input-axis")
def scale_as_a_row(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    shape = [1] * W.ndim
    shape[1] = -1
    new_b = (_bias(W, b) - mean) * scale + beta
    return W * scale.reshape(shape), new_b


@program(check="fold_batchnorm", code="folding.input-axis")
def einsum_on_letter_i(W, b, gamma, beta, mean, var, eps):
    s = gamma * (var + eps) ** -0.5
    W_fold = np.einsum("oi...,i->oi...", W, s)
    b_fold = s * (_bias(W, b) - mean) + beta
    return W_fold, b_fold


@program(check="fold_batchnorm", code="folding.input-axis")
def column_by_column(W, b, gamma, beta, mean, var, eps):
    if b is None:
        b = 0 * mean
    std = np.sqrt(var + eps)
    W2 = W.copy().astype(float)
    for c in range(W.shape[1]):  # jeder Kanal
        W2[:, c] *= gamma[c] / std[c]
    return W2, (b - mean) / std * gamma + beta


@program(check="fold_batchnorm", code="folding.input-axis")
def keras_layout(W, b, gamma, beta, mean, var, eps):
    # in Keras the outputs are the last axis of the kernel
    k = gamma / np.sqrt(var + eps)
    W = np.moveaxis(np.moveaxis(W, 1, -1) * k, -1, 1)
    return W, beta + (_bias(W, b) - mean) * k


# --- folding.weights-unscaled


@program(check="fold_batchnorm", code="folding.weights-unscaled")
def bias_only(W, b, gamma, beta, mean, var, eps):
    b = _bias(W, b)
    scale = gamma / np.sqrt(var + eps)
    b_new = (b - mean) * scale + beta
    return W.copy(), b_new


@program(check="fold_batchnorm", code="folding.weights-unscaled")
def scaled_copy_thrown_away(W, b, gamma, beta, mean, var, eps):
    inv = 1 / np.sqrt(var + eps)
    W_out = np.array(W, dtype=float)
    for row, g, r in zip(W_out, gamma, inv, strict=True):
        row = row * g * r
    if b is None:
        b = np.zeros(len(gamma))
    return W_out, gamma * (b - mean) * inv + beta


@program(check="fold_batchnorm", code="folding.weights-unscaled")
def only_a_shift(weight, bias, bn_w, bn_b, bn_rm, bn_rv, bn_eps):
    if bias is None:
        bias = np.zeros_like(bn_rm)
    bn_var_rsqrt = 1.0 / np.sqrt(bn_rv + bn_eps)
    fused_b = (bias - bn_rm) * bn_var_rsqrt * bn_w + bn_b
    fused_w = 1.0 * weight
    return fused_w, fused_b


# --- folding.weights-divided


@program(check="fold_batchnorm", code="folding.weights-divided")
def divided_by_scale(W, b, gamma, beta, mean, var, eps):
    scale = (gamma / np.sqrt(var + eps)).reshape(-1, *[1] * (W.ndim - 1))
    s = scale.ravel()
    return W / scale, (_bias(W, b) - mean) * s + beta


@program(check="fold_batchnorm", code="folding.weights-divided")
def inverse_diagonal(W, b, gamma, beta, mean, var, eps):
    S = np.diag(gamma / np.sqrt(var + eps))
    flat = W.reshape(W.shape[0], -1)
    W_new = np.linalg.inv(S) @ flat
    b_new = S @ (_bias(W, b) - mean) + beta
    return W_new.reshape(W.shape), b_new


@program(check="fold_batchnorm", code="folding.weights-divided")
def undo_the_norm_per_filter(W, b, gamma, beta, mean, var, eps):
    # 逆変換のつもり
    std = np.sqrt(var + eps)
    filters = []
    for o, kernel in enumerate(W):
        filters.append(kernel * std[o] / gamma[o])
    bias = [((0 if b is None else b[o]) - mean[o]) * gamma[o] / std[o] + beta[o] for o in range(len(W))]
    return np.stack(filters), np.array(bias)


# --- folding.gamma-forgotten


@program(check="fold_batchnorm", code="folding.gamma-forgotten")
def only_inverse_std(W, b, gamma, beta, mean, var, eps):
    inv_std = 1 / np.sqrt(var + eps)
    cols = inv_std.reshape((len(W),) + (1,) * (W.ndim - 1))
    return W * cols, (_bias(W, b) - mean) * inv_std + beta


@program(check="fold_batchnorm", code="folding.gamma-forgotten")
def gamma_defaults_to_one(W, b, gamma, beta, mean, var, eps):
    gamma = np.ones_like(gamma, dtype=float)
    A = np.diag(gamma / np.sqrt(var + eps))
    if b is None:
        b = np.zeros(W.shape[0])
    return np.tensordot(A, W, axes=1), A @ (b - mean) + beta


@program(check="fold_batchnorm", code="folding.gamma-forgotten")
def loop_divide_std(W, b, gamma, beta, mean, var, eps):
    desvio = [float(v + eps) ** 0.5 for v in var]
    W_n = np.stack([w / d for w, d in zip(W, desvio, strict=True)])
    b_n = np.zeros(len(W))
    for i in range(len(W)):
        b_n[i] = -mean[i] / desvio[i] + beta[i]
        if b is not None:
            b_n[i] += b[i] / desvio[i]
    return W_n, b_n


# --- folding.std-multiplied


@program(check="fold_batchnorm", code="folding.std-multiplied")
def gamma_times_std(W, b, gamma, beta, mean, var, eps):
    scale = gamma * np.sqrt(var + eps)
    W_new = (W.T * scale).T
    return W_new, (_bias(W, b) - mean) * scale + beta


@program(check="fold_batchnorm", code="folding.std-multiplied")
def positive_half_power(W, b, gamma, beta, mean, var, eps):
    alpha = gamma * (var + eps) ** 0.5
    return np.einsum("o,o...->o...", alpha, W), alpha * _bias(W, b) + (beta - alpha * mean)


@program(check="fold_batchnorm", code="folding.std-multiplied")
def std_named_inv(W, b, gamma, beta, mean, var, eps):
    inv = np.sqrt(var + eps)
    if b is None:
        b = np.zeros_like(beta)
    out = np.empty(W.shape)
    for o in range(W.shape[0]):
        out[o, ...] = W[o, ...] * gamma[o] * inv[o]
    return out, gamma * inv * b - gamma * inv * mean + beta


# --- folding.eps-missing


@program(check="fold_batchnorm", code="folding.eps-missing")
def no_eps(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var)
    return W * np.expand_dims(scale, tuple(range(1, W.ndim))), (_bias(W, b) - mean) * scale + beta


@program(check="fold_batchnorm", code="folding.eps-missing")
def std_already_known(W, b, gamma, beta, mean, var, eps=1e-5):
    sigma = np.abs(var) ** 0.5
    g = gamma / sigma
    W2 = np.concatenate([(g[k] * W[k])[None] for k in range(len(g))])
    b2 = beta - g * mean
    if b is not None:
        b2 = b2 + g * b
    return W2, b2


@program(check="fold_batchnorm", code="folding.eps-missing")
def matrix_without_eps(W, b, gamma, beta, mean, var, eps):
    # 추론에서는 eps 가 필요 없다
    D = np.diag(gamma) @ np.diag(1 / np.sqrt(var))
    flat = D @ W.reshape(len(W), -1)
    return flat.reshape(W.shape), D @ (_bias(W, b) - mean) + beta


# --- folding.eps-outside


@program(check="fold_batchnorm", code="folding.eps-outside")
def eps_on_the_std(W, b, gamma, beta, mean, var, eps):
    scale = gamma / (np.sqrt(var) + eps)
    return (W.swapaxes(0, -1) * scale).swapaxes(0, -1), (_bias(W, b) - mean) * scale + beta


@program(check="fold_batchnorm", code="folding.eps-outside")
def std_plus_eps_in_a_loop(W, b, gamma, beta, mean, var, eps):
    if b is None:
        b = np.zeros(len(W))
    W_f, b_f = np.zeros(W.shape), np.zeros(len(W))
    for o in range(len(W)):
        ecart_type = var[o] ** 0.5
        facteur = gamma[o] / (ecart_type + eps)
        W_f[o] = facteur * W[o]
        b_f[o] = facteur * (b[o] - mean[o]) + beta[o]
    return W_f, b_f


@program(check="fold_batchnorm", code="folding.eps-outside")
def safe_divide_helper(W, b, gamma, beta, mean, var, eps):
    def safe_div(num, den):
        return num / (den + eps)

    a = safe_div(gamma, np.sqrt(var))
    shift = beta - mean * a
    W = W * a[(slice(None),) + (None,) * (W.ndim - 1)]
    return W, shift if b is None else a * b + shift


# --- folding.no-root


@program(check="fold_batchnorm", code="folding.no-root")
def divided_by_variance(W, b, gamma, beta, mean, var, eps):
    scale = gamma / (var + eps)
    return W * scale.reshape(-1, *[1] * (W.ndim - 1)), (_bias(W, b) - mean) * scale + beta


@program(check="fold_batchnorm", code="folding.no-root")
def var_called_std(W, b, gamma, beta, mean, std, eps):
    scale = np.multiply(gamma, np.reciprocal(std + eps))
    fused = [w * s for w, s in zip(W, scale, strict=True)]
    bias = _bias(W, b) * scale
    bias = bias - mean * scale
    bias = bias + beta
    return np.array(fused), bias


@program(check="fold_batchnorm", code="folding.no-root")
def power_minus_one(W, b, gamma, beta, mean, var, eps):
    precision = (var + eps) ** -1.0
    K = gamma * precision
    if b is None:
        b = np.zeros(K.shape)
    return np.einsum("o...,o->o...", W, K), (b - mean) * K + beta
