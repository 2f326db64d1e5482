# ruff: noqa: RET504, RUF059, SIM, B007, PIE, C4
"""Wrong forward passes: gamma and beta, and what is done to the input and its type."""

import numpy as np

from corpus.registry import program


def _x_hat(x, eps):
    """A right helper that some of the programs share, as they would in a learner's notebook."""
    xc = x - x.mean(axis=0)
    return xc / np.sqrt((xc * xc).mean(axis=0) + eps)


# --- forward.gamma-beta-swapped


@program(check="batchnorm_forward", code="forward.gamma-beta-swapped")
def beta_scales(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    return beta * (x - mu) / np.sqrt(var + eps) + gamma


@program(check="batchnorm_forward", code="forward.gamma-beta-swapped")
def arguments_in_the_other_order(x, gamma, beta, eps):
    def affine(z, shift, scale):
        return z * scale + shift

    return affine(_x_hat(x, eps), gamma, beta)


@program(check="batchnorm_forward", code="forward.gamma-beta-swapped")
def other_parameter_order(x, b, g, eps):
    # def f(x, bias, weight, eps)
    m = np.mean(x, 0)
    s = np.sqrt(np.var(x, 0) + eps)
    return g * ((x - m) / s) + b


# --- forward.gamma-missing


@program(check="batchnorm_forward", code="forward.gamma-missing")
def shift_only(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    x_hat = (x - mu) / np.sqrt(x.var(axis=0) + eps)
    return x_hat + beta


@program(check="batchnorm_forward", code="forward.gamma-missing")
def gamma_in_unused_line(x, gamma, beta, eps):
    N = x.shape[0]
    mu = 1.0 / N * np.sum(x, axis=0)
    xmu = x - mu
    var = 1.0 / N * np.sum(xmu**2, axis=0)
    ivar = 1.0 / np.sqrt(var + eps)
    xhat = xmu * ivar
    gammax = gamma * xhat
    out = xhat + beta
    return out, (gammax, ivar)


@program(check="batchnorm_forward", code="forward.gamma-missing")
def unit_scale_assumed(x, gamma, beta, eps):
    gamma = np.ones_like(gamma)  # инициализация
    return np.einsum("d,nd->nd", gamma, _x_hat(x, eps)) + beta


# --- forward.beta-missing


@program(check="batchnorm_forward", code="forward.beta-missing")
def scale_only(x, gamma, beta, eps):
    return gamma * ((x - x.mean(0)) / np.sqrt(x.var(0) + eps))


@program(check="batchnorm_forward", code="forward.beta-missing")
def stopped_before_the_last_node(x, gamma, beta, eps):
    N, D = x.shape
    mu = x.sum(axis=0) / N
    xc = x - mu
    var = (xc**2).sum(axis=0) / N
    inv_std = 1 / np.sqrt(var + eps)
    x_hat = xc * inv_std
    scaled = gamma * x_hat
    return scaled, (x_hat, inv_std, gamma, beta)


@program(check="batchnorm_forward", code="forward.beta-missing")
def matrix_scale(X, gamma, beta, eps):
    return _x_hat(X, eps) @ np.diag(gamma)


# --- forward.gamma-beta-missing


@program(check="batchnorm_forward", code="forward.gamma-beta-missing")
def returns_x_hat(x, gamma, beta, eps):
    mean = np.mean(x, axis=0)
    var = np.var(x, axis=0)
    x_hat = (x - mean) / np.sqrt(var + eps)
    out = gamma * x_hat + beta
    return x_hat, out


@program(check="batchnorm_forward", code="forward.gamma-beta-missing")
def just_whitened_columns(x, gamma, beta, eps):
    # 标准化：减均值，除以标准差
    cols = [(c - c.mean()) / np.sqrt(c.var() + eps) for c in x.T]
    return np.stack(cols, axis=-1)


@program(check="batchnorm_forward", code="forward.gamma-beta-missing")
def affine_flag_off(x, gamma, beta, eps, affine=False):
    z = _x_hat(x, eps)
    if affine:
        z = z * gamma + beta
    return z


# --- forward.beta-inside


@program(check="batchnorm_forward", code="forward.beta-inside")
def bracket_in_the_wrong_place(x, gamma, beta, eps):
    x_hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)
    return gamma * (x_hat + beta)


@program(check="batchnorm_forward", code="forward.beta-inside")
def shift_then_scale(x, gamma, beta, eps):
    out = _x_hat(x, eps)
    out = out + beta
    out = out * gamma
    return out


@program(check="batchnorm_forward", code="forward.beta-inside")
def distributed_gamma(x, gamma, beta, eps):
    N, D = x.shape
    y = np.zeros((N, D))
    for d in range(D):
        a = gamma[d] / np.sqrt(x[:, d].var() + eps)
        y[:, d] = a * (x[:, d] - x[:, d].mean()) + gamma[d] * beta[d]
    return y


# --- forward.in-place


@program(check="batchnorm_forward", code="forward.in-place")
def augmented_assignment(x, gamma, beta, eps):
    x -= x.mean(axis=0)
    x /= np.sqrt((x**2).mean(axis=0) + eps)
    return gamma * x + beta


@program(check="batchnorm_forward", code="forward.in-place")
def column_assignment(x, gamma, beta, eps):
    for j in range(x.shape[1]):
        col = x[:, j]
        x[:, j] = (col - np.mean(col)) / np.sqrt(np.var(col) + eps)
    return x * gamma + beta


@program(check="batchnorm_forward", code="forward.in-place")
def out_argument(x, gamma, beta, eps):
    # save one allocation
    np.subtract(x, x.mean(0), out=x)
    std = np.sqrt(np.mean(x * x, 0) + eps)
    x_hat = x / std
    return gamma * x_hat + beta, (x, x_hat, std)


# --- forward.integer-truncation


@program(check="batchnorm_forward", code="forward.integer-truncation")
def zeros_like_output(x, gamma, beta, eps):
    out = np.zeros_like(x)
    N, D = x.shape
    mu, var = x.mean(axis=0), x.var(axis=0)
    for i in range(N):
        out[i] = gamma * (x[i] - mu) / np.sqrt(var + eps) + beta
    return out


@program(check="batchnorm_forward", code="forward.integer-truncation")
def keeps_the_dtype(x, gamma, beta, eps):
    y = gamma * _x_hat(x, eps) + beta
    return y.astype(x.dtype)


@program(check="batchnorm_forward", code="forward.integer-truncation")
def empty_like_x_hat(x, gamma, beta, eps):
    x_hat = np.empty_like(x)
    for j in range(x.shape[1]):
        x_hat[:, j] = (x[:, j] - x[:, j].mean()) / np.sqrt(x[:, j].var() + eps)
    return gamma * x_hat + beta


@program(check="batchnorm_forward", code="forward.integer-truncation")
def mean_in_the_type_of_x(x, gamma, beta, eps):
    mu = np.zeros(x.shape[1], dtype=x.dtype)
    mu[:] = x.mean(axis=0)
    var = np.mean((x - mu) ** 2, axis=0)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta
