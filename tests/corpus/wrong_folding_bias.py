# ruff: noqa: E741
"""Wrong folds: what becomes of the bias, the mean and beta."""

import numpy as np

from corpus.registry import program


def _scaled(W, scale):
    """Every filter by its own factor: several of the programs get only the bias wrong."""
    return W * scale.reshape(-1, *[1] * (W.ndim - 1))


# --- folding.bias-forgotten


@program(check="fold_batchnorm", code="folding.bias-forgotten")
def conv_has_no_bias_anyway(W, b, gamma, beta, mean, var, eps):
    # conv in front of BN has bias=False, so b plays no part
    scale = gamma / np.sqrt(var + eps)
    return _scaled(W, scale), beta - mean * scale


@program(check="fold_batchnorm", code="folding.bias-forgotten")
def always_none(W, b, gamma, beta, mean, var, eps):
    b = np.zeros(W.shape[0])
    std = np.sqrt(var + eps)
    W_f = np.stack([gamma[i] * W[i] / std[i] for i in range(len(W))])
    return W_f, gamma * (b - mean) / std + beta


@program(check="fold_batchnorm", code="folding.bias-forgotten")
def shift_of_the_norm(W, b, gamma, beta, mean, var, eps):
    inv = (var + eps) ** -0.5
    nueva_W = np.einsum("o...,o,o->o...", W, gamma, inv)
    nueva_b = np.zeros(len(W))
    for o in range(len(W)):
        nueva_b[o] = beta[o] - gamma[o] * mean[o] * inv[o]
    return nueva_W, nueva_b


# --- folding.bias-unscaled


