"""Wrong inference: the pass with given statistics."""

import numpy as np

from corpus.registry import program

# --- inference.batch-statistics


@program(check="inference", code="inference.batch-statistics")
def mean_overwritten_by_batch(x, gamma, beta, mean, var, eps):
    mean = x.mean(axis=0)
    var = x.var(axis=0)
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


@program(check="inference", code="inference.batch-statistics")
def calls_the_training_forward(x, gamma, beta, running_mean, running_var, eps):
    def batchnorm_forward(x, gamma, beta, eps):
        N = x.shape[0]
        mu = np.sum(x, axis=0) / N
        xmu = x - mu
        sigma2 = np.sum(xmu**2, axis=0) / N
        return gamma * xmu / np.sqrt(sigma2 + eps) + beta

    return batchnorm_forward(x, gamma, beta, eps)


@program(check="inference", code="inference.batch-statistics")
def per_column_standardise(x, g, b, m, v, e):
    z = np.array([(c - np.mean(c)) * (np.var(c) + e) ** -0.5 for c in x.T])
    return (z * g[:, None] + b[:, None]).T


# --- inference.eps-missing


@program(check="inference", code="inference.eps-missing")
def running_std(x, gamma, beta, mean, var, eps):
    return gamma * (x - mean) / np.sqrt(var) + beta


@program(check="inference", code="inference.eps-missing")
def folded_without_eps(x, gamma, beta, mean, var, eps):
    # 推論では var > 0 なので eps は不要
    scale = gamma * var**-0.5
    shift = beta - mean * scale
    return x * scale + shift


@program(check="inference", code="inference.eps-missing")
def loops_without_eps(x, gamma, beta, mean, var, eps):
    N, D = x.shape
    y = np.zeros((N, D))
    for i in range(N):
        for j in range(D):
            y[i, j] = gamma[j] * (x[i, j] - mean[j]) / var[j] ** 0.5 + beta[j]
    return y


# --- inference.no-root


@program(check="inference", code="inference.no-root")
def var_taken_for_std(x, gamma, beta, mean, var, eps):
    x_hat = (x - mean) / (var + eps)
    return gamma * x_hat + beta


@program(check="inference", code="inference.no-root")
def folded_no_root(x, gamma, beta, mean, var, eps):
    inv = 1 / (var + eps)
    a = gamma * inv
    return np.einsum("nd,d->nd", x, a) + (beta - a * mean)


@program(check="inference", code="inference.no-root")
def map_over_rows(x, gamma, beta, mean, var, eps):
    def one(row):
        return (row - mean) * np.power(var + eps, -1.0) * gamma + beta

    return np.array(list(map(one, x)))


# --- inference.gamma-missing


@program(check="inference", code="inference.gamma-missing")
def eval_without_weight(x, gamma, beta, mean, var, eps):
    x_hat = (x - mean) / np.sqrt(var + eps)
    return x_hat + beta


@program(check="inference", code="inference.gamma-missing")
def folded_scale_without_gamma(x, weight, bias, mean, var, eps):
    scale = 1 / np.sqrt(var + eps)
    shift = bias - mean * scale
    return x * scale + shift


@program(check="inference", code="inference.gamma-missing")
def statement_without_effect(x, gamma, beta, mean, var, eps):
    out = np.subtract(x, mean)
    out = np.divide(out, np.sqrt(np.add(var, eps)))
    np.multiply(gamma, out)
    return np.add(out, beta)


# --- inference.beta-missing


@program(check="inference", code="inference.beta-missing")
def eval_without_bias(x, gamma, beta, mean, var, eps):
    return gamma * (x - mean) / np.sqrt(var + eps)


@program(check="inference", code="inference.beta-missing")
def folded_shift_without_beta(x, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    shift = -mean * scale
    return scale * x + shift


@program(check="inference", code="inference.beta-missing")
def diagonal_product(X, gamma, beta, mean, var, eps):
    S = np.diag(gamma / np.sqrt(var + eps))
    return (X - mean[None, :]) @ S


# --- inference.gamma-beta-missing


@program(check="inference", code="inference.gamma-beta-missing")
def only_normalised(x, gamma, beta, mean, var, eps):
    return (x - mean) / np.sqrt(var + eps)


@program(check="inference", code="inference.gamma-beta-missing")
def affine_only_when_training(x, gamma, beta, mean, var, eps, training=False):
    out = (x - mean) * (var + eps) ** -0.5
    if training:
        out = gamma * out + beta
    return out


@program(check="inference", code="inference.gamma-beta-missing")
def column_loop_normalised(x, gamma, beta, mean, var, eps):
    N, D = x.shape
    result = np.empty((N, D))
    for k in range(D):
        s = np.sqrt(var[k] + eps)
        result[:, k] = (x[:, k] - mean[k]) / s  # 归一化即可
    return result