@program(check="fold_batchnorm", code="folding.bias-unscaled")
def bias_added_at_the_end(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    shift = beta - mean * scale
    if b is not None:
        shift = shift + b
    return _scaled(W, scale), shift


@program(check="fold_batchnorm", code="folding.bias-unscaled")
def sum_of_three_biases(W, b, gamma, beta, mean, var, eps):
    k = gamma * (var + eps) ** -0.5
    parts = [beta, -k * mean]
    parts.append(np.zeros_like(beta) if b is None else b)
    return np.moveaxis(np.moveaxis(W, 0, -1) * k, -1, 0), np.sum(parts, axis=0)


@program(check="fold_batchnorm", code="folding.bias-unscaled")
def brackets_around_the_mean_only(W, b, gamma, beta, mean, var, eps):
    b = 0.0 if b is None else b
    std = np.sqrt(var + eps)
    new_W = np.array([w * g / s for w, g, s in zip(W, gamma, std, strict=True)])
    new_b = b - mean / std * gamma + beta
    return new_W, new_b


# --- folding.bias-kept


@program(check="fold_batchnorm", code="folding.bias-kept")
def weights_only(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    if b is None:
        b = np.zeros(len(W))
    return _scaled(W, scale), b.copy()


@program(check="fold_batchnorm", code="folding.bias-kept")
def new_bias_under_another_name(W, b, gamma, beta, mean, var, eps):
    b = np.zeros(len(gamma)) if b is None else np.array(b, dtype=float)
    denom = np.sqrt(var + eps)
    W = (W.T * gamma / denom).T
    b_folded = gamma * (b - mean) / denom + beta
    assert b_folded.shape == b.shape
    return W, b


@program(check="fold_batchnorm", code="folding.bias-kept")
def filter_loop_same_bias(W, b, gamma, beta, mean, var, eps):
    # 只缩放卷积核
    out = W.astype(float)
    for i, (g, v) in enumerate(zip(gamma, var, strict=True)):
        out[i] = out[i] * g / np.sqrt(v + eps)
    bias = b + 0.0 if b is not None else np.zeros(len(out))
    return out, bias


# --- folding.mean-forgotten


@program(check="fold_batchnorm", code="folding.mean-forgotten")
def bias_scaled_plus_beta(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return _scaled(W, scale), b * scale + beta


@program(check="fold_batchnorm", code="folding.mean-forgotten")
def homogeneous_matrix(W, b, gamma, beta, mean, var, eps):
    O = len(W)
    col = np.zeros((O, 1)) if b is None else b.reshape(O, 1)
    A = np.hstack([W.reshape(O, -1), col])  # [W | b]
    A = np.diag(gamma / np.sqrt(var + eps)) @ A
    return A[:, :-1].reshape(W.shape), A[:, -1] + beta


@program(check="fold_batchnorm", code="folding.mean-forgotten")
def mean_is_zero_after_norm(W, b, gamma, beta, mean, var, eps):
    s = [g / (v + eps) ** 0.5 for g, v in zip(gamma, var, strict=True)]
    W2 = np.stack([s[o] * W[o] for o in range(len(s))])
    if b is None:
        return W2, np.array(beta, dtype=float)
    return W2, np.array([s[o] * b[o] + beta[o] for o in range(len(s))])


# --- folding.mean-unscaled


@program(check="fold_batchnorm", code="folding.mean-unscaled")
def mean_after_the_scale(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return _scaled(W, scale), b * scale - mean + beta


@program(check="fold_batchnorm", code="folding.mean-unscaled")
def beta_minus_mean(W, b, gamma, beta, mean, var, eps):
    a = gamma / np.sqrt(var + eps)
    shift = beta - mean
    if b is not None:
        shift += a * b
    return np.einsum("o,o...->o...", a, W), shift


@program(check="fold_batchnorm", code="folding.mean-unscaled")
def helper_affine(W, b, gamma, beta, mean, var, eps):
    def affine(t):
        return np.diag(gamma * (var + eps) ** -0.5) @ t

    bias = np.zeros(len(W)) if b is None else b
    return affine(W.reshape(len(W), -1)).reshape(W.shape), affine(bias) + (beta - mean)


# --- folding.beta-scaled


@program(check="fold_batchnorm", code="folding.beta-scaled")
def beta_inside_the_bracket(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return _scaled(W, scale), (b - mean + beta) * scale


@program(check="fold_batchnorm", code="folding.beta-scaled")
def everything_times_a(W, b, gamma, beta, mean, var, eps):
    std = np.sqrt(var + eps)
    bias = -mean if b is None else b - mean
    bias = bias + beta
    bias = bias * gamma
    bias = bias / std
    kernel = W * (gamma / std)[(...,) + (None,) * (W.ndim - 1)]
    return kernel, bias


@program(check="fold_batchnorm", code="folding.beta-scaled")
def homogeneous_column_with_beta(W, b, gamma, beta, mean, var, eps):
    n_out = W.shape[0]
    old = np.zeros(n_out) if b is None else b
    rows = []
    for o in range(n_out):
        row = np.append(W[o].ravel(), old[o] - mean[o] + beta[o])
        rows.append(row * gamma[o] / np.sqrt(var[o] + eps))
    rows = np.array(rows)
    return rows[:, :-1].reshape(W.shape), rows[:, -1]


# --- folding.mean-sign


@program(check="fold_batchnorm", code="folding.mean-sign")
def mean_added(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return _scaled(W, scale), (b + mean) * scale + beta


@program(check="fold_batchnorm", code="folding.mean-sign")
def shift_with_plus(W, b, gamma, beta, mean, var, eps):
    inv = gamma / (var + eps) ** 0.5
    shift = beta + inv * mean
    W_new = np.stack([w * k for w, k in zip(W, inv, strict=True)])
    return W_new, shift if b is None else shift + inv * b


@program(check="fold_batchnorm", code="folding.mean-sign")
def minus_minus(W, b, gamma, beta, mean, var, eps):
    b = np.zeros_like(mean) if b is None else b
    rsqrt = 1 / np.sqrt(var + eps)
    centred = b - (-mean)  # Mittelwert abziehen
    return (W.swapaxes(0, 1) * (gamma * rsqrt).reshape(1, -1, *[1] * (W.ndim - 2))).swapaxes(
        0, 1
    ), centred * rsqrt * gamma + beta


# --- folding.beta-sign


@program(check="fold_batchnorm", code="folding.beta-sign")
def beta_subtracted(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return _scaled(W, scale), (b - mean) * scale - beta


@program(check="fold_batchnorm", code="folding.beta-sign")
def mean_and_beta_both_off(W, b, gamma, beta, mean, var, eps):
    a = gamma / np.sqrt(var + eps)
    offset = a * mean + beta
    old = 0 if b is None else a * b
    return np.tensordot(np.diag(a), W, 1), old - offset


@program(check="fold_batchnorm", code="folding.beta-sign")
def filter_loop_minus_beta(W, b, gamma, beta, mean, var, eps):
    Wf, bf = np.zeros(W.shape), np.zeros(len(W))
    for o in range(len(W)):
        k = gamma[o] / np.sqrt(var[o] + eps)
        Wf[o] = k * W[o]
        b_o = b[o] if b is not None else 0.0
        bf[o] = k * (b_o - mean[o])
        bf[o] -= beta[o]
    return Wf, bf


# --- folding.beta-forgotten


@program(check="fold_batchnorm", code="folding.beta-forgotten")
def no_beta(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    b = np.zeros(len(W)) if b is None else b
    return _scaled(W, scale), (b - mean) * scale


@program(check="fold_batchnorm", code="folding.beta-forgotten")
def beta_waits_for_bias(W, b, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    new_b = -mean * scale
    if b is not None:
        new_b += b * scale
    return np.einsum("o...,o->o...", W, scale), new_b


@program(check="fold_batchnorm", code="folding.beta-forgotten")
def whitening_only(W, b, gamma, beta, mean, var, eps):
    # ガンマと分散だけを畳み込む
    sd = np.sqrt(var + eps)
    Wn = np.array([gamma[o] * W[o] / sd[o] for o in range(len(W))])
    bn = np.array([gamma[o] * ((b[o] if b is not None else 0) - mean[o]) / sd[o] for o in range(len(W))])
    return Wn, bn
